"""The verbs. Each module holds a group of them, and imports what is slow only when a verb runs."""

import click

from monitor import __version__
from monitor.cli.align import align, calibrate
from monitor.cli.attach import attach, status
from monitor.cli.doctor import doctor
from monitor.cli.evaluate import evaluate
from monitor.cli.files import analyze, export, import_
from monitor.cli.sensors import devices, scan
from monitor.cli.sessions import sessions
from monitor.cli.settings import config
from monitor.cli.virtual import virtual
from monitor.cli.watch import demo, live, replay

EPILOG = "Start with `sitwell demo`: it needs no sensor. sitwell is no medical device and gives no diagnosis."


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def sitwell() -> None:
    """Tells you the truth about how you sit, from one Bluetooth IMU at the lower back, and gets you moving."""


VERBS = (demo, live, attach, status, scan, devices, doctor, virtual, align, calibrate, replay)
for verb in (*VERBS, sessions, analyze, import_, export, evaluate, config):
    sitwell.add_command(verb)

__all__ = ["sitwell"]
