"""Verbs that watch a wearer: demo (a virtual sensor), live (a real one)."""

from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import (
    duration_option,
    headless_option,
    json_option,
    out_option,
    profile_option,
    rate_option,
)
from monitor.cli.sensors import ask_for_sensor, only_session, radio_option
from monitor.cli.virtual import (
    content,
    need_bumble,
    offered_radio,
    play_option,
    script_option,
    seed_option,
    sensor_choice_option,
    virtual_sensor,
)
from monitor.errors import SitwellError

if TYPE_CHECKING:
    import asyncio

    from monitor.cli.running import Running
    from monitor.profile import Profile
    from monitor.sources.ble import BleSource
    from monitor.virtual.twins.twin import Sent

FASTEST_DEMO = 60.0  # times real: beyond it two cores cannot carry the packets over the software radio


@click.command()
@sensor_choice_option
@play_option
@script_option
@click.option(
    "--speed",
    type=click.FloatRange(0.1, FASTEST_DEMO),
    default=1.0,
    show_default=True,
    help="Wearer's seconds in a real second: 60 makes an hour a minute.",
)
@rate_option
@seed_option
@duration_option
@headless_option
@json_option
@out_option
@profile_option
def demo(
    sensor: str,
    play: Path | None,
    script: str,
    speed: float,
    rate_hz: float | None,
    seed: int,
    for_s: float | None,
    headless: bool,
    as_json: bool,
    out: Path | None,
    profile_path: Path | None,
) -> None:
    """Try everything without hardware.

    A virtual sensor on a Bluetooth radio in software is worn by a simulated person; everything from the Bluetooth
    client on is what `sitwell live` uses.
    """
    running = _prepared("demo", out, headless=headless, as_json=as_json)

    async def run() -> None:
        from monitor.cli.running import SLOW_IMPORTS, load
        from monitor.devices import driver_by_name

        driver_by_name(sensor)  # an unknown name is told before anything slow
        try:
            await load(*SLOW_IMPORTS, "monitor.sources.ble", "monitor.virtual.air")
        except ModuleNotFoundError as error:
            raise need_bumble(error) from None
        with content(play, script, seed) as playing:
            async with virtual_sensor(playing, speed, sensor) as (source, twin):
                source.rate_hz = rate_hz
                await _stream(running, source, profile_path, for_s, sent=twin.sent, ended=twin.ended)

    _go(running, run, headless=headless, as_json=as_json)


@click.command()
@click.option("--sensor", help="Name, address or family of the sensor; default: the last used, or the only one.")
@rate_option
@radio_option
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
    port: int | None,
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
    if sensor is None and not headless:
        sensor = ask_for_sensor(port)

    async def run() -> None:
        from monitor.cli.running import SLOW_IMPORTS, load

        await load(*SLOW_IMPORTS, "monitor.sources.ble")
        from monitor.places import last_sensor, remember_sensor
        from monitor.sites import fitted
        from monitor.sources.ble import BleSource

        async with offered_radio(port) as bluetooth:
            source = BleSource(want=sensor, prefer=last_sensor(), rate_hz=rate_hz, give_up_s=give_up_s, **bluetooth)
            found = await source.find()
            with only_session(found.device.address):
                remember_sensor(found.device.address)
                await _stream(
                    running, source, profile_path, for_s, fit=lambda profile, name: fitted(profile, name, site)
                )

    try:
        _go(running, run, headless=headless, as_json=as_json)
    finally:  # a day often ends with a sensor that went away, or with a full disk
        _keep(profile_path)


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
    from monitor.config import load_cues, load_profile
    from monitor.cues import Cues
    from monitor.cues.bell import ring_bell

    profile = load_profile(profile_path)
    found = source.found or await source.find()
    profile = fit(profile, found.name) if fit else profile
    cues = Cues(
        load_cues(profile_path),
        sensor_cue=source.cue if found.driver.cues else None,
        ring=ring_bell if running.headless else None,  # the dashboard rings the bell itself
        tell=running.note,
    )
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
        beside=(cues,),
    )
    try:
        await session.run(Limited(source, None if for_s is None else for_s * source.speed, ended))
    finally:
        await cues.close()
        running.close()


def _keep(profile_path: Path | None) -> None:
    """Forget the oldest recordings where the wearer's settings limit their size."""
    from monitor.cli.history import keep_at_most
    from monitor.config import load_keeping

    try:
        keep_gb = load_keeping(profile_path).keep_gb
    except SitwellError:  # told already
        return
    if keep_gb:
        keep_at_most(keep_gb * 1e9)


def _prepared(mode: str, out: Path | None, *, headless: bool, as_json: bool) -> "Running":
    """Check the options against each other before anything slow happens."""
    from monitor.cli.running import Running, check_terminal

    if as_json and not headless:
        raise click.UsageError("--json goes with --headless.")
    if out is not None and out.exists():
        raise SitwellError(f"{out} exists already: choose another name with --out.")
    if not headless:
        check_terminal()
    return Running(mode, out, headless)


def _go(running: "Running", run: Callable[[], Awaitable[None]], *, headless: bool, as_json: bool) -> None:
    from monitor.cli.running import on_screen, without_screen

    if headless:
        without_screen(running, run, as_json=as_json)
    else:
        on_screen(running, run)
