"""The computer's clock is set back by an hour in the middle of a session, as by a time server or a traveller."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import sitwell
from monitor.storage.integrity import verify
from monitor.storage.recording import Recording
from monitor.stream import Gap, Samples, Tick, join


def test_a_clock_set_back_moves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    true_time, began, asked = time.time, time.monotonic(), []

    def set_back():
        asked.append(time.monotonic())
        return true_time() - (3600.0 if asked[-1] - began > 3.0 else 0.0)

    monkeypatch.setattr(time, "time", set_back)
    before = true_time()
    result = CliRunner().invoke(sitwell, ["demo", "--headless", "--json", "--for", "5s", "--speed", "4"])
    assert result.exit_code == 0, result.output
    assert asked
    figures = json.loads(result.stdout)
    with Recording.open(figures["recording"]) as recording:
        assert recording.meta.started_utc_s == pytest.approx(before, abs=5)
        records = list(recording.records())
        ticks = [record.t_s for record in records if isinstance(record, Tick)]
        block = join([record for record in records if isinstance(record, Samples)])
    assert ticks == sorted(ticks)
    assert (block.t_s[1:] > block.t_s[:-1]).all()
    assert block.t_s[-1] - block.t_s[0] == pytest.approx(20.0, abs=1.5)
    assert sum(r.end_s - r.start_s for r in records if isinstance(r, Gap)) < 0.5
    assert verify(Path(figures["recording"])).whole


def test_a_second_session_in_an_hour_that_comes_twice_has_a_name_of_its_own(tmp_path):
    """In autumn, or after the clock was set back, the local time in the name comes twice: nothing is overwritten."""
    from monitor.cli.running import new_recording_path

    first = new_recording_path(tmp_path, "live")
    first.write_text("a session")
    second = new_recording_path(tmp_path, "live")
    assert first != second
