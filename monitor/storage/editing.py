"""Recordings made of recordings: a part, several as one, one without names and dates; and deleting them.

The original is never changed: each gives a new recording, whole or not at all. Its events are made anew from its
records by the profile it brings, exactly as a replay would; an import, which has no profile, has no events either.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from monitor import __version__
from monitor.errors import RecordingError
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.states.rules import DESK
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta, appearing, companions, hold
from monitor.stream import (
    BadPacket,
    Gap,
    Link,
    LinkState,
    Mark,
    Posture,
    Record,
    Samples,
    SettingsChanged,
    Started,
    first_s,
    last_s,
)

TIME_DIGITS = 6  # of sample times, as at the door of the live session
SAYS_NOTHING = re.compile(
    "[a-z][a-z ,-]*"
)  # a cause in words of ours; anything with a digit or a capital may be a name
LABELS = {*map(str, Posture), "mark", "right", "wrong"}

AnyRecord = TypeVar("AnyRecord", bound=Record)
Progress = Callable[[float], None]  # session time reached, s


def write_anew(
    meta: Meta, profile: Profile | None, records: Iterable[Record], out: Path, progress: Progress | None = None
) -> None:
    """A new recording of these records, and of the events that they mean by `profile`; None: no events.

    Raises RecordingError if `out` exists or cannot be written; nothing is left behind then.
    """
    pipeline = Pipeline(profile, meta.rate_hz, gyro=meta.gyro) if profile else None
    reached_s = -math.inf
    last: Record | None = None
    with appearing(out) as part, Recorder.create(part, replace(meta, app_version=__version__)) as recorder:
        for record in records:
            if last is not None:
                recorder.write(last, pipeline.push(last) if pipeline else ())
            last = record
            if progress and last_s(record) >= reached_s + 60.0:
                reached_s = last_s(record)
                progress(reached_s)
        if last is not None:
            recorder.write(last, [*pipeline.push(last), *pipeline.finish()] if pipeline else ())


def trimmed(recording: Recording, start_s: float, end_s: float) -> Iterator[Record]:
    """The records of [start_s, end_s) of session time, at their times, between a link that opens and one that closes.

    Raises RecordingError if there are none.
    """
    last: Record | None = None
    for record in recording.records(start_s, end_s):
        if last is None:
            begin_s = first_s(record)
            yield Link(begin_s, LinkState.CONNECTED)
            for told in _told_before(recording, begin_s):
                yield replace(told, t_s=begin_s)
        yield record
        last = record
    if last is None:
        message = f"{recording.path} has nothing between these times: `sitwell sessions info` tells how long it is."
        raise RecordingError(message, recording.path)
    if not (isinstance(last, Link) and last.state is LinkState.CLOSED):
        yield Link(last_s(last), LinkState.CLOSED, "trimmed")


def _told_before(recording: Recording, t_s: float) -> list[Started | SettingsChanged]:
    """What holds at t_s of what was told before: how the session began, and the newest change of settings."""
    told: dict[type, Started | SettingsChanged] = {}
    for record in recording.of_kinds("started", "settings-changed"):
        if isinstance(record, Started | SettingsChanged) and record.t_s < t_s:
            told[type(record)] = record
    return list(told.values())


def merged(recordings: Sequence[Recording]) -> tuple[Meta, Iterator[Record]]:
    """Recordings of one sensor, one after the other, on the time axis of the first; a Gap stands for the time between.

    Raises RecordingError if their rates or axes differ, if a start is unknown, or if they overlap.
    """
    ordered = sorted(recordings, key=lambda each: each.meta.started_utc_s + each.start_s)
    first = ordered[0]
    for each in ordered:
        if not each.meta.started_utc_s:
            raise RecordingError(f"{each.path} does not tell when it began: it cannot be merged.", each.path)
        if (each.meta.rate_hz, each.meta.gyro) != (first.meta.rate_hz, first.meta.gyro):
            message = f"{each.path} has another sampling rate or other axes than {first.path}: they cannot be merged."
            raise RecordingError(message, each.path)
    for before, after in pairwise(ordered):
        if after.meta.started_utc_s + after.start_s < before.meta.started_utc_s + before.end_s:
            raise RecordingError(f"{after.path} begins before {before.path} ends: they cannot be merged.", after.path)

    def records() -> Iterator[Record]:
        end_s: float | None = None
        for each in ordered:
            by_s = round(each.meta.started_utc_s - first.meta.started_utc_s, TIME_DIGITS)
            if end_s is not None and each.start_s + by_s > end_s:
                yield Gap(end_s, round(each.start_s + by_s, TIME_DIGITS), "between two recordings")
            # What the later ones knew when they began, the merged one knows from the first.
            records = (record for record in each.records() if each is first or not isinstance(record, Started))
            yield from (shifted(record, by_s) for record in records)
            end_s = round(each.end_s + by_s, TIME_DIGITS)

    return first.meta, records()


def anonymous(recording: Recording) -> tuple[Meta, Iterator[Record]]:
    """The same without what tells who, where or when: no names, addresses, notes, payloads or absolute dates.

    Time begins within the first second. What was measured, and the settings that are numbers, stay.
    """
    by_s = -math.floor(recording.start_s)
    meta = replace(
        recording.meta,
        sensor="sensor",
        firmware="",
        started_utc_s=0.0,
        zone="",
        utc_offset_s=0,
        profile=_nameless(recording.meta.profile),
        calibration={},
    )
    return meta, (shifted(_unnamed(record), by_s) for record in recording.records())


def shifted(record: AnyRecord, by_s: float) -> AnyRecord:
    """The same record `by_s` seconds later."""
    if not by_s:
        return record
    if isinstance(record, Samples):
        return cast("AnyRecord", replace(record, t_s=np.round(record.t_s + by_s, TIME_DIGITS)))
    if isinstance(record, Gap):
        start_s, end_s = round(record.start_s + by_s, TIME_DIGITS), round(record.end_s + by_s, TIME_DIGITS)
        return cast("AnyRecord", replace(record, start_s=start_s, end_s=end_s))
    return cast("AnyRecord", replace(record, t_s=round(record.t_s + by_s, TIME_DIGITS)))


def delete(path: Path) -> None:
    """Delete a recording with the files beside it. Raises RecordingError if it is being recorded, or stays."""
    with hold(path):
        try:
            for each in (path, *companions(path)[:2]):
                each.unlink(missing_ok=each != path)
        except FileNotFoundError as error:
            raise RecordingError(f"There is no recording {path}: check the name.", path) from error
        except OSError as error:
            message = f"{path} cannot be deleted ({error.strerror}): check its folder's permissions."
            raise RecordingError(message, path) from error


def _unnamed(record: Record) -> Record:
    match record:
        case Link():
            return replace(record, cause=_quiet(record.cause))
        case Gap():
            return replace(record, cause=_quiet(record.cause))
        case BadPacket():
            return replace(record, reason=_quiet(record.reason), payload="")
        case Started():
            desk = {name: deg for name, deg in record.usual.items() if name.startswith(f"{DESK}/")}
            return replace(record, local_s=math.nan, weekday=0, usual=desk)
        case SettingsChanged():
            return replace(record, values=_nameless_prompts(record.values))
        case Mark():
            return replace(record, label=record.label if record.label in LABELS else "mark", note="")
        case _:
            return record


def _quiet(text: str) -> str:
    return text if SAYS_NOTHING.fullmatch(text) else ""


def _nameless(profile: Any) -> dict[str, Any]:
    """The profile without the wearer's own words and hours, which stand in its prompts only."""
    prompts = profile.get("prompts")
    return {**profile, "prompts": _nameless_prompts(prompts)} if prompts else dict(profile)


def _nameless_prompts(prompts: Mapping[str, Any]) -> dict[str, Any]:
    places: list[Any] = [
        {
            **place,
            "name": place["name"] if place["name"] == DESK else f"profile {number}",
            "hours": [],
            "rules": [
                {**rule, "name": f"alert {n}", "message": "-", "praise": "-"}
                for n, rule in enumerate(place["rules"], 1)
            ],
        }
        for number, place in enumerate(prompts.get("places", ()))
    ]
    quiet: dict[str, Any] = {**prompts.get("quiet", {}), "working_hours": [], "quiet_hours": []}
    return {**prompts, "places": places, "quiet": quiet}
