"""Verbs that watch a wearer: demo (a virtual sensor), live (a real one), replay (a recording)."""

import contextlib
import importlib
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import (
    EXISTING,
    duration_option,
    headless_option,
    json_option,
    out_option,
    profile_option,
)
from monitor.errors import SitwellError

if TYPE_CHECKING:
    import asyncio

    from monitor.cli.running import Running
    from monitor.profile import Profile
    from monitor.sources.ble import BleSource
    from monitor.virtual.twins.witmotion import Play, Sent, WitMotionTwin

FASTEST_DEMO = 60.0  # times real: beyond it two cores cannot carry the packets over the software radio
SLOW_IMPORTS = ("monitor.pipeline", "monitor.session", "monitor.storage.recording", "monitor.summary")


@click.command()
@click.option("--play", type=EXISTING, help="Let the virtual wearer repeat this recording instead of the script.")
@click.option(
    "--script",
    type=click.Choice(["tour", "day"]),
    default="tour",
    show_default=True,
    help="What the simulated wearer does: a tour of four minutes, or a working day.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, FASTEST_DEMO),
    default=1.0,
    show_default=True,
    help="Wearer's seconds in a real second: 60 makes an hour a minute.",
)
@click.option(
    "--rate",
    "rate_hz",
    type=click.Choice(["10", "20", "50", "100", "200"]),
    default="100",
    show_default=True,
    help="Samples a second to ask the sensor for.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another number, another wearer.")
@duration_option
@headless_option
@json_option
@out_option
@profile_option
def demo(
    play: Path | None,
    script: str,
    speed: float,
    rate_hz: str,
    seed: int,
    for_s: float | None,
    headless: bool,
    as_json: bool,
    out: Path | None,
    profile_path: Path | None,
) -> None:
    """Try everything without hardware.

    A virtual WitMotion WT901BLE on a Bluetooth radio in software is worn by a simulated person; everything from the
    Bluetooth client on is what `sitwell live` uses.
    """
    running = _prepared("demo", out, headless=headless, as_json=as_json)

    async def run() -> None:
        try:
            await _load(*SLOW_IMPORTS, "monitor.sources.ble", "monitor.virtual.twins")
        except ModuleNotFoundError as error:
            if error.name != "bumble":
                raise
            raise SitwellError("The demo needs bumble: install sitwell with its extra, sitwell[virtual].") from None
        with _content(play, script, seed) as content:
            async with virtual_sensor(content, speed) as (source, twin):
                source.rate_hz = float(rate_hz)
                await _stream(running, source, profile_path, for_s, sent=twin.sent, ended=twin.ended)

    _go(running, run, headless=headless, as_json=as_json)


@click.command()
@click.option("--sensor", help="Name or address of the sensor; default: the only known one in reach.")
@click.option("--rate", "rate_hz", type=float, help="Samples a second to ask the sensor for; default: the best for it.")
@click.option(
    "--give-up",
    "give_up_s",
    type=click.FloatRange(min=1.0),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a lost sensor may stay away before the session ends.",
)
@duration_option
@headless_option
@json_option
@out_option
@profile_option
@click.option("--site", metavar="NAME", help="Wear site whose alignment applies; default: sacrum, once aligned.")
def live(
    sensor: str | None,
    rate_hz: float | None,
    give_up_s: float,
    for_s: float | None,
    headless: bool,
    as_json: bool,
    out: Path | None,
    profile_path: Path | None,
    site: str | None,
) -> None:
    """Wear a real sensor: find it, connect, record, and show the dashboard."""
    running = _prepared("live", out, headless=headless, as_json=as_json)

    async def run() -> None:
        await _load(*SLOW_IMPORTS)
        from monitor.sites import fitted
        from monitor.sources.ble import BleSource

        source = BleSource(want=sensor, rate_hz=rate_hz, give_up_s=give_up_s)
        await _stream(running, source, profile_path, for_s, fit=lambda profile, name: fitted(profile, name, site))

    _go(running, run, headless=headless, as_json=as_json)


@click.command()
@click.argument("recording", type=EXISTING, metavar="REC")
@click.option(
    "--speed", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Recorded seconds in a real second."
)
@profile_option
def replay(recording: Path, speed: float, profile_path: Path | None) -> None:
    """Show a recording in the dashboard. Space pauses, + and - change the speed.

    Settings are those of --profile, else those that the recording was made with, else your own.
    """
    from monitor.cli.files import chosen_profile
    from monitor.cli.running import Running, check_terminal, on_screen
    from monitor.sources.replay import ReplaySource
    from monitor.storage.recording import Recording

    check_terminal()
    with Recording.open(recording) as opened:
        source = ReplaySource(opened, speed)
        running = Running("replay", recording)
        meta = opened.meta

        async def run() -> None:
            await _load(*SLOW_IMPORTS)
            running.player = lambda: source.player
            session = running.begin(
                chosen_profile(opened, profile_path),
                sensor=meta.sensor,
                rate_hz=meta.rate_hz,
                gyro=meta.gyro,
                day_start_s=(meta.started_utc_s + meta.utc_offset_s) % 86_400,
                record=False,
            )
            await session.run(source)

        on_screen(running, run, player=source)


@contextlib.contextmanager
def _content(play: Path | None, script: str, seed: int) -> "Generator[Play]":
    """What the virtual sensor feels: a recording, or the simulated wearer, who starts again at the end."""
    if play is None:
        from monitor.sources.simulator import DESK_DAY, SHORT_DAY, Wearer

        wearer = Wearer(DESK_DAY if script == "day" else SHORT_DAY, seed=seed)
        yield lambda t_s: wearer(t_s % wearer.duration_s)
        return
    from monitor.sources.playback import Playback
    from monitor.storage.recording import Recording

    with Recording.open(play) as opened:
        yield Playback(opened)


@contextlib.asynccontextmanager
async def virtual_sensor(content: "Play", speed: float) -> "AsyncGenerator[tuple[BleSource, WitMotionTwin]]":
    """A virtual sensor on the air, and the source that finds it there; both on one clock."""
    from monitor.sources.ble import BleSource
    from monitor.virtual import radio
    from monitor.virtual.air import Air
    from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner
    from monitor.virtual.clock import WearerClock
    from monitor.virtual.twins.witmotion import WitMotionTwin

    air = Air()
    clock = WearerClock(speed)
    twin = WitMotionTwin(air, content, clock=clock, speed=speed)
    await twin.start()
    central = await radio.open_central(air)
    source = BleSource(
        want=twin.name,
        clock=clock,
        speed=speed,
        scan={"backend": BumbleScanner, "radio": central},
        connect={"backend": BumbleClient, "radio": central},
    )
    try:
        yield source, twin
    finally:
        await twin.stop()
        await radio.close(air, central)


async def _stream(
    running: "Running",
    source: "BleSource",
    profile_path: Path | None,
    for_s: float | None,
    *,
    sent: "deque[Sent] | None" = None,
    ended: "asyncio.Event | None" = None,
    fit: "Callable[[Profile, str], Profile] | None" = None,
) -> None:
    """Find the sensor, then run the session on it.

    sent, ended: the virtual sensor's log and the end of its content; fit: lays what is known of a sensor, by its name,
    over the profile
    """
    from monitor.cli.running import Latency, Limited
    from monitor.config import load_profile

    profile = load_profile(profile_path)
    found = await source.find()
    profile = fit(profile, found.name) if fit else profile
    latency = Latency(source.clock, source.speed)
    latency.sent = sent
    source.on_packet = latency.on_packet
    running.latency = latency
    asked_hz = source.rate_hz or found.driver.default_rate_hz
    session = running.begin(
        profile,
        sensor=found.name,
        rate_hz=found.driver.real_rate_hz.get(asked_hz, asked_hz),
        gyro=found.driver.gyro,
        record=True,
    )
    try:
        await session.run(Limited(source, None if for_s is None else for_s * source.speed, ended))
    finally:
        running.close()


async def _load(*modules: str) -> None:
    """Import what is slow beside the event loop, so that the screen stays alive."""
    import asyncio

    for module in modules:
        await asyncio.to_thread(importlib.import_module, module)


def _prepared(mode: str, out: Path | None, *, headless: bool, as_json: bool) -> "Running":
    """Check the options against each other before anything slow happens."""
    from monitor.cli.running import Running, check_terminal

    if as_json and not headless:
        raise click.UsageError("--json goes with --headless.")
    if out is not None and out.exists():
        raise SitwellError(f"{out} exists already: choose another name with --out.")
    if not headless:
        check_terminal()
    return Running(mode, out)


def _go(running: "Running", run: Callable[[], Awaitable[None]], *, headless: bool, as_json: bool) -> None:
    from monitor.cli.running import on_screen, without_screen

    if headless:
        without_screen(running, run, as_json=as_json)
    else:
        on_screen(running, run)
