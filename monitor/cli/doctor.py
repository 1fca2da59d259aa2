"""`sitwell doctor`: what is wrong with Bluetooth here, and with what else a session needs, one line a check."""

import json
import platform
import re
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from monitor import __version__
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.config import CueSettings
    from monitor.sources.doctor import Finding

OK, WRONG, SKIPPED = "ok", "wrong", "not checked"
TITLES = {
    "bus": "system bus",
    "service": "Bluetooth service",
    "adapter": "Bluetooth adapter",
    "switch": "radio switch",
    "power": "adapter power",
    "scan": "scan",
}
FINE = {
    "bus": "reachable",
    "service": "BlueZ answers",
    "adapter": "{detail}",
    "switch": "nothing blocks Bluetooth",
    "power": "on",
}
WORDS = {  # fact -> what is wrong, and what to do
    "no-bus": (
        "There is no system bus here ({detail})",
        "start dbus; in a container there is none: run sitwell outside",
    ),
    "no-service": (
        "The Bluetooth service is not running",
        "install bluez, then `sudo systemctl enable --now bluetooth`",
    ),
    "silent": ("The Bluetooth service does not answer", "start it anew: `sudo systemctl restart bluetooth`"),
    "no-adapter": ("This computer has no Bluetooth adapter", "plug one in that can do Bluetooth Low Energy"),
    "no-low-energy": ("The adapter cannot connect to sensors", "plug in one that can do Bluetooth Low Energy"),
    "off": ("Bluetooth is off", "switch it on: `bluetoothctl power on`"),
    "switched-off": ("Bluetooth is switched off ({detail})", "switch it on: `rfkill unblock bluetooth`"),
    "blocked": (
        "Bluetooth is blocked by the machine ({detail})",
        "use its Bluetooth or flight-mode key or its firmware",
    ),
    "denied": ("You may not use Bluetooth here", "`sudo usermod -aG bluetooth $USER`, then log in again"),
    "denied-by-user": ("This terminal may not use Bluetooth", "allow it in the system's settings, then start it anew"),
    "denied-by-system": ("The system forbids Bluetooth ({detail})", "ask who looks after this computer"),
    "failed": ("Bluetooth failed ({detail})", "switch it off and on again, then start the computer anew"),
}
MAC_PRIVACY = "System Settings > Privacy & Security > Bluetooth: allow your terminal, then start it anew"
ELSEWHERE = {  # what to do, where it is another thing than on Linux
    ("darwin", "off"): "switch it on: System Settings > Bluetooth",
    ("darwin", "denied-by-user"): MAC_PRIVACY,
    ("darwin", "denied"): MAC_PRIVACY,
    ("darwin", "denied-by-system"): "Bluetooth is restricted by a profile: ask who looks after this computer",
    ("win32", "off"): "switch it on: Settings > Bluetooth & devices",
    ("win32", "denied-by-user"): "Settings > Privacy & security > Radios: let desktop apps use them",
    ("win32", "denied"): "Settings > Privacy & security > Radios: let desktop apps use them",
    ("darwin", "no-service"): "start the computer anew",
    ("win32", "no-service"): "start the service Bluetooth Support Service, or the computer anew",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One check: its name, 'ok', 'wrong' or 'not checked', what is so, and what to do about it."""

    check: str
    state: str
    says: str
    do: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Look for what keeps sensors from being found, and for what else a session needs.

    Exit code 1 where something is wrong.
    """
    import asyncio

    lines = asyncio.run(_checks())
    fine = all(line.state != WRONG for line in lines)
    if as_json:
        click.echo(json.dumps({"ok": fine, "checks": [asdict(line) for line in lines]}))
    else:
        for line in lines:
            click.echo(f"{line.state:<12}  {line.check:<22}  {line.says}{f': {line.do}' if line.do else ''}.")
    context.exit(0 if fine else 1)


async def _checks() -> list[Line]:
    from monitor.sources.doctor import examine

    lines = [versions()]
    lines += [worded(each, sys.platform) for each in await examine()]
    settings, cues = _settings()
    return [*lines, drivers(), settings, await _desktop(cues), recordings()]


def worded(finding: "Finding", system: str) -> Line:
    """A finding about Bluetooth in plain words. system: sys.platform of where it was found."""
    title = TITLES[finding.check]
    if finding.fact == "skipped":
        reason = "this system does not tell" if finding.check == "switch" else "what comes before it is wrong"
        return Line(title, SKIPPED, reason)
    if finding.fact == "ok":
        if finding.check == "scan":
            return _heard(title, finding)
        return Line(title, OK, FINE[finding.check].format(detail=finding.detail))
    says, do = WORDS[finding.fact]
    detail = " ".join(finding.detail.split()) or "it says no more"
    return Line(title, WRONG, says.format(detail=detail.rstrip(".")), ELSEWHERE.get((system, finding.fact), do))


def _heard(title: str, finding: "Finding") -> Line:
    says = f"{finding.heard} {'device' if finding.heard == 1 else 'devices'} heard"
    if not finding.known:
        return Line(
            title, OK, f"{says}, none that sitwell knows", "switch your sensor on, bring it near, close its app"
        )
    return Line(title, OK, f"{says}, {len(finding.known)} that sitwell knows: {', '.join(finding.known)}")


def versions() -> Line:
    """Python, sitwell and what it needs."""
    from importlib.metadata import PackageNotFoundError, requires, version

    title = "Python and packages"
    ours = f"Python {platform.python_version()}, sitwell {__version__}"
    try:
        needed = requires("sitwell") or []
    except PackageNotFoundError:
        return Line(title, WRONG, f"{ours}, not installed as a package", "run `make demo` once, or install it with pip")
    found: list[str] = []
    missing: list[str] = []
    for requirement in needed:
        elsewhere = re.search(r"sys_platform == ['\"](\w+)", requirement)
        if "extra ==" in requirement or (elsewhere and elsewhere[1] != sys.platform):
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Line(title, WRONG, f"{ours}, without {', '.join(missing)}", "install sitwell anew")
    return Line(title, OK, f"{ours}, {', '.join(found)}")


def drivers() -> Line:
    """Drivers of other packages."""
    from monitor.devices import installed

    loaded, wrong = installed()
    if wrong:
        told = "; ".join(" ".join(each.split()) for each in wrong)
        return Line("drivers", WRONG, f"{told[:1].upper()}{told[1:]}", "mend or remove the package that brings it")
    names = f" and {', '.join(driver.name for driver in loaded)}" if loaded else ""
    return Line("drivers", OK, f"sitwell's own{names}")


def _settings() -> "tuple[Line, CueSettings | None]":
    """The wearer's own profile, and its cues where it can be read."""
    from monitor.config import load_cues, load_profile
    from monitor.places import profile_path

    try:
        load_profile()
        cues = load_cues()
    except SitwellError as error:
        return Line("settings", WRONG, str(error).rstrip("."), "mend that file"), None
    return Line("settings", OK, str(profile_path()) if profile_path().exists() else "the defaults"), cues


async def _desktop(cues: "CueSettings | None") -> Line:
    from monitor.cues.desktop import unavailable

    title = "desktop notifications"
    if cues is None or not cues.desktop:
        return Line(title, SKIPPED, "switched off in [cues]" if cues else "the settings cannot be read")
    try:
        reason = await unavailable()
    except ImportError as error:
        reason = f"Desktop notifications cannot be sent ({error}): install sitwell anew."
    if reason is None:
        return Line(title, OK, "available")
    says, _, do = reason.rstrip(".").rpartition(": ")
    return Line(title, WRONG, says, do)


def recordings() -> Line:
    """Whether a recording could be written where they go."""
    import tempfile

    from monitor.places import recordings_dir

    folder = recordings_dir()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        cause = error.strerror or type(error).__name__
        return Line(
            "recordings folder",
            WRONG,
            f"{folder} cannot be written to ({cause})",
            "mend its rights, or record elsewhere with --out",
        )
    return Line("recordings folder", OK, str(folder))
