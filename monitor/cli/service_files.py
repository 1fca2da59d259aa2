"""The files that keep `sitwell live --headless` running: systemd user unit, launchd agent, Windows task. Pure text.

None of them needs an administrator, and all of them start the session again when it ends with an error: a sensor that
is away for a night ends it every ten minutes (`--give-up`), or every twenty seconds where it never came.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from html import escape

from monitor.errors import SitwellError

LABEL = "local.sitwell"  # launchd wants a name in reverse-DNS style; sitwell owns no domain
DESCRIPTION = "sitwell: records how you sit, all day"
RESTART_S = 30  # after an error: soon enough for a sensor that is back, seldom enough for a night without one
STOP_S = 30  # to say goodbye to the sensor and close the recording; a Bluetooth service that hangs takes 17 s

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@+,-")
_NO_PROGRAM = frozenset("\"'\\$")  # systemd takes no program with quotes or backslashes, and expands $ in its argv[0]


def session_command(python: str, sensor: str | None = None, rate_hz: float | None = None) -> list[str]:
    """Program and arguments of the session. python: absolute path of the interpreter that has sitwell.

    -P: a file called monitor.py in the folder it happens to start in must not take sitwell's place.
    """
    command = [python, "-P", "-m", "monitor", "live", "--headless"]
    command += [] if sensor is None else [f"--sensor={sensor}"]
    return command + ([] if rate_hz is None else [f"--rate={rate_hz:.10g}"])


def systemd_unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The unit for the wearer's own systemd. Raises SitwellError for a word that no file can hold."""
    writable(*command, *environment.values())
    program = [*command]
    if _NO_PROGRAM & set(command[0]):
        program = ["/bin/sh", "-c", 'exec "$0" "$@"', *command]
    words = [systemd_word(program[0]), *(systemd_word(word.replace("$", "$$")) for word in program[1:])]
    lines = [
        "# Written by `sitwell service install`.",
        "[Unit]",
        f"Description={DESCRIPTION}",
        "# It may fail as often as it likes: a night without the sensor is some hundred starts.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=simple",
        f"ExecStart={' '.join(words)}",
        *(f"Environment={systemd_word(f'{name}={value}')}" for name, value in environment.items()),
        "Restart=on-failure",
        f"RestartSec={RESTART_S}",
        "# A wrong option does not heal by itself.",
        "RestartPreventExitStatus=2",
        "KillSignal=SIGTERM",
        f"TimeoutStopSec={STOP_S}",
        "StandardOutput=journal",
        "StandardError=journal",
        "SyslogIdentifier=sitwell",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return "\n".join(lines) + "\n"


def systemd_word(word: str) -> str:
    """One item of a setting, quoted if it must be; % is doubled. `$` is left to the caller: only commands expand it."""
    safe = word.replace("%", "%%")
    if safe and set(word) <= _PLAIN:
        return safe
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def launchd_agent(command: Sequence[str], environment: Mapping[str, str], log: str) -> str:
    """The property list for the wearer's own launchd. log: absolute path of the file for what the session says."""
    import plistlib

    writable(*command, *environment.values(), log)
    agent = {
        "Label": LABEL,
        "ProgramArguments": [*command],
        "EnvironmentVariables": {"PYTHONUNBUFFERED": "1", **environment},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": RESTART_S,
        "ExitTimeOut": STOP_S,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    return plistlib.dumps(agent, sort_keys=False).decode("utf-8")


def windows_task(command: Sequence[str], user: str) -> str:
    """The task for Windows' scheduler; user: DOMAIN\\name. Write it as UTF-16.

    RestartOnFailure covers a program that cannot be started only; one that ends with an error is started again by the
    repetition, which does nothing while it runs.

    Raises SitwellError for words that Windows would change: it has no way to write %NAME% so that it stays as it is.
    """  # noqa: D301 - the backslash is meant
    import subprocess

    writable(*command, user)
    arguments = subprocess.list2cmdline(command[1:])
    for text in (command[0], arguments):
        if text.count("%") > 1:
            raise SitwellError(
                f"Windows would read what stands between the % of {text!r} as a variable: name the sensor by its "
                "address, or install sitwell in a folder without %."
            )
    # No encoding is declared: the scheduler reads the file into text of its own before it reads the XML.
    return f"""<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{DESCRIPTION}. Written by `sitwell service install`.</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Repetition>
        <Interval>PT1M</Interval>
      </Repetition>
      <UserId>{_xml(user)}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{_xml(user)}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
    <Priority>5</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{_xml(command[0])}</Command>
      <Arguments>{_xml(arguments)}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


def writable(*words: str) -> None:
    """Raise SitwellError for a word with a character that XML or systemd refuses: a control, half of a pair."""
    for word in words:
        if any(unicodedata.category(each) in {"Cc", "Cs"} or _no_character(ord(each)) for each in word):
            raise SitwellError(
                f"{word!r} cannot stand in a service file: name the sensor by its address, or move sitwell to a folder "
                "with a plain name."
            )


def _no_character(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _xml(text: str) -> str:
    return escape(text, quote=False)
