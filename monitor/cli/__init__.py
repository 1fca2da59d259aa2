"""The verbs. Each module holds a group of them, and imports what is slow only when a verb runs."""

import click

from monitor import __version__
from monitor.cli.align import align, calibrate
from monitor.cli.attach import attach, status
from monitor.cli.diff import diff
from monitor.cli.doctor import doctor
from monitor.cli.evaluate import evaluate
from monitor.cli.explain import explain
from monitor.cli.exports import export
from monitor.cli.files import analyze
from monitor.cli.history import forget_, history
from monitor.cli.imports import import_
from monitor.cli.label import label
from monitor.cli.quiet import meeting, profile, quiet
from monitor.cli.replaying import replay
from monitor.cli.sensors import devices, scan
from monitor.cli.service import service
from monitor.cli.sessions import sessions
from monitor.cli.settings import config
from monitor.cli.tune import tune
from monitor.cli.virtual import virtual
from monitor.cli.watch import demo, live

EPILOG = "Start with `sitwell demo`: it needs no sensor. sitwell is no medical device and gives no diagnosis."


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def sitwell() -> None:
    """Tells you the truth about how you sit, from one Bluetooth IMU at the lower back, and gets you moving."""


WEARING = (
    demo,
    live,
    attach,
    status,
    quiet,
    meeting,
    profile,
    service,
    scan,
    devices,
    doctor,
    virtual,
    align,
    calibrate,
)
LOOKING = (replay, explain, tune, label, history, sessions, forget_, analyze, diff, import_, export, evaluate, config)
for verb in (*WEARING, *LOOKING):
    sitwell.add_command(verb)

__all__ = ["sitwell"]
