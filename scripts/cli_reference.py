"""Write docs/cli.md from the commands themselves: python scripts/cli_reference.py."""

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


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and all below it."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from commands(command.commands[name], (*path, name))


def reference() -> str:
    """The whole page."""
    parts = [HEAD]
    for path, command in commands(sitwell, ("sitwell",)):
        name = " ".join(path)
        context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
        parts.append(f"## {name}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    OUT.write_text(reference(), encoding="utf-8")
