"""Which setting would have silenced a prompt: found by trying, over the whole of what it asked about."""

import math

from monitor.states.rules import AlertSettings
from monitor.tuning.knobs import Knob, knobs
from monitor.tuning.prompted import Prompted
from monitor.tuning.rerun import Tried


def silencing(tried: Tried, settings: AlertSettings, prompt: Prompted, place: str) -> list[tuple[Knob, float]]:
    """Knobs of the prompt's rule, each with its lowest setting above the present one under which no prompt of this rule
    comes from this one to the end of what it asks about. Those that cannot are left out.

    Only a session that ends after it can tell: of a running one the end is not known yet.
    """
    at = next((each for each in settings.places if each.name == place), settings.places[0])
    found: list[tuple[Knob, float]] = []
    for knob in knobs(at).values():
        if not knob.name.startswith(f"{prompt.name}.") or knob.name.endswith("repeat_min"):
            continue
        value = _lowest(tried, settings, prompt, at.name, knob)
        if value is not None:
            found.append((knob, value))
    return found


def _lowest(tried: Tried, settings: AlertSettings, prompt: Prompted, place: str, knob: Knob) -> float | None:
    """By halving, as a higher setting asks less; what comes out is tried once more."""
    start = math.floor(knob.get(settings, place) / knob.step)
    low, high = start, math.ceil(knob.high / knob.step)
    if high <= low or not _silent(tried, knob.set(settings, high * knob.step, place), prompt):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _silent(tried, knob.set(settings, middle * knob.step, place), prompt):
            high = middle
        else:
            low = middle
    return high * knob.step


def _silent(tried: Tried, settings: AlertSettings, prompt: Prompted) -> bool:
    until = max(prompt.end, prompt.index + 1)
    return not any(
        each.name == prompt.name and each.session == prompt.session and prompt.index <= each.index < until
        for each in tried.run(settings).prompts
    )
