"""Two analyses compared: event by event, and second by second. Pure.

Events with nothing to tell them apart pair first. Of the others, those of one type and kind pair if they are near in
time: as many as can be, and of all ways to do that the one that moves them least (optimal, not greedy). What is left
only one of the two has.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from monitor.storage.codec import Json, plain
from monitor.storage.tables import EVENT_TYPES
from monitor.stream import (
    AlertCleared,
    AlertDue,
    AlertRaised,
    BandFollowed,
    BoutEnded,
    ClipMoved,
    Epoch,
    Event,
    Fidget,
    Gap,
    Mark,
    Posture,
    PostureChanged,
    Praised,
    ProfileChanged,
    Transition,
    Wearer,
)

DECIMALS = 2  # of times in s and of figures: what differs less is the same
SLACK_S = 1e-6  # differences of rounded times are not quite round
KINDS: dict[type, str] = {  # which field says of what kind an event is
    AlertCleared: "name",
    AlertDue: "name",
    AlertRaised: "name",
    BandFollowed: "posture",
    Praised: "name",
    ProfileChanged: "name",
    Wearer: "action",
    Mark: "label",
    BoutEnded: "posture",
    ClipMoved: "cause",
    Fidget: "kind",
    PostureChanged: "posture",
    Transition: "kind",
}
QUOTED = ("setting", "silent_with")  # settings, as an explanation quotes them
Figure: TypeAlias = "str | float | bool | tuple[Figure, ...] | None"

_POSTURES = list(Posture)


@dataclass(frozen=True, slots=True)
class Moment:
    """An event in a form that can be compared. end_s: None if it does not last; details: the other figures by name."""

    type: str
    kind: str
    start_s: float
    end_s: float | None
    details: tuple[tuple[str, Figure], ...]

    @property
    def until_s(self) -> float:
        """Its end; of what does not last, the moment itself."""
        return self.start_s if self.end_s is None else self.end_s


@dataclass(frozen=True, slots=True)
class Differences:
    """Every event of A and of B is in exactly one of these; `equal` and `changed` hold one of each."""

    equal: list[Moment]
    changed: list[tuple[Moment, Moment]]
    only_a: list[Moment]
    only_b: list[Moment]

    @property
    def empty(self) -> bool:
        """Whether all events are equal."""
        return not (self.changed or self.only_a or self.only_b)


def moment(event: Event | Gap, shift_s: float = 0.0) -> Moment:
    """The event, its times moved by shift_s. An alert's explanation is taken apart, but for the settings it quotes."""
    fields = plain(event)
    explain = fields.pop("explain", None)
    if isinstance(explain, Mapping):
        fields |= {name: value for name, value in cast("Mapping[str, Json]", explain).items() if name not in QUOTED}
    kind = str(fields.pop(KINDS[type(event)])) if type(event) in KINDS else ""
    times: dict[str, float] = {
        name: round(cast("float", fields.pop(name)) + shift_s, DECIMALS) + 0.0
        for name in ("t_s", "start_s", "end_s", "since_s")
        if name in fields
    }
    start_s = times.pop("t_s") if "t_s" in times else times.pop("start_s")
    end_s = times.pop("end_s", None)
    details = {**times, **{name: _figure(value) for name, value in fields.items()}}
    return Moment(EVENT_TYPES[type(event)], kind, start_s, end_s, tuple(details.items()))


def differences(a: Sequence[Moment], b: Sequence[Moment], within_s: float) -> Differences:
    """Pair events that are at most within_s apart (0 if they overlap), one to one; each list is in order of time."""
    both = Counter(a) & Counter(b)
    rest_a, rest_b = _without(a, both), _without(b, both)
    changed: list[tuple[Moment, Moment]] = []
    for near_a, near_b in _neighbourhoods(rest_a, rest_b, within_s):
        changed += [(near_a[i], near_b[j]) for i, j in _assigned(near_a, near_b, within_s)]
    return Differences(
        sorted(both.elements(), key=_order),
        sorted(changed, key=lambda pair: _order(pair[0])),
        sorted(_without(rest_a, Counter(pair[0] for pair in changed)), key=_order),
        sorted(_without(rest_b, Counter(pair[1] for pair in changed)), key=_order),
    )


def _without(moments: Iterable[Moment], taken: Counter[Moment]) -> list[Moment]:
    left = Counter(taken)
    kept: list[Moment] = []
    for each in moments:
        if left[each] > 0:
            left[each] -= 1
        else:
            kept.append(each)
    return kept


def _neighbourhoods(
    a: Sequence[Moment], b: Sequence[Moment], within_s: float
) -> Iterable[tuple[list[Moment], list[Moment]]]:
    """Groups of one type and kind, so far from each other that no event is near one of another group."""
    groups: defaultdict[tuple[str, str], list[tuple[Moment, bool]]] = defaultdict(list)
    for moments, of_b in ((a, False), (b, True)):
        for each in moments:
            groups[each.type, each.kind].append((each, of_b))
    for group in groups.values():
        group.sort(key=lambda entry: entry[0].start_s)
        sides: tuple[list[Moment], list[Moment]] = ([], [])
        reach_s = float("-inf")
        for each, of_b in group:
            if each.start_s - reach_s > within_s + SLACK_S:
                yield sides
                sides = ([], [])
            sides[of_b].append(each)
            reach_s = max(reach_s, each.until_s)
        yield sides


def _assigned(a: Sequence[Moment], b: Sequence[Moment], within_s: float) -> list[tuple[int, int]]:
    """Most pairs (index in a, index in b), one to one, of near events, with the least sum of moved starts and ends."""
    if not (a and b):
        return []
    from scipy.optimize import linear_sum_assignment  # pyright: ignore[reportUnknownVariableType]

    start_a, start_b = (np.array([each.start_s for each in side]) for side in (a, b))
    end_a, end_b = (np.array([each.until_s for each in side]) for side in (a, b))
    apart = np.maximum(start_a[:, None] - end_b, start_b - end_a[:, None])
    near = apart <= within_s + SLACK_S
    moved = np.abs(start_a[:, None] - start_b) + np.abs(end_a[:, None] - end_b)
    never = (float(moved.max()) + 1.0) * (min(len(a), len(b)) + 1)  # dearer than any set of near pairs
    rows, columns = cast("tuple[NDArray[np.intp], ...]", linear_sum_assignment(np.where(near, moved, never)))
    return [(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if near[i, j]]


def _figure(value: Json) -> Figure:
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0
    if isinstance(value, list):
        return tuple(_figure(each) for each in value)
    if isinstance(value, dict):
        return tuple((name, _figure(each)) for name, each in sorted(value.items()))
    return value


def _order(each: Moment) -> tuple[float, float, str, str]:
    return each.start_s, each.until_s, each.type, each.kind


# ---------------------------------------------------------------- seconds


@dataclass(slots=True)
class Seconds:
    """Posture and tilt of every second of one analysis, 17 bytes each."""

    t_s: "array[float]" = field(default_factory=lambda: array("d"))
    tilt_deg: "array[float]" = field(default_factory=lambda: array("d"))
    posture: bytearray = field(default_factory=bytearray)

    def add(self, epoch: Epoch, shift_s: float = 0.0) -> None:
        """Take one second, moved by shift_s."""
        self.t_s.append(epoch.t_s + shift_s)
        self.tilt_deg.append(epoch.tilt_deg)
        self.posture.append(_POSTURES.index(epoch.posture))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two analyses say the same of each second.

    seconds, only_a, only_b : that both have, and that one has alone
    same                    : of those that both have, with the same posture
    confusions              : (posture of A, of B, seconds), the most frequent first
    tilts, tilt_alone       : of those that both have, with a tilt in both, and in one alone
    tilt_mean_deg, _max_deg : of the absolute difference of the two tilts, deg; None where `tilts` is 0
    """

    seconds: int
    only_a: int
    only_b: int
    same: int
    confusions: list[tuple[str, str, int]]
    tilts: int
    tilt_alone: int
    tilt_mean_deg: float | None
    tilt_max_deg: float | None

    @property
    def full(self) -> bool:
        """Whether everything is the same, tilts to DECIMALS."""
        alone = self.only_a or self.only_b or self.tilt_alone
        return not (alone or self.same < self.seconds or round(self.tilt_max_deg or 0.0, DECIMALS))


def agreement(a: Seconds, b: Seconds) -> Agreement:
    """Compare the seconds that lie nearest to each other."""
    at_a, at_b = (np.rint(np.array(side.t_s)).astype(np.int64) for side in (a, b))
    common, in_a, in_b = np.intersect1d(at_a, at_b, return_indices=True)
    posture_a = np.frombuffer(bytes(a.posture), dtype=np.uint8)[in_a]
    posture_b = np.frombuffer(bytes(b.posture), dtype=np.uint8)[in_b]
    counts = np.bincount(posture_a.astype(np.int64) * len(_POSTURES) + posture_b)
    pairs = [(*divmod(code, len(_POSTURES)), int(counts[code])) for code in np.flatnonzero(counts).tolist()]
    confusions = [(_POSTURES[i].value, _POSTURES[j].value, count) for i, j, count in pairs if i != j]
    tilt_a, tilt_b = np.array(a.tilt_deg)[in_a], np.array(b.tilt_deg)[in_b]
    none_a, none_b = np.isnan(tilt_a), np.isnan(tilt_b)
    apart = np.abs(tilt_a - tilt_b)[~(none_a | none_b)]
    return Agreement(
        seconds=len(common),
        only_a=len(np.setdiff1d(at_a, common)),
        only_b=len(np.setdiff1d(at_b, common)),
        same=int(np.count_nonzero(posture_a == posture_b)),
        confusions=sorted(confusions, key=lambda each: (-each[2], each[0], each[1])),
        tilts=len(apart),
        tilt_alone=int(np.count_nonzero(none_a ^ none_b)),
        tilt_mean_deg=float(apart.mean()) if len(apart) else None,
        tilt_max_deg=float(apart.max()) if len(apart) else None,
    )
