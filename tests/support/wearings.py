"""Random sessions and settings for the tuner: what a pipeline would have stored, without the signals."""

import math
from dataclasses import replace
from random import Random

from monitor.config import default_profile
from monitor.states.alerts import Alerts
from monitor.states.bouts import BoutParams, Bouts
from monitor.states.rules import (
    AlertSettings,
    Band,
    BandParams,
    BudgetParams,
    DebtParams,
    FadingParams,
    Place,
    QuietParams,
)
from monitor.stream import AlertRaised, Epoch, Fidget, LyingSide, Mark, Posture, Started, Transition, Wearer

SHIPPED = default_profile().prompts
HOURS = (
    "mon-fri 08:30-17:30",
    "12:00-13:00",
    "22:00-06:00",
    "sat,sun 10:00-12:00",
    "15:00-15:20",
    "fri-mon 20:00-02:00",
)
ACTS = (("snooze", 300.0), ("dismiss", 0.0), ("quiet", 900.0), ("quiet", 0.0), ("meeting", 1.0), ("meeting", 0.0))
POSTURES = (*[Posture.SITTING] * 5, *[Posture.STANDING] * 2, Posture.WALKING, *Posture)


def wearing(rng: Random, seconds: int):
    """The events of one session: spells of every posture, holes, doubts, what the wearer said."""
    bouts = Bouts(BoutParams())
    asked = tuple(sorted(-rng.uniform(0, 3600) for _ in range(rng.randrange(3))))
    rates = rng.choice([math.nan, 1.0]), rng.choice([math.nan, 0.3, 0.8, 2.0])
    usual = {
        f"{place}/{posture}/{axis}": round(rng.uniform(-30, 10), 4)
        for place in ("desk", "sofa")
        for posture in ("sitting", "standing")
        for axis in ("tilt_deg", "sideways_deg")
    }
    known = {"usual": usual} if rng.random() < 0.5 else {}
    events = [Started(0.0, rng.uniform(0, 86_400), rng.randrange(7), rng.randrange(3), *rates, asked, **known)]
    k = 0
    while k < seconds:
        posture, base_deg, placed = rng.choice(POSTURES), rng.uniform(-60, 30), rng.random() > 0.05
        length = rng.randint(1, rng.choice([3, 20, 120, 600, 1500]))
        if posture in {Posture.STANDING, Posture.WALKING} and rng.random() < 0.8:
            events.append(Transition("sit-to-stand", k - 1.0, float(k), 0.9))
            bouts.rose(float(k))
        k += rng.randint(1, 400) if rng.random() < 0.05 else 0
        for k in range(k, k + length):  # noqa: B020 - the spell goes on where the hole ended
            none = rng.random() < 0.01
            tilt, side = (math.nan if none else round(x, 4) for x in (base_deg + rng.gauss(0, 3), rng.gauss(2, 6)))
            p, still = rng.choice([1.0, 0.95, 0.9, 0.8, 0.69, 0.5]), rng.random() < 0.9
            steps = 2 if posture is Posture.WALKING else 0
            events.append(Epoch(float(k), posture, p, tilt, side, 1.2, still, 1.0, steps, LyingSide.NONE, placed))
            if posture is Posture.SITTING and rng.random() < 0.002:
                events.append(Fidget("posture-shift", k - 3.0, k - 1.0, 9.0))
            if rng.random() < 0.0008:
                events.append(Wearer(k + 3.3, *rng.choice(ACTS)))
            if rng.random() < 0.0003:
                events.append(Mark(k + 3.1, rng.choice(["sofa", "auto", "car", "hello", "Standing desk"])))
        k += 1
    return events


def prompts_live(events, settings: AlertSettings):
    """The prompts that Alerts raises on these events, second by second."""
    alerts, bouts, raised = Alerts(settings), Bouts(BoutParams()), []
    for event, after in zip(events, [*events[1:], None], strict=True):
        match event:
            case Epoch():
                bouts.push(event)
                shifted = isinstance(after, Fidget)
                raised += alerts.push(event, bouts.sitting_s, bouts.standing_s, shifted=shifted)
            case Transition():
                bouts.rose(event.end_s)
            case Wearer():
                alerts.act(event)
            case Mark():
                alerts.choose(event.t_s, event.label)
            case Started():
                alerts.start(event)
            case _:
                pass
    return [each for each in raised if isinstance(each, AlertRaised)]


def random_settings(rng: Random) -> AlertSettings:
    """Settings that the config would take, anywhere in their ranges."""
    places = tuple(
        Place(place.name, _hours(rng) if number else (), tuple(_rule(rng, each) for each in place.rules), _band(rng))
        for number, place in enumerate(SHIPPED.places)
    )
    quiet = QuietParams(
        _hours(rng),
        _hours(rng),
        rng.choice([0.0, 20.0, 45.0]),
        rng.choice([0.5, 0.7, 0.9]),
        rng.randrange(5),
        rng.choice([600.0, 10_800.0]),
    )
    return AlertSettings(
        places,
        DebtParams(rng.uniform(0, 20), rng.uniform(0, 1)),
        BudgetParams(rng.randint(1, 6), rng.choice([0.0, 60.0, 200.0]), 300.0),
        FadingParams(rng.randrange(3), rng.uniform(0.1, 1)),
        quiet,
    )


def _rule(rng, rule):
    limit = rule.limit * rng.uniform(0.05, 1.5)
    hold_s, repeat_s = rng.choice([1.0, 5.0, 7.5, 20.0]), rng.choice([30.0, 300.0, 900.0])
    clear = limit * rng.uniform(0, 0.9)
    return replace(rule, limit=limit, clear=clear, hold_s=hold_s, repeat_s=repeat_s, on=rng.random() < 0.9)


def _band(rng):
    one, other = (
        Band(rng.uniform(5, 20), rng.uniform(5, 20), rng.uniform(-30, 10), rng.uniform(-5, 5)) for _ in range(2)
    )
    return BandParams(
        one, other, rng.choice([0.0, 0.003, 0.02]), rng.choice([0.0, 5.0, 10.0]), rng.choice([30.0, 60.0])
    )


def _hours(rng):
    return tuple(rng.sample(HOURS, rng.randrange(3))) if rng.random() < 0.4 else ()
