"""Events by name: what `--until` takes (alert, alert:sitting, bout:walking, alert#3), and which event that is. Pure."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.stream import Event, Gap

# By the names of the events table: the field that says which one, where there are several kinds.
DETAILS = {
    "bout": "posture",
    "break": "",
    "transition": "kind",
    "alert": "name",
    "alert-cleared": "name",
    "posture": "posture",
    "reference": "",
    "upright-shift": "",
    "fidget": "kind",
    "clip-moved": "cause",
    "alignment": "source",
    "sensor-silent": "",
    "gap": "cause",
    "alert-due": "name",
    "praise": "name",
    "snooze-refused": "",
    "profile": "name",
    "band": "posture",
    "wearer": "action",
    "mark": "label",
    "started": "",
    "settings": "",
}
KINDS = {
    "transition": ("sit-to-stand", "stand-to-sit", "lie-to-sit", "sit-to-lie", "bow"),
    "fidget": ("fidget", "posture-shift"),
    "clip-moved": ("walking", "step", "upside-down", "re-donned"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `number`-th event of this type, and of this detail if one is given."""

    kind: str
    detail: str = ""
    number: int = 1

    def __str__(self) -> str:
        text = f"{self.kind}:{self.detail}" if self.detail else self.kind
        return text if self.number == 1 else f"{text}#{self.number}"

    def is_met_by(self, event: "Event | Gap") -> bool:
        """Whether the event is of this type and detail."""
        from monitor.storage.tables import EVENT_TYPES

        if EVENT_TYPES.get(type(event)) != self.kind:
            return False
        return not self.detail or str(getattr(event, DETAILS[self.kind])) == self.detail

    def first(self, events: "Iterable[Event | Gap]") -> "Event | Gap | None":
        """The event among these; None if there are not so many."""
        left = self.number
        for event in events:
            left -= self.is_met_by(event)
            if left == 0:
                return event
        return None

    def checked(self, alerts: Iterable[str]) -> "Wanted":
        """Itself, if its detail exists; `alerts`: names of the profile's rules. Raises click.UsageError."""
        from monitor.stream import Posture

        known = {**dict.fromkeys(("alert", "alert-cleared", "alert-due", "praise"), tuple(alerts)), **KINDS}
        known |= dict.fromkeys(("bout", "posture", "band"), tuple(str(each) for each in Posture))
        if self.detail and self.detail not in known.get(self.kind, (self.detail,)):
            raise click.UsageError(f"There is no {self.kind}:{self.detail}: {_nearest(self.detail, known[self.kind])}")
        return self


class EventName(click.ParamType[Wanted]):
    """KIND, KIND:NAME, and either with #N for the N-th."""

    name = "event"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Wanted:
        """A Wanted; a usage error with the nearest name for anything else."""
        if isinstance(value, Wanted):
            return value
        parts = re.fullmatch(r"([^:#]+)(?::([^#]+))?(?:#([1-9]\d*))?", str(value).strip())
        if parts is None:
            self.fail(f"{value!r} is no event: write alert, alert:sitting or alert#3.", param, ctx)
        kind, detail, number = parts.groups(default="")
        if kind not in DETAILS:
            self.fail(f"There is no event {kind!r}: {_nearest(kind, DETAILS)}", param, ctx)
        if detail and not DETAILS[kind]:
            self.fail(f"Every {kind} is alike: write {kind} alone.", param, ctx)
        return Wanted(kind, detail, int(number or 1))


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}."
