"""What the wearer is asked to do now, and why. Pure."""

import math
import textwrap
from collections.abc import Sequence

from monitor import messages
from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.words import clock, figure, fit, quantity
from monitor.snapshot import Prompt, Snapshot
from monitor.states.rules import DESK
from monitor.stream import Posture

EXPLAIN_COLUMN = 26


def draw(snapshot: Snapshot, columns: int, rows: int, *, keys: str) -> Sequence[Row]:
    """The prompt with its keys; without one, a calm line and the session's notes."""
    prompt = snapshot.prompt
    if prompt is None:
        return [((line, ""),) for text in (calm(snapshot), *snapshot.notes) for line in textwrap.wrap(text, columns)][
            :rows
        ]
    message = textwrap.wrap(prompt.message, columns, max_lines=max(rows - 1, 1), placeholder=" …")
    since = f"for {clock(snapshot.t_s - prompt.since_s)}   "
    return [*(((line, "strong"),) for line in message), ((since, ""), (keys, "quiet"))][:rows]


def title(snapshot: Snapshot) -> str:
    """What the panel is about; and the profile and the hour's budget, where they are not as ever."""
    parts = ["Please" if snapshot.prompt is not None else "Next"]
    if snapshot.profile != DESK:
        parts.append(f"profile {snapshot.profile}")
    if snapshot.prompts_left < snapshot.prompts_most:
        parts.append(f"{snapshot.prompts_left} of {snapshot.prompts_most} prompts left this hour")
    return " · ".join(parts)


def calm(snapshot: Snapshot) -> str:
    """Why there is nothing to do, and when that ends."""
    if snapshot.praise:
        return snapshot.praise
    if snapshot.quiet is not None and snapshot.posture not in {Posture.NO_DATA, Posture.NOT_WORN}:
        why, left_s = snapshot.quiet
        return messages.text(f"quiet.{why}", left=clock(left_s) if math.isfinite(left_s) else "some time")
    match snapshot.posture:
        case Posture.NO_DATA:
            return "No data comes from the sensor. Nothing is counted meanwhile."
        case Posture.NOT_WORN:
            return "The sensor is not worn. Clip it to the back of your waistband."
        case Posture.SITTING | Posture.STANDING:
            running = snapshot.sitting if snapshot.posture is Posture.SITTING else snapshot.standing
            said = f"Nothing to do. {snapshot.posture.capitalize()} {clock(running.seconds)}"
            if not snapshot.prompts_left:
                return f"{said}. {messages.text('budget.none')}"
            return f"{said}, next prompt at {clock(running.limit_s)}." if running.limit_s is not None else f"{said}."
        case _:
            return "Nothing to do."


def draw_explain(snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
    """What was measured against which limit, for how long; then the rule's own figures, the short ones side by side."""
    if snapshot.prompt is None:
        return []
    lines: list[Row] = [((line, ""),) for line in textwrap.wrap(_sentence(snapshot.prompt, snapshot.t_s), columns)]
    entries = [figure(name, value) for name, value in snapshot.prompt.explain.items()]
    short = [entry for entry in entries if len(": ".join(entry)) < EXPLAIN_COLUMN]
    beside = max(columns // EXPLAIN_COLUMN, 1)
    for start in range(0, len(short), beside):
        row: list[tuple[str, str]] = []
        for name, value in short[start : start + beside]:
            row += [(f"{name}: ", "quiet"), (value.ljust(EXPLAIN_COLUMN - len(name) - 2), "")]
        lines.append(tuple(row))
    for name, value in (entry for entry in entries if entry not in short):
        lines.append(((f"{name}: ", "quiet"), (fit(value, columns - len(name) - 2), "")))
    return lines[:rows]


def _sentence(prompt: Prompt, now_s: float) -> str:
    measured, limit = quantity(prompt.value, prompt.unit), quantity(prompt.limit, prompt.unit)
    return f"Measured {measured} against a limit of {limit}; this prompt stands for {clock(now_s - prompt.since_s)}."
