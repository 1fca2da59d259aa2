"""`sitwell service`: have the system run `sitwell live --headless` all day. Writes files; switching on is yours."""

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from monitor.cli.options import rate_option
from monitor.errors import SitwellError

KINDS = ("systemd", "launchd", "windows")
PLACES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME")  # the service must look for settings and recordings where you do

kind_option = click.option(
    "--kind", type=click.Choice(KINDS), help="What runs it; default: what this computer's system has."
)
sensor_option = click.option("--sensor", metavar="NAME", help="As for `sitwell live`; default: the last used one.")


@dataclass(frozen=True, slots=True)
class Service:
    """A service file. on, off: commands for a terminal, in this order; links: what switching on leaves beside it."""

    path: Path
    text: str
    encoding: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    says: str
    links: tuple[Path, ...] = ()

    @property
    def data(self) -> bytes:
        """The file's content."""
        return self.text.encode(self.encoding)


@click.group()
def service() -> None:
    """Have your system run `sitwell live --headless` whenever you are logged in."""


@service.command()
@sensor_option
@rate_option
@kind_option
@click.option("--print", "only_print", is_flag=True, help="Print the file instead of writing it.")
@click.option("--force", is_flag=True, help="Replace a file that is there and says something else.")
def install(sensor: str | None, rate_hz: float | None, kind: str | None, only_print: bool, force: bool) -> None:
    """Write the service file, and say which command switches it on.

    The session starts when you log in, and again half a minute to a minute after any error. It runs as you, without
    special rights. `sitwell status` and `sitwell attach` show how it stands.
    """
    made = described(kind, sensor, rate_hz)
    if only_print:
        click.echo(made.text, nl=False)
        return
    if os.path.lexists(made.path):
        if _content(made.path) == made.data:
            click.echo(f"{made.path} is there already.", err=True)
            _tell("Switch it on:", made.on)
            return
        if not force:
            raise SitwellError(
                f"{made.path} is there already and says something else: replace it with --force, or see what differs "
                "with `sitwell service show`."
            )
    try:
        made.path.parent.mkdir(parents=True, exist_ok=True)
        made.path.unlink(missing_ok=True)  # a link is replaced, not followed
        made.path.write_bytes(made.data)
    except OSError as error:
        raise SitwellError(
            f"{made.path} cannot be written ({error.strerror}): use --print, and put it there yourself."
        ) from error
    click.echo(f"written to {made.path}", err=True)
    _tell("Switch it on:", made.on)


@service.command()
@kind_option
def uninstall(kind: str | None) -> None:
    """Remove the service file, and say which command ends what runs."""
    made = described(kind)
    gone = [path for path in (made.path, *made.links) if os.path.lexists(path)]
    try:
        for path in gone:
            path.unlink()
    except OSError as error:
        raise SitwellError(f"{made.path} cannot be removed ({error.strerror}): delete it yourself.") from error
    if not gone:
        click.echo(f"There is no {made.path}: nothing to remove.", err=True)
        return
    click.echo(f"removed {', '.join(map(str, gone))}", err=True)
    _tell("If it runs, end it:", made.off)


@service.command()
@sensor_option
@rate_option
@kind_option
def show(sensor: str | None, rate_hz: float | None, kind: str | None) -> None:
    """Print where the service file is, how it is switched on and off, and what it says."""
    made = described(kind, sensor, rate_hz)
    there = _content(made.path) if os.path.lexists(made.path) else None
    if there is None:
        state = "not there: `sitwell service install` writes it; it would say"
    elif there == made.data:
        state = "there, as `sitwell service install` would write it now"
    else:
        state = "there, not as `sitwell service install` would write it now"
    rows = [("file", f"{made.path}"), ("", f"({state})")]
    rows += [("on" if not at else "", each) for at, each in enumerate(made.on)]
    rows += [("off" if not at else "", each) for at, each in enumerate(made.off)]
    for name, text in [*rows, ("says", made.says)]:
        click.echo(f"{name:<6}{text}")
    click.echo()
    click.echo(made.text if there is None else there.decode(made.encoding, "replace"), nl=False)


def described(kind: str | None, sensor: str | None = None, rate_hz: float | None = None) -> Service:
    """The service as it would be installed on this computer now."""
    makers: dict[str, Callable[[str | None, float | None], Service]] = {
        "systemd": _systemd,
        "launchd": _launchd,
        "windows": _windows,
    }
    return makers[kind or usual_kind(sys.platform)](sensor, rate_hz)


def usual_kind(platform: str) -> str:
    """The kind of a sys.platform."""
    return {"darwin": "launchd", "win32": "windows"}.get(platform, "systemd")


def _systemd(sensor: str | None, rate_hz: float | None) -> Service:
    from monitor.cli.service_files import session_command, systemd_unit

    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    return Service(
        path=folder / "sitwell.service",
        text=systemd_unit(session_command(_python(), sensor, rate_hz), _environment()),
        encoding="utf-8",
        on=("systemctl --user daemon-reload && systemctl --user enable --now sitwell",),
        off=("systemctl --user stop sitwell; systemctl --user daemon-reload",),
        says="journalctl --user -u sitwell",
        links=(folder / "default.target.wants" / "sitwell.service",),
    )


def _launchd(sensor: str | None, rate_hz: float | None) -> Service:
    from monitor.cli.service_files import LABEL, launchd_agent, session_command
    from monitor.places import recordings_dir

    path = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    log = recordings_dir().with_name("service.log").absolute()
    return Service(
        path=path,
        text=launchd_agent(session_command(_python(), sensor, rate_hz), _environment(), str(log)),
        encoding="utf-8",
        on=(f"launchctl bootstrap gui/$UID {shlex.quote(str(path))}",),
        off=(f"launchctl bootout gui/$UID/{LABEL}",),
        says=str(log),
    )


def _windows(sensor: str | None, rate_hz: float | None) -> Service:
    import getpass

    from monitor.cli.service_files import session_command, windows_task
    from monitor.places import recordings_dir

    python = Path(_python())
    windowless = python.with_name("pythonw.exe")  # python.exe would show an empty console window all day
    domain, user = os.environ.get("USERDOMAIN"), getpass.getuser()
    path = recordings_dir().with_name("sitwell-task.xml")
    command = session_command(str(windowless if windowless.exists() else python), sensor, rate_hz)
    return Service(
        path=path,
        text=windows_task(command, f"{domain}\\{user}" if domain else user),
        encoding="utf-16",
        on=(f'schtasks /Create /TN sitwell /XML "{path}" /F', "schtasks /Run /TN sitwell"),
        off=("schtasks /End /TN sitwell", "schtasks /Delete /TN sitwell /F"),
        says="schtasks /Query /TN sitwell /V /FO LIST",
    )


def _python() -> str:
    """Path of the interpreter at work, not of the one that its environment was made from."""
    return str(Path(sys.executable).absolute())


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PLACES if os.environ.get(name)}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SitwellError(f"{path} cannot be read ({error.strerror}): move it away.") from error


def _tell(words: str, commands: tuple[Any, ...]) -> None:
    click.echo(words, err=True)
    for command in commands:
        click.echo(f"  {command}", err=True)
