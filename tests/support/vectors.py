"""Test vectors of the sensors: ours in firmware-notes, and those of the shared facts where they are beside us."""

import json
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SHARED = REPO / ".." / "shared" / "facts" / "ble-vectors.json"


def own(name, direction=None):
    """The vectors of firmware-notes/<name>.vectors.jsonl; of one direction, where it is given."""
    text = (REPO / "firmware-notes" / f"{name}.vectors.jsonl").read_text(encoding="utf-8")
    return [v for v in map(json.loads, text.splitlines()) if direction in {None, v["direction"]}]


def shared(device):
    """The captured and documented vectors of the devices whose name has `device` in it; skips where there are none."""
    if not SHARED.exists():
        pytest.skip("the shared facts with the hardware captures are not beside this checkout")
    return [v for v in json.loads(SHARED.read_text(encoding="utf-8")) if device in v["device"]]
