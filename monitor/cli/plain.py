"""The session as lines of text, one when something changes: for a screen reader, a pipe, or where no screen is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from monitor import messages
from monitor.dashboard.words import LINK_WORDS, POSTURE_WORDS, degrees, duration
from monitor.stream import (
    AlertCleared,
    AlertRaised,
    Battery,
    Break,
    ClipMoved,
    Epoch,
    Event,
    Link,
    Posture,
    Praised,
    ProfileChanged,
    Record,
    ReferenceChanged,
    SnoozeRefused,
)

HOLDS_S = 5.0  # a posture is told once it has lasted so long
LOW_PERCENT = 20  # below it every tenth of the battery is told
_CLEARED = {
    "recovered": "over",
    "snoozed": "put off",
    "quiet": "put off",
    "dismissed": "done",
    "settings": "withdrawn, other settings apply",
    "no data": "withdrawn, no data",
}


@dataclass(slots=True)
class PlainLines:
    """A sink that says each change in one line. day_start_s: local time of day at session time 0."""

    say: Callable[[str], object]
    day_start_s: float
    _told: Posture | None = None
    _since_s: float = 0.0
    _posture: Posture | None = None
    _zero: bool = False
    _low: int = LOW_PERCENT
    _link: str = field(default="")

    def write(self, record: Record, events: Sequence[Event]) -> None:
        """Take one record and what it means."""
        if isinstance(record, Link):
            words = LINK_WORDS[record.state][1]
            said = f"Sensor: {words}{f', {record.cause}' if record.cause else ''}."
            if said != self._link:
                self._link = said
                self._line(record.t_s, said)
        elif isinstance(record, Battery) and record.percent < self._low:
            self._low = record.percent // 10 * 10
            self._line(record.t_s, f"The sensor's battery is at {record.percent} %.")
        for event in events:
            self._event(event)

    def _event(self, event: Event) -> None:
        match event:
            case Epoch():
                self._second(event)
            case ReferenceChanged() if not self._zero and event.bouts:
                self._zero = True
                self._line(event.t_s, "Your walking is the zero now: tilt is told against it.")
            case AlertRaised():
                again = f" ({event.again} before it)" if event.again else ""
                self._line(event.t_s, f"Prompt{again}: {event.message}")
            case AlertCleared():
                self._line(event.t_s, f"The prompt about {event.name} is {_CLEARED.get(event.cause, event.cause)}.")
            case Praised():
                self._line(event.t_s, event.message)
            case Break():
                self._line(event.end_s, f"A break of {duration(event.end_s - event.start_s)}.")
            case ClipMoved(repaired=False):
                self._line(event.t_s, "The clip has moved: walk ten steps, until then no tilt is told.")
            case ClipMoved():
                self._line(event.t_s, "The clip sits otherwise, and its zero is known again.")
            case ProfileChanged():
                self._line(event.t_s, messages.text("profile.changed", name=event.name))
            case SnoozeRefused():
                self._line(event.t_s, messages.text("snooze.refused", times=event.in_a_row))
            case _:
                pass

    def _second(self, epoch: Epoch) -> None:
        """Tell a posture that is new and has lasted a while."""
        if epoch.posture is not self._posture:
            self._posture, self._since_s = epoch.posture, epoch.t_s
        if self._posture is self._told or epoch.t_s + 1.0 - self._since_s < HOLDS_S:
            return
        self._told = self._posture
        words = POSTURE_WORDS[epoch.posture].capitalize()
        tilted = epoch.posture in {Posture.SITTING, Posture.STANDING} and not math.isnan(epoch.tilt_deg)
        tilt = f", tilt {degrees(epoch.tilt_deg)} ±{max(round(epoch.tilt_sd_deg), 1)}°" if tilted else ""
        self._line(epoch.t_s, f"{words}{tilt}.")

    def _line(self, t_s: float, sentence: str) -> None:
        day_s = int(self.day_start_s + t_s) % 86_400
        self.say(f"{day_s // 3600:02d}:{day_s // 60 % 60:02d} {sentence}")
