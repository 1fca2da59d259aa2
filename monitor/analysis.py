"""A recording through the pipeline at full speed: as live, or in hindsight. Memory does not grow with its length."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from monitor.pipeline import BLOCK_S, Pipeline, joined
from monitor.profile import Profile
from monitor.signal.orientation import offline_up
from monitor.signal.reference import Reference
from monitor.signal.timebase import split_at_gaps
from monitor.states.day import DayFigures
from monitor.states.placement import Seat
from monitor.states.rules import AlertSettings
from monitor.storage.recording import Recording
from monitor.stream import (
    AlertRaised,
    AlignmentChanged,
    ClipMoved,
    Event,
    Floats,
    Gap,
    Posture,
    Record,
    ReferenceChanged,
    Samples,
    Tick,
    join,
    last_s,
)

HINDSIGHT_BLOCK_S = 600.0
WHOLE_WEAR = 2000  # walking vectors of 8 s that the median of hindsight runs over: more than four hours on foot
HINDSIGHT_OVERLAP_S = 30.0  # ten time constants of VQF's inclination correction on either side

Sink = Callable[[Record, list[Event], Pipeline], None]


@dataclass(slots=True)
class Report:
    """The figures of one recording; those of the day are in `day`."""

    day: DayFigures = field(default_factory=DayFigures)
    samples: int = 0
    alerts: int = 0
    gap_s: float = 0.0
    zero_found: bool = False

    def add(self, record: Record, events: list[Event]) -> None:
        """Count one record with its events."""
        if isinstance(record, Samples):
            self.samples += len(record)
        elif isinstance(record, Gap):
            self.gap_s += record.end_s - record.start_s
        for event in events:
            self.day.push(event)
            if isinstance(event, AlertRaised):
                self.alerts += 1

    @property
    def postures_s(self) -> dict[Posture, float]:
        """Seconds of each posture."""
        return self.day.postures_s

    @property
    def steps(self) -> int:
        """Steps in walking."""
        return self.day.steps


def analyze(
    recording: Recording,
    profile: Profile,
    *,
    gyro: bool = True,
    hindsight: bool = False,
    sink: Sink | None = None,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Run the whole recording.

    sink      : takes each record with its events and the pipeline after it; progress: takes the session time, s
    hindsight : the zero is the median of all walking since the clip last moved, and orientation is estimated with the
                future known
    """
    rate_hz = recording.meta.rate_hz
    return run(
        recording.records(),
        rate_hz,
        profile,
        gyro=gyro and recording.meta.gyro,
        hindsight=hindsight,
        known=seats_of(recording.records(), rate_hz, profile) if hindsight else (),
        sink=sink,
        progress=progress,
    )


def run(
    records: Iterable[Record],
    rate_hz: float,
    profile: Profile,
    *,
    gyro: bool,
    hindsight: bool = False,
    known: Sequence[Seat] = (),
    sink: Sink | None = None,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """As analyze, from records alone; known: what seats_of gave for the same records, in hindsight."""
    pipeline = Pipeline(profile, rate_hz, gyro=gyro, known=known)
    report = Report(DayFigures(profile.bouts.bridge_s))
    blocks = joined(records, HINDSIGHT_BLOCK_S if hindsight else BLOCK_S)
    steps = _oriented_ahead(blocks, rate_hz, profile, gyro=gyro) if hindsight else ((block, None) for block in blocks)
    end_s: float | None = None
    for record, up in steps:
        if up is not None and isinstance(record, Samples):
            events = pipeline.push_oriented(record, up)
        else:
            events = pipeline.push(record)
        report.add(record, events)
        if sink:
            sink(record, events, pipeline)
        if progress and isinstance(record, Samples):
            progress(last_s(record))
        reached_s = last_s(record) + (1.0 / rate_hz if isinstance(record, Samples) else 0.0)
        end_s = reached_s if end_s is None else max(end_s, reached_s)
    events = pipeline.finish()
    report.zero_found = pipeline.reference is not None
    if end_s is not None:
        nothing = Tick(end_s)
        report.add(nothing, events)
        if sink:
            sink(nothing, events, pipeline)
    return report


def seats_of(records: Iterable[Record], rate_hz: float, profile: Profile) -> list[Seat]:
    """How the sensor sat over the whole wear, from acceleration alone: between two moves of the clip, the median of all
    level walking and the last word on the front. Empty without a walk.
    """
    whole = replace(profile, reference=replace(profile.reference, keep=WHOLE_WEAR), prompts=AlertSettings())
    pipeline = Pipeline(whole, rate_hz, gyro=False, placing=True)
    seats: list[Seat] = []

    def keep(events: list[Event]) -> None:
        for event in events:
            # The first seat holds from the start. One that no walk has confirmed (after a step) is only mended.
            if isinstance(event, ClipMoved) and seats and seats[-1].zero.bouts:
                seats.append(Seat(event.since_s, seats[-1].zero, cause=event.cause))
            elif isinstance(event, ReferenceChanged):
                zero = Reference(event.up, event.bouts, event.spread_deg)
                seats[-1:] = [replace(seats[-1], zero=zero) if seats else Seat(float("-inf"), zero)]
            elif isinstance(event, AlignmentChanged) and seats:
                seats[-1] = replace(seats[-1], anterior=event.anterior)

    for record in joined(records, BLOCK_S):
        keep(pipeline.push(record))
    keep(pipeline.finish())
    return seats


def _oriented_ahead(
    records: Iterator[Record], rate_hz: float, profile: Profile, *, gyro: bool
) -> Iterator[tuple[Record, Floats | None]]:
    """Each record, samples with their offline orientation, which looks HINDSIGHT_OVERLAP_S back and ahead."""
    reset_s = profile.epochs.reset_s
    before: Samples | None = None
    window: list[Record] = []  # samples waiting for what follows them, with the other records between them

    def flush(after: Samples | None) -> Iterator[tuple[Record, Floats | None]]:
        nonlocal before
        for record in window:
            if isinstance(record, Samples):
                yield record, _up_with_context(before, record, after, rate_hz, profile, gyro=gyro)
                before = record
            else:
                yield record, None
        window.clear()

    for record in records:
        if not isinstance(record, Samples):
            window.append(record)
            if not any(isinstance(each, Samples) for each in window):
                yield from flush(None)
            continue
        for piece in split_at_gaps(record, None, reset_s, "no samples"):
            if isinstance(piece, Gap):
                continue
            near = [each for each in window if isinstance(each, Samples)]
            follows = bool(near) and float(piece.t_s[0] - near[-1].t_s[-1]) <= reset_s
            yield from flush(piece if follows else None)
            if before is not None and float(piece.t_s[0] - before.t_s[-1]) > reset_s:
                before = None
            window.append(piece)
    yield from flush(None)


def _up_with_context(
    before: Samples | None, block: Samples, after: Samples | None, rate_hz: float, profile: Profile, *, gyro: bool
) -> Floats:
    """Offline up of `block`, with up to HINDSIGHT_OVERLAP_S of its neighbours as run-in and run-out."""
    margin = int(HINDSIGHT_OVERLAP_S * rate_hz)
    parts = [block]
    lead = 0
    if before is not None:
        tail = before.part(slice(-margin, None))
        parts.insert(0, tail)
        lead = len(tail)
    if after is not None:
        parts.append(after.part(slice(None, margin)))
    whole = join(parts)
    up = offline_up(whole.acc_g, whole.gyr_dps if gyro else None, rate_hz, profile.orientation)
    return up[lead : lead + len(block)]
