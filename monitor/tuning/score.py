"""What a setting would have meant: how often it asks, what it misses, what followed, and what the wearer's marks say.

That a break followed a prompt does not say that it came of it: the days were worn under the settings of then.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.states.rules import AlertSettings
from monitor.stream import Posture
from monitor.tuning.days import CODE, Days
from monitor.tuning.intervals import Bools, Ints
from monitor.tuning.rerun import Rerun, Tried

FOLLOWED_S = 300  # a break within so long after a prompt followed it
LONG_S = 600  # a spell beyond the yardstick's limit that lasts so long is a long exposure
NEVER = 1 << 40
NEAR_S = 300.0  # a mark speaks of the prompt at most so long before it, or after


@dataclass(frozen=True, slots=True)
class Label:
    """The wearer's word on [start_s, end_s) of a session; meaning: 'right', 'wrong' or a Posture."""

    session: int
    start_s: float
    end_s: float
    meaning: str | Posture


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one setting on some days.

    prompts_per_h    : an hour worn; worn_h: of these
    exposure_min     : minutes beyond the band of tilt
    missed           : long exposures, by the yardstick, in which no prompt came; long_exposures: all of them
    followed         : share of prompts with a break within FOLLOWED_S; NaN without prompts
    precision, recall: by the wearer's marks; NaN where there are none
    false_per_h      : prompts that a mark calls wrong, an hour worn; NaN where there are no marks
    """

    worn_h: float
    prompts: int
    prompts_per_h: float
    exposure_min: float
    long_exposures: int
    missed: int
    followed: float
    precision: float
    recall: float
    false_per_h: float


class Yardstick:
    """What is the same for all settings: long exposures by given limits, breaks, and the wearer's marks."""

    def __init__(self, tried: Tried, settings: AlertSettings, labels: Sequence[Label] = ()) -> None:
        days = tried.days
        self.long = [
            (first, end)
            for rules in tried.run(settings).rules[:1]
            for rule in rules
            for first, end in zip(rule.due.start.tolist(), rule.due.end.tolist(), strict=True)
            if end - first >= LONG_S
        ]
        self.breaks: Ints = np.array(
            sorted(
                int(edge) + index
                for edge, session in zip(days.edges[:-1], days.sessions, strict=True)
                for index in session.breaks
            ),
            np.int64,
        )
        self.labels = tuple(labels)
        self._worn_h, self._edges = days.worn_h, days.edges
        self._wanted = sum(label.meaning == "right" for label in self.labels)
        self._nearest = _nearest(days, self.labels) if self.labels else None

    def score(self, tried: Tried, settings: AlertSettings, rerun: Rerun) -> Score:
        """The figures of this setting."""
        return self.figures(tried, settings, np.array([each.index for each in rerun.prompts], np.int64))

    def figures(self, tried: Tried, settings: AlertSettings, at: Ints) -> Score:
        """The figures of this setting by its prompts: (N,) indices of their seconds, in order."""
        worn_h = self._worn_h
        precision, recall, wrong = self._by_marks(at)
        return Score(
            worn_h=worn_h,
            prompts=len(at),
            prompts_per_h=len(at) / worn_h if worn_h else 0.0,
            exposure_min=tried.beyond_s(settings, 0) / 60.0,
            long_exposures=len(self.long),
            missed=self._missed(at),
            followed=self._followed(at),
            precision=precision,
            recall=recall,
            false_per_h=wrong / worn_h if self.labels and worn_h else math.nan,
        )

    def _missed(self, at: Ints) -> int:
        if not self.long:
            return 0
        before, after = (np.searchsorted(at, np.array(each, np.int64)) for each in zip(*self.long, strict=True))
        return int(np.count_nonzero(before == after))

    def _followed(self, at: Ints) -> float:
        if not len(at):
            return math.nan
        return int(np.count_nonzero(self.until_break_s(at) <= FOLLOWED_S)) / len(at)

    def until_break_s(self, at: Ints) -> Ints:
        """(N,) seconds from these to the next break of the same session; more than a day where none comes."""
        ends = self._edges[np.searchsorted(self._edges, at, "right")]
        next_break = np.append(self.breaks, NEVER)[np.searchsorted(self.breaks, at)]
        return np.where(next_break < ends, next_break - at, NEVER)

    def _by_marks(self, at: Ints) -> tuple[float, float, int]:
        """(precision, recall, prompts called wrong).

        A prompt is right beside a mark 'right', wrong beside 'wrong' or where it speaks of a posture that the wearer
        says it was not; the nearest mark counts. A mark 'right' without a prompt beside it is one missed.
        """
        if self._nearest is None:
            return math.nan, math.nan, 0
        label, verdict = self._nearest[0][at], self._nearest[1][at]
        told = int(np.count_nonzero(label >= 0))
        right = int(np.count_nonzero(verdict))
        said: list[int] = np.unique(label[label >= 0]).tolist()
        found = sum(self.labels[number].meaning == "right" for number in said)
        precision = right / told if told else math.nan
        return precision, found / self._wanted if self._wanted else math.nan, told - right


def _nearest(days: Days, labels: Sequence[Label]) -> tuple[Ints, Bools]:
    """(N,) the number of the mark that speaks of a prompt with each second, -1 where none does; whether it is right."""
    number = np.full(len(days.seconds), -1, np.int64)
    right = np.zeros(len(days.seconds), np.bool_)
    distance_s = np.full(len(days.seconds), np.nextafter(NEAR_S, math.inf))
    for n, label in enumerate(labels):
        first = int(days.edges[label.session])
        now_s = days.sessions[label.session].seconds.now_s
        low = first + int(np.searchsorted(now_s, label.start_s - NEAR_S))
        high = first + int(np.searchsorted(now_s, label.end_s + NEAR_S, "right"))
        near_s = days.seconds.now_s[low:high]
        away_s = np.maximum(np.maximum(label.start_s - near_s, near_s - label.end_s), 0.0)
        nearer = low + np.flatnonzero(away_s < distance_s[low:high])
        distance_s[nearer] = away_s[nearer - low]
        number[nearer] = n
        if isinstance(label.meaning, Posture):
            right[nearer] = days.seconds.posture[nearer] == CODE[label.meaning]
        else:
            right[nearer] = label.meaning == "right"
    return number, right
