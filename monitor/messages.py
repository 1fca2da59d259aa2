"""What sitwell says to the wearer about prompts, from one catalogue: messages_<language>.toml beside this file.

A translation is another file with the same keys. SITWELL_LANG names the language; what a catalogue lacks is said in
English.
"""

import functools
import os
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, cast

ENGLISH = "en"


def text(key: str, default: str | None = None, /, **figures: object) -> str:
    """The message of this dotted key with the figures filled in; where there is none, the default, else the key."""
    for catalogue in (_catalogue(os.environ.get("SITWELL_LANG", ENGLISH)), _catalogue(ENGLISH)):
        if key in catalogue:
            return catalogue[key].format(**figures) if figures else catalogue[key]
    return key if default is None else default


@functools.cache
def _catalogue(language: str) -> Mapping[str, str]:
    """Messages by dotted key; empty where there is no such language."""
    source = files("monitor").joinpath(f"messages_{language}.toml") if language.isalpha() else None
    if source is None or not source.is_file():
        return {}
    found: dict[str, str] = {}
    _flatten("", tomllib.loads(source.read_text(encoding="utf-8")), found)
    return found


def _flatten(prefix: str, table: Mapping[str, Any], found: dict[str, str]) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}{key}.", cast("dict[str, Any]", value), found)
        else:
            found[f"{prefix}{key}"] = str(value)
