"""Write docs/cli.md from the commands themselves: python scripts/cli_reference.py; with --print, to stdout."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from monitor.cli import sitwell

OUT = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = """# Commands

Made by `scripts/cli_reference.py` from `--help`; do not edit.

`stdout` is data, `stderr` is talk. Exit code 1 is an error of ours, told in one sentence; 2 is wrong usage.
`NO_COLOR` is honoured.
"""


def contexts(command: click.Command, name: str, parent: click.Context | None) -> Iterator[click.Context]:
    """The context of the command and of all below it, as when they are called."""
    settings = command.context_settings | {"terminal_width": 100, "max_content_width": 100}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context
    if isinstance(command, click.Group):
        for below in sorted(command.commands):
            yield from contexts(command.commands[below], below, context)


def reference() -> str:
    """The whole page."""
    sections = (
        f"## {c.command_path}\n\n```text\n{c.get_help().rstrip()}\n```\n" for c in contexts(sitwell, "sitwell", None)
    )
    return "\n".join((HEAD, *sections))


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.buffer.write(reference().encode())
    else:
        OUT.write_text(reference(), encoding="utf-8")
