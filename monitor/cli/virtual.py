"""The virtual sensors: for the demo and the protocols in this process, and for another one (`sitwell virtual`)."""

import contextlib
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import EXISTING
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.sources.ble import BleSource
    from monitor.virtual.twins.twin import Play, Twin

DEFAULT_SENSOR = "witmotion"
DEFAULT_PORT = 9060

sensor_choice_option = click.option(
    "--sensor",
    default=DEFAULT_SENSOR,
    show_default=True,
    metavar="NAME",
    help="Which sensor to be; `sitwell devices` lists them.",
)
script_option = click.option(
    "--script",
    type=click.Choice(["tour", "day"]),
    default="tour",
    show_default=True,
    help="What the simulated wearer does: a tour of four minutes, or a working day.",
)
play_option = click.option(
    "--play", type=EXISTING, help="Let the virtual wearer repeat this recording instead of the script."
)
seed_option = click.option("--seed", type=int, default=1, show_default=True, help="Another number, another wearer.")


def need_bumble(error: ModuleNotFoundError) -> SitwellError:
    """What to do where the extra is missing; raises any other error again."""
    if error.name != "bumble":
        raise error
    return SitwellError("A virtual sensor needs bumble: install sitwell with its extra, sitwell[virtual].")


@click.command()
@click.option(
    "--sensor",
    "sensors",
    multiple=True,
    default=(DEFAULT_SENSOR,),
    show_default=True,
    metavar="NAME",
    help="Which sensor to be; `sitwell devices` lists them. Several, named one by one, are near at once.",
)
@click.option(
    "--tcp",
    "port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    metavar="PORT",
    help="Port on this machine where the radio is offered; 0: any free one.",
)
@script_option
@play_option
@seed_option
def virtual(sensors: tuple[str, ...], port: int, script: str, play: Path | None, seed: int) -> None:
    """Be a sensor for another process: `sitwell live --radio PORT` finds it as it finds a real one.

    The Bluetooth adapter's own protocol (HCI) goes over TCP, on this machine only; everything above it is real.
    """
    import asyncio

    with content(play, script, seed) as playing, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(sensors, port, playing))


async def _serve(sensors: tuple[str, ...], port: int, playing: "Play") -> None:
    import asyncio

    try:
        from monitor.virtual.air import Air
        from monitor.virtual.tcp import offer_radio
    except ModuleNotFoundError as error:
        raise need_bumble(error) from None
    air = Air()
    twins = [make_twin(sensor, air, playing) for sensor in dict.fromkeys(sensors)]
    transport, port = await offer_radio(air, port)
    for twin in twins:
        await twin.start()
    names = " and ".join(twin.name for twin in twins)
    click.echo(f"{names} {'is' if len(twins) == 1 else 'are'} on the air: sitwell live --radio {port}", err=True)
    try:
        await asyncio.Event().wait()
    finally:
        for twin in twins:
            await twin.stop()
        await transport.close()


def make_twin(sensor: str, air: Any, playing: "Play", **options: Any) -> "Twin":
    """A twin of the sensor by its driver's name, not switched on yet. SensorError where there is none."""
    from monitor.devices import driver_by_name
    from monitor.virtual.twins import twin_class

    return twin_class(driver_by_name(sensor).name)(air, playing, **options)


@contextlib.contextmanager
def content(play: Path | None, script: str, seed: int) -> "Generator[Play]":
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
async def virtual_sensor(
    playing: "Play", speed: float, sensor: str = DEFAULT_SENSOR, **options: Any
) -> "AsyncGenerator[tuple[BleSource, Twin]]":
    """A virtual sensor on the air, and the source that finds it there; both on one clock. options: of the twin."""
    from monitor.sources.ble import BleSource
    from monitor.virtual import radio
    from monitor.virtual.air import Air
    from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner
    from monitor.virtual.clock import WearerClock

    air = Air()
    clock = WearerClock(speed)
    twin = make_twin(sensor, air, playing, clock=clock, speed=speed, **options)
    await twin.start()
    central = await radio.open_central(air)
    source = BleSource(
        want=twin.name,
        clock=clock,
        awake=clock,
        speed=speed,
        scan={"backend": BumbleScanner, "radio": central},
        connect={"backend": BumbleClient, "radio": central},
    )
    try:
        yield source, twin
    finally:
        await twin.stop()
        await radio.close(air, central)


@contextlib.asynccontextmanager
async def offered_radio(port: int | None) -> AsyncGenerator[dict[str, Any]]:
    """Arguments `scan` and `connect` of a BleSource: none for this system's Bluetooth (port None), else those of the
    radio that `sitwell virtual` offers on this port.
    """
    if port is None:
        yield {}
        return
    try:
        from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner
        from monitor.virtual.tcp import open_offered
    except ModuleNotFoundError as error:
        raise need_bumble(error) from None
    transport, central = await open_offered(port)
    try:
        yield {
            "scan": {"backend": BumbleScanner, "radio": central},
            "connect": {"backend": BumbleClient, "radio": central},
        }
    finally:
        await central.power_off()
        await transport.close()
