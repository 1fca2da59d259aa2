"""Verbs that watch a wearer: demo (a virtual sensor), live (a real one)."""

import sys
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
    plain_option,
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
    from monitor.config import CueSettings
    from monitor.config.watching import Watched
    from monitor.cues import Cues
    from monitor.profile import Profile
    from monitor.session import Session
    from monitor.sources.ble import BleSource
    from monitor.virtual.twins.twin import Sent

SETTINGS_EVERY_S = 0.5  # a change in the file applies within two seconds, the way to the disk included
LATER = (
    "orientation",
    "epochs",
    "gait",
    "reference",
    "autoalign",
    "posture",
    "wear",
    "transitions",
    "bouts",
    "restless",
)
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
@plain_option
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
    plain: bool,
    as_json: bool,
    out: Path | None,
    profile_path: Path | None,
) -> None:
    """Try everything without hardware.

    A virtual sensor on a Bluetooth radio in software is worn by a simulated person; everything from the Bluetooth
    client on is what `sitwell live` uses.
    """
    running = _prepared("demo", out, headless=headless, plain=plain, as_json=as_json)

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

    _go(running, run, as_json=as_json)


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
@plain_option
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
    plain: bool,
    as_json: bool,
    out: Path | None,
    profile_path: Path | None,
    site: str | None,
) -> None:
    """Wear a real sensor: find it, connect, record, and show the dashboard."""
    running = _prepared("live", out, headless=headless, plain=plain, as_json=as_json)
    if sensor is None and not headless and sys.stdin.isatty():
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
        _go(running, run, as_json=as_json)
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
    import asyncio

    from monitor.cli.running import Latency, Limited
    from monitor.config import load_cues, load_profile
    from monitor.config.watching import Watched
    from monitor.cues import Cues
    from monitor.cues.bell import ring_bell
    from monitor.places import profile_path as own_profile_path

    watched = Watched(profile_path or own_profile_path(), _settings)
    own = load_profile(profile_path)
    found = source.found or await source.find()
    profile = fit(own, found.name) if fit else own
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
    following = asyncio.create_task(_follow_settings(running, session, cues, own, watched))
    try:
        await session.run(Limited(source, None if for_s is None else for_s * source.speed, ended))
    finally:
        following.cancel()
        await cues.close()
        running.close()


def _settings(path: Path) -> "tuple[Profile, CueSettings]":
    """What the settings file says, or what applies where it has gone."""
    from monitor.config import load_cues, load_profile

    named = path if path.exists() else None
    return load_profile(named), load_cues(named)


async def _follow_settings(
    running: "Running",
    session: "Session",
    cues: "Cues",
    at_start: "Profile",
    watched: "Watched[tuple[Profile, CueSettings]]",
) -> None:
    """Take over what the wearer changes in the file, for as long as the session runs. at_start: what it said then."""
    import asyncio
    from dataclasses import asdict

    from monitor import messages
    from monitor.errors import ConfigError
    from monitor.stream import SettingsChanged

    prompts = at_start.prompts
    while True:
        await asyncio.sleep(SETTINGS_EVERY_S)
        found = watched.poll()
        if isinstance(found, ConfigError):
            running.note(messages.text("settings.refused", error=found), passing=True)
        elif found is not None:
            own, cue_settings = found
            cues.change(cue_settings)
            if own.prompts != prompts:
                prompts = own.prompts
                session.say(SettingsChanged(0.0, asdict(prompts)))
                running.note(messages.text("settings.applied"), passing=True)
            later = [name for name in LATER if getattr(own, name) != getattr(at_start, name)]
            if later:
                running.note(messages.text("settings.later", names=", ".join(later)), passing=True)


def _keep(profile_path: Path | None) -> None:
    """Take the session into the history; forget the oldest recordings where the settings limit their size."""
    from monitor.cli.history import keep_at_most, take_in
    from monitor.config import load_keeping

    take_in()

    try:
        keep_gb = load_keeping(profile_path).keep_gb
    except SitwellError:  # told already
        return
    if keep_gb:
        keep_at_most(keep_gb * 1e9)


def _prepared(mode: str, out: Path | None, *, headless: bool, plain: bool, as_json: bool) -> "Running":
    """Check the options against each other before anything slow happens."""
    from monitor.cli.running import Running, check_terminal

    if as_json and (plain or not headless):
        raise click.UsageError("--json goes with --headless.")
    if out is not None and out.exists():
        raise SitwellError(f"{out} exists already: choose another name with --out.")
    if not (headless or plain):
        check_terminal()
    return Running(mode, out, headless or plain, plain)


def _go(running: "Running", run: Callable[[], Awaitable[None]], *, as_json: bool) -> None:
    from monitor.cli.running import on_screen, without_screen

    if running.headless:
        without_screen(running, run, as_json=as_json)
    else:
        on_screen(running, run)
