"""Options that several verbs share, and the types they are read with."""

import re
from pathlib import Path
from typing import Any

import click

UNITS_S = {"": 1.0, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT = click.Path(dir_okay=False, path_type=Path)


class Duration(click.ParamType[float]):
    """Seconds, read from 20s, 5min, 1h30min or a bare number of seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds as float; a usage error for anything else."""
        if isinstance(value, int | float):
            return float(value)
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]*)", str(value).strip().lower())
        whole = "".join(f"{number}{unit}" for number, unit in parts)
        if not parts or whole != re.sub(r"\s+", "", str(value).lower()) or any(u not in UNITS_S for _, u in parts):
            self.fail(f"{value!r} is no duration; write 20s, 5min or 1h30min.", param, ctx)
        return sum(float(number) * UNITS_S[unit] for number, unit in parts)


profile_option = click.option(
    "--profile", "profile_path", type=EXISTING, help="Settings to use instead of your profile.toml."
)
duration_option = click.option(
    "--for", "for_s", type=Duration(), metavar="TIME", help="Stop after this long, such as 20s or 5min."
)
headless_option = click.option("--headless", is_flag=True, help="Run without a screen.")
plain_option = click.option(
    "--plain",
    is_flag=True,
    help="No screen: one line of text when something changes, for a screen reader or a pipe.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
out_option = click.option("--out", type=OUTPUT, help="Where to record; default: a new file in your recordings folder.")
rate_option = click.option(
    "--rate", "rate_hz", type=float, help="Samples a second to ask the sensor for; default: the best for it."
)
