"""Guided protocols: align (how the sensor sits on the wearer), calibrate (the accelerometer's own errors)."""

import sys
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import EXISTING, Duration
from monitor.cli.sensors import ask_for_sensor, only_session, radio_option
from monitor.errors import PoseError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from monitor.signal.calibration import Calibration
    from monitor.signal.poses import Check
    from monitor.sources.ble import BleSource
    from monitor.states.protocol import Progress
    from monitor.stream import Record
    from monitor.virtual.twins.twin import Play

SILENT_S = 60.0  # how long a lost sensor may stay away in the middle of a protocol

recording_argument = click.argument("recording", required=False, type=EXISTING, metavar="[REC]")
sensor_option = click.option(
    "--sensor", help="Name, address or family of the sensor; default: the last used, or the only one."
)
from_option = click.option("--from", "from_s", type=Duration(), metavar="TIME", help="Where in REC it begins.")
virtual_option = click.option("--virtual", is_flag=True, help="Try it without hardware: a virtual sensor that does it.")
speed_option = click.option(
    "--speed",
    type=click.FloatRange(0.1, 20.0),
    default=1.0,
    show_default=True,
    help="With --virtual: wearer's seconds in a real second.",
)


@click.command()
@recording_argument
@click.option("--site", help="Where you wear it, one file for each; default: sacrum, or virtual with --virtual.")
@sensor_option
@from_option
@virtual_option
@speed_option
@radio_option
def align(
    recording: Path | None,
    site: str | None,
    sensor: str | None,
    from_s: float | None,
    virtual: bool,
    speed: float,
    port: int | None,
) -> None:
    """Tell sitwell how the sensor sits on you: stand, bow three times, sit tall, sit slumped.

    Any mounting will do. With REC, the poses are looked for in a recording of somebody who did just that.
    """
    from monitor.protocols import ALIGNMENT
    from monitor.signal.guided import align as aligned
    from monitor.sites import SITE, Site, save_site, site_path

    site = site or ("virtual" if virtual else SITE)
    site_path(site)  # a name that cannot be one is told before the work
    guide = Guide(ALIGNMENT, sensor, port, calibrated=True)
    guide.run(recording, from_s, speed, _wearer if virtual else None)
    result = aligned(guide.engine.poses)
    figures = _verdicts(result.checks)
    found = result.alignment
    click.echo(f"front     {_vector(found.anterior)}  uncertain by {found.sd_deg:.0f} degrees")
    click.echo(f"up        {_vector(found.up)}")
    if found.sitting_styles_deg:
        tilts = " and ".join(f"{tilt:+.0f}" for tilt in found.sitting_styles_deg)
        click.echo(f"seated    {tilts} degrees against standing, forward +")
    click.echo(f"written   {save_site(Site(site, found, guide.sensor, _now(), figures))}")


@click.command()
@recording_argument
@sensor_option
@from_option
@virtual_option
@speed_option
@radio_option
def calibrate(
    recording: Path | None, sensor: str | None, from_s: float | None, virtual: bool, speed: float, port: int | None
) -> None:
    """Measure the accelerometer's own errors: the sensor lies still on each of its six faces.

    With REC, the faces are looked for in a recording of it. Done a second time at least 3 degrees C warmer, with a
    sensor that tells its temperature, it measures the drift too.
    """
    from monitor.protocols import SIX_FACE
    from monitor.signal.calibration import LEAST_WARMING_C, across_temperatures, six_face
    from monitor.sites import SensorCalibration, calibration_path, load_calibration, save_calibration

    guide = Guide(SIX_FACE, sensor, port, calibrated=False)
    guide.run(recording, from_s, speed, _table if virtual else None)
    result = six_face(guide.engine.poses, guide.deg_c)
    figures = _verdicts(result.checks)
    click.echo(f"offset    {_vector(result.calibration.offset_g)}  g")
    click.echo(f"gain      {_vector(result.calibration.gain)}")
    measured = result.calibration
    if guide.deg_c is not None:
        figures["deg_c"] = guide.deg_c
        path = calibration_path(guide.sensor)
        before = load_calibration(path) if path.exists() else None
        known_c = before.calibration.at_deg_c if before and "deg_c" in before.quality else None
        if before and known_c is not None and abs(guide.deg_c - known_c) >= LEAST_WARMING_C:
            measured = across_temperatures(before.calibration, measured)
            click.echo(f"drift     {_vector(measured.per_degree_g)}  g for each degree, against {known_c:.0f} C before")
    kept = SensorCalibration(guide.sensor, measured, _now(), figures)
    click.echo(f"written   {save_calibration(kept)}")


class Guide:
    """Runs a protocol on a recording, a live sensor or a virtual one, and talks to the wearer on stderr.

    calibrated: what is known of the sensor's errors is taken out first.
    """

    def __init__(self, protocol: str, want: str | None, port: int | None, *, calibrated: bool) -> None:
        from monitor.protocols import shipped
        from monitor.states.protocol import ProtocolRun

        self._protocol = shipped(protocol)
        self._want, self._port, self._calibrated = want, port, calibrated
        self._calibration: Calibration | None = None
        self._from_s = 0.0
        self._start_s: float | None = None
        self._said = ("", "")
        self._counting = False
        self.engine = ProtocolRun(self._protocol)
        self.sensor = ""
        self.deg_c: float | None = None

    def run(
        self, recording: Path | None, from_s: float | None, speed: float, content: "Callable[[], Play] | None"
    ) -> None:
        """To the end of the protocol. Raises PoseError where it was not done, SensorError without a sensor."""
        if recording is not None and (content or self._want or self._port):
            raise click.UsageError("REC goes without --sensor, --radio and --virtual.")
        if from_s is not None and recording is None:
            raise click.UsageError("--from goes with REC.")
        if content and (self._want or self._port):
            raise click.UsageError("--virtual goes without --sensor and --radio.")
        self._say(f"{self._protocol.title}. {self._protocol.site}")
        if recording is not None:
            self._from_s = from_s or 0.0
            self._replay(recording)
        elif content:
            _await(self._simulated(content(), speed))
        else:
            self._want = self._want or ask_for_sensor(self._port)
            _await(self._live())
        self.engine.finish()
        if self.engine.failed:
            raise PoseError(f"{self.engine.failed.rstrip('.')}; nothing was written, do it again from the beginning.")

    def _replay(self, path: Path) -> None:
        from monitor.storage.recording import Recording

        with Recording.open(path) as opened:
            self._begin(opened.meta.sensor)
            for record in opened.records():
                if self._take(record):
                    break

    async def _live(self) -> None:
        from monitor.cli.virtual import offered_radio
        from monitor.places import last_sensor, remember_sensor
        from monitor.sources.ble import BleSource

        async with offered_radio(self._port) as bluetooth:
            source = BleSource(want=self._want, prefer=last_sensor(), give_up_s=SILENT_S, **bluetooth)
            found = await source.find()
            with only_session(found.device.address):
                remember_sensor(found.device.address)
                await self._follow(source)

    async def _simulated(self, content: "Play", speed: float) -> None:
        from monitor.cli.virtual import virtual_sensor

        async with virtual_sensor(content, speed) as (source, _):
            await self._follow(source, "virtual-")

    async def _follow(self, source: "BleSource", prefix: str = "") -> None:
        found = source.found or await source.find()
        self._begin(prefix + found.name)
        async with aclosing(source.records()) as records:
            async for record in records:
                if self._take(record):
                    return

    def _begin(self, sensor: str) -> None:
        from monitor.sites import calibration_path, load_calibration

        self.sensor = sensor
        path = calibration_path(sensor)
        if self._calibrated and path.exists():
            self._calibration = load_calibration(path).calibration
        self._say(f"Measuring with {sensor}.")

    def _take(self, record: "Record") -> bool:
        """One record; True once the protocol is over."""
        from monitor.stream import Samples, Temperature

        if isinstance(record, Temperature):
            self.deg_c = record.deg_c
        if not isinstance(record, Samples) or not len(record):
            return False
        if self._start_s is None:
            self._start_s = float(record.t_s[0])
        samples = record.part(slice(int((record.t_s - self._start_s < self._from_s).sum()), None))
        if self._calibration is not None:
            samples = Samples(samples.t_s, self._calibration.apply(samples.acc_g, self.deg_c), samples.gyr_dps)
        self.engine.push(samples)
        self._tell(self.engine.progress)
        return self.engine.finished or bool(self.engine.failed)

    def _tell(self, progress: "Progress") -> None:
        """A line for whatever is new; in a terminal, the seconds left under it."""
        if progress.finished:
            self._say("Done.")
            return
        times = f" ({progress.done + 1} of {progress.of})" if progress.of > 1 and not progress.returning else ""
        prompt = f"{progress.say}{times}"
        if prompt != self._said[0]:
            self._say(prompt)
            self._said = (prompt, "")
        if progress.complaint and progress.complaint != self._said[1]:
            self._say(f"  {progress.complaint}")
            self._said = (prompt, progress.complaint)
        if sys.stderr.isatty():
            click.echo(f"\r  {progress.left_s:4.1f} s ", nl=False, err=True)
            self._counting = True

    def _say(self, text: str) -> None:
        click.echo(f"\r          \r{text}" if self._counting else text, err=True)
        self._counting = False


def _await(work: "Coroutine[object, object, None]") -> None:
    """Run to the end; asyncio is slow to import."""
    import asyncio

    asyncio.run(work)


def _wearer() -> "Play":
    """A wearer who does the guided alignment, with a clip that sits askew."""
    from monitor.sources.simulator import ALIGNMENT, Mounting, Wearer

    return Wearer(ALIGNMENT, mounting=Mounting(12.0, -5.0, 25.0))


def _table() -> "Play":
    """A sensor with errors, laid on each of its faces."""
    from monitor.sources.simulator import SIX_FACE, Mounting, SensorErrors, Wearer

    errors = SensorErrors(acc_offset_mg=(18.0, -25.0, 40.0), acc_gain=(1.01, 0.99, 1.02))
    return Wearer(SIX_FACE, mounting=Mounting(0.0, 0.0, 0.0), errors=errors)


def _verdicts(checks: "tuple[Check, ...]") -> dict[str, float]:
    """Print the figures against their limits, and give them by name. Raises PoseError for one beyond its limit."""
    from monitor.signal.poses import fault

    for check in checks:
        word = "at least" if check.more_is_better else "at most"
        verdict = "good" if check.ok else "BAD"
        click.echo(f"{verdict:<5}{check.name}: {check.value:.3g} {check.unit}".rstrip() + f" ({word} {check.limit:g})")
    wrong = fault(checks)
    if wrong:
        raise PoseError(f"Nothing was written: {wrong}")
    return {check.name.removeprefix("the ").replace(" ", "_"): round(check.value, 4) for check in checks}


def _vector(v: tuple[float, float, float]) -> str:
    return " ".join(f"{x:+.3f}" for x in v)


def _now() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
