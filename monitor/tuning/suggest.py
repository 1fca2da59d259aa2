"""A profile from the wearer's marks: chosen on every other day, scored on the days between.

What is chosen on some days fits them by chance as well; so only the figures of the other days tell what it is worth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from monitor.errors import SitwellError
from monitor.states.rules import DESK, AlertSettings
from monitor.tuning.days import Days, Worn, days_of
from monitor.tuning.knobs import Knob, knobs
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Label, Score, Yardstick
from monitor.tuning.sweep import evaluate, merit

MARKS = 12  # fewer say nothing
DAYS = 4  # with marks
KNOBS = ("posture.tilt_deg", "posture.limit_deg_min", "sitting.limit_min", "standing.limit_min", "shift.limit_min")
RATIOS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 2.0, 3.0)  # of the present value
TURNS = 4  # through all knobs, at most
HOW = "press m while you wear it, or run `sitwell label`"


@dataclass(frozen=True, slots=True)
class Marked:
    """A session with what its wearer says of it. day: any word for its local day, later ones sort behind.

    labels: their `session` means nothing yet
    """

    worn: Worn
    day: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Some days. marks: on them; before, after: the figures under the present and the proposed settings."""

    days: int
    marks: int
    before: Score
    after: Score


@dataclass(frozen=True, slots=True)
class Suggestion:
    """settings: the proposed ones; chosen, scored: on the days by which they were chosen, and on the others."""

    settings: AlertSettings
    chosen: Part
    scored: Part

    @property
    def holds(self) -> bool:
        """Whether the marks bear it out on the other days too: better than now, and no more prompts."""
        before, after = self.scored.before, self.scored.after
        return merit(after) > merit(before) and after.prompts_per_h <= before.prompts_per_h


def together(sessions: Sequence[Marked]) -> tuple[Days, list[Label]]:
    """The sessions in order of time, and their marks with their numbers."""
    there = sorted((each for each in sessions if len(each.worn.seconds)), key=lambda each: each.worn.began_utc_s)
    labels = [replace(label, session=n) for n, each in enumerate(there) for label in each.labels]
    return days_of([each.worn for each in there]), labels


def suggest(
    sessions: Sequence[Marked],
    before: AlertSettings,
    place: str = DESK,
    progress: Callable[[float], None] | None = None,
) -> Suggestion:
    """The proposal. progress takes the part that is done, 0 to 1. Raises SitwellError where there are too few marks."""
    halves = _halves(sessions)
    (choosing, labels), (scoring, others) = map(together, halves)
    days = [sorted({each.day for each in half if each.labels}) for half in halves]
    if len(labels) + len(others) < MARKS or sum(map(len, days)) < DAYS:
        raise SitwellError(
            f"There are {len(labels) + len(others)} marks on {sum(map(len, days))} days: a proposal takes {MARKS} on "
            f"{DAYS} days or more, 'right', 'wrong' or what you did; {HOW}."
        )
    if not all(any(each.meaning == "right" for each in half) for half in (labels, others)):
        raise SitwellError(
            f"Too few prompts are marked 'right': a proposal takes some on several days, to know what to keep; {HOW}."
        )
    tried = Tried(choosing)
    yardstick = Yardstick(tried, before, labels)
    (now,) = evaluate(tried, yardstick, [before])
    found, figures = _climb(tried, yardstick, before, now, place, progress)
    rest = Tried(scoring)
    scored = evaluate(rest, Yardstick(rest, before, others), [before, found])
    chosen_on, scored_on = ({each.day for each in half} for half in halves)
    return Suggestion(
        found,
        Part(len(chosen_on), len(labels), now, figures),
        Part(len(scored_on), len(others), scored[0], scored[1]),
    )


def _halves(sessions: Sequence[Marked]) -> tuple[list[Marked], list[Marked]]:
    """Every other day with marks, and every other one without."""
    marked = {each.day for each in sessions if each.labels}
    halves: tuple[list[Marked], list[Marked]] = [], []
    for days in (sorted(marked), sorted({each.day for each in sessions} - marked)):
        for n, day in enumerate(days):
            halves[n % 2].extend(each for each in sessions if each.day == day)
    return halves


def _climb(
    tried: Tried,
    yardstick: Yardstick,
    before: AlertSettings,
    now: Score,
    place: str,
    progress: Callable[[float], None] | None,
) -> tuple[AlertSettings, Score]:
    """Knob by knob, to whatever the marks bear out better without more prompts, until nothing does."""
    best, figures = before, now
    holder = next((each for each in before.places if each.name == place), before.places[0])
    known = knobs(holder)
    on = {rule.name for rule in holder.rules if rule.on}
    turning = [known[name] for name in KNOBS if name in known and name.partition(".")[0] in on]
    for turn in range(TURNS):
        began = best
        for n, knob in enumerate(turning):
            ways = [knob.set(best, value, place) for value in _values(knob, before, best, place)]
            scores = evaluate(tried, yardstick, ways)
            for each, score in zip(ways, scores, strict=True):
                if _better(score, figures, now):
                    best, figures = each, score
            if progress:
                progress((turn + (n + 1) / len(turning)) / TURNS)
        if best == began:
            break
    if progress:
        progress(1.0)
    return best, figures


def _values(knob: Knob, before: AlertSettings, best: AlertSettings, place: str) -> list[float]:
    """What to try: round values about the present one, within its slider, without the one it has now."""
    present = knob.get(before, place)
    steps = {round(present * ratio / knob.step) * knob.step for ratio in RATIOS} | {present}
    return sorted(each for each in steps if knob.low <= each <= knob.high and each != knob.get(best, place))


def _better(score: Score, than: Score, now: Score) -> bool:
    """Whether the marks bear it out better, or as well with fewer prompts; never with more prompts than now."""
    if score.prompts_per_h > now.prompts_per_h:
        return False
    return (round(merit(score), 9), -score.prompts_per_h) > (round(merit(than), 9), -than.prompts_per_h)
