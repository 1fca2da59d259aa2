"""Draw the tuner into an SVG: python scripts/tuner_picture.py OUT.svg. Days of nobody, made by a seeded die."""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random

from monitor.config import default_profile
from monitor.dashboard.tuner import Tuner
from monitor.states.bouts import BoutParams
from monitor.stream import Break, Epoch, Event, Fidget, Posture, Transition
from monitor.tuning.days import days_of, worn
from monitor.tuning.knobs import knobs
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Label, Yardstick

DAYS = ("Mon 2 Mar", "Tue 3 Mar", "Wed 4 Mar", "Thu 5 Mar", "Fri 6 Mar", "Mon 9 Mar", "Tue 10 Mar", "Wed 11 Mar")
HOURS = 8
SIZE = (120, 40)
BEGINS_S = 9 * 3600


def day(rng: Random) -> Iterator[Event]:
    """Spells at a desk, some of them slumped, with breaks of some minutes between."""
    k = 0
    while k < HOURS * 3600:
        tilt_deg = -15.0 + rng.gauss(0, 3) - (rng.uniform(11, 18) if rng.random() < 0.4 else 0.0)
        sat, stood, walked = rng.randint(600, 4200), rng.randint(5, 300), rng.randint(60, 400)
        for posture, seconds in ((Posture.SITTING, sat), (Posture.STANDING, stood), (Posture.WALKING, walked)):
            if posture is Posture.STANDING:
                yield Transition("sit-to-stand", k - 1.5, float(k), 0.95)
            for t_s in range(k, min(k + seconds, HOURS * 3600)):
                seen_deg = round((tilt_deg if posture is Posture.SITTING else 0.0) + rng.gauss(0, 0.6), 4)
                steps = 2 if posture is Posture.WALKING else 0
                yield Epoch(float(t_s), posture, 0.97, seen_deg, 0.5, 0.6, still=not steps, motion_mg=3.0, steps=steps)
                if posture is Posture.SITTING and rng.random() < 1 / 500:
                    yield Fidget("posture-shift", t_s - 4.0, t_s - 1.0, 7.0)
            k += seconds
        yield Break(float(k - stood - walked), float(k))


async def draw() -> str:
    """The tuner with a band turned wider, standing at a prompt that would be gone."""
    settings = default_profile().prompts
    rng = Random(7)
    sessions = [worn(name, n * 86_400.0, day(rng), BoutParams()) for n, name in enumerate(DAYS)]
    tried = Tried(days_of(sessions))
    prompts = tried.run(settings).prompts
    labels = [Label(p.session, p.t_s, p.t_s, "wrong" if p.name == "posture" else "right") for p in prompts[::3]]
    turned = knobs(settings.places[0])["posture.tilt_deg"].set(settings, 14.0)
    app = Tuner(
        tried=tried,
        settings=turned,
        before=settings,
        yardstick=Yardstick(tried, settings, labels),
        clock=lambda _, t_s: f"{int(BEGINS_S + t_s) // 3600:02d}:{int(BEGINS_S + t_s) // 60 % 60:02d}",
        day=DAYS.__getitem__,
        write=lambda _: "",
    )
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.3)
        return app.export_screenshot(title="sitwell tune")


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.parse_args().out.write_text(asyncio.run(draw()), encoding="utf-8")


if __name__ == "__main__":
    main()
