"""import, export, analyze: as a user types them."""

import json
import sqlite3

import numpy as np
import pytest
from click.testing import CliRunner

from monitor.cli import sitwell
from monitor.errors import SitwellError
from monitor.sources.simulator import SHORT_DAY, Wearer
from monitor.storage.recording import Recording

HEADER = "time_s,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,gyr_z_dps"


def run(*arguments):
    return CliRunner().invoke(sitwell, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """A minute of the simulated wearer as canonical CSV, with a gap of 20 s."""
    path = tmp_path_factory.mktemp("cli") / "in.csv"
    t = np.arange(0.0, 80.0, 0.01)
    t = t[(t < 40.0) | (t >= 60.0)]
    acc, gyr = Wearer(SHORT_DAY)(t)
    rows = np.column_stack((t, acc, gyr)).tolist()
    path.write_text(HEADER + "\n" + "\n".join(",".join(map(repr, row)) for row in rows) + "\n")
    return path


@pytest.fixture(scope="module")
def rec(csv):
    out = csv.with_name("in.sqlite")
    assert run("import", csv, out).exit_code == 0
    return out


def test_import_then_export_gives_the_same_numbers(csv, rec, tmp_path):
    out = tmp_path / "out.csv"
    assert run("export", rec, out).exit_code == 0
    assert out.read_text() == csv.read_text()


def test_export_to_standard_output_is_data_only(csv, rec):
    result = run("export", rec, "-")
    assert result.stdout == csv.read_text()
    assert "samples written" in result.stderr


def test_export_does_not_overwrite_unless_told(rec, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    with pytest.raises(SitwellError, match="--force"):
        run("export", rec, out)
    assert out.read_text() == "mine"
    assert run("export", rec, out, "--force").exit_code == 0


def test_import_splits_at_the_gap_and_says_so(csv, tmp_path):
    result = run("import", csv, tmp_path / "r.sqlite")
    assert "1 gap" in result.stderr
    with Recording.open(tmp_path / "r.sqlite") as recording:
        kinds = [type(r).__name__ for r in recording.records()]
    assert kinds.count("Gap") == 1


def test_analyze_writes_the_contracts(rec, tmp_path):
    samples, epochs, events = tmp_path / "s.csv", tmp_path / "e.csv", tmp_path / "v.jsonl"
    result = run("analyze", rec, "--samples", samples, "--epochs", epochs, "--events", events, "--json")
    figures = json.loads(result.stdout)
    assert figures["samples"] == 6000
    assert samples.read_text().splitlines()[0] == "t_s,up_x,up_y,up_z,tilt_deg,obliquity_deg"
    assert len(samples.read_text().splitlines()) == 6001
    lines = epochs.read_text().splitlines()
    assert lines[0] == "t_s,posture,posture_p,tilt_deg,obliquity_deg,still,motion_mg,steps"
    assert len(lines) == 81
    named = {line.split(",")[1] for line in lines[1:]}
    assert {"walking", "sitting", "no-data"} <= named
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    assert {"bout", "gap", "posture", "reference"} <= {row["type"] for row in rows}
    (gap,) = [row for row in rows if row["type"] == "gap"]
    assert gap["end_s"] == 60.0
    assert figures["postures"]["walking"] == sum(line.split(",")[1] == "walking" for line in lines)


def test_the_report_says_how_the_day_was_spent(rec):
    figures = json.loads(run("analyze", rec, "--json").stdout)
    assert figures["sitting_s"] == figures["postures"]["sitting"] > 0
    assert figures["sitting_bouts"] >= 1
    assert figures["longest_sitting_s"] >= figures["w50_sitting_s"] >= figures["median_sitting_s"] > 0
    assert figures["walking_bouts"] == 1
    assert 90.0 <= figures["cadence_steps_per_min"] <= 60 * 1.85  # the script's, less its beginning and end
    assert figures["breaks_per_sitting_h"] == figures["breaks"] == figures["sitting_bouts_over_20_min"] == 0
    text = run("analyze", rec).stdout
    assert "1 walk, " in text
    assert f"{figures['sitting_bouts']}   of sitting: 0 over 20 min, 0 over 30 min, 0 over 60 min" in text
    assert max(map(len, text.splitlines()[1:])) <= 80


@pytest.mark.parametrize("option", ["--no-gyro", "--hindsight"])
def test_analyze_takes_its_options(rec, option):
    result = run("analyze", rec, option)
    assert result.exit_code == 0
    assert "walking" in result.stdout


def test_several_recordings_give_a_list_but_no_single_table(rec, tmp_path):
    assert len(json.loads(run("analyze", rec, rec, "--json").stdout)) == 2
    assert run("analyze", rec, rec, "--epochs", tmp_path / "e.csv").exit_code == 2


def test_an_unknown_ending_is_told(rec, tmp_path):
    with pytest.raises(SitwellError, match=r"\.csv, \.jsonl, \.parquet"):
        run("analyze", rec, "--epochs", tmp_path / "e.xyz")


def test_analyze_writes_parquet(rec, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    samples, epochs, events = (tmp_path / f"{name}.parquet" for name in "sev")
    assert run("analyze", rec, "--samples", samples, "--epochs", epochs, "--events", events).exit_code == 0
    assert [parquet.read_metadata(path).num_rows for path in (samples, epochs)] == [6000, 80]
    assert "gap" in parquet.read_table(events).column("type").to_pylist()


def test_a_recording_without_a_walk_says_why_it_knows_nothing(tmp_path):
    path = tmp_path / "i.csv"
    path.write_text("time_s,acc_x_g,acc_y_g,acc_z_g\n" + "\n".join(f"{k / 50},0,1,0" for k in range(500)) + "\n")
    run("import", path, tmp_path / "r.sqlite")
    result = run("analyze", tmp_path / "r.sqlite")
    assert "there is no zero" in result.stdout


BAD = {
    "nan": ("1.0,0,nan,0", "line 4"),
    "text": ("1.0,0,one,0", "line 4"),
    "reversed": ("0.0,0,1,0", "line 4"),
    "duplicate": ("0.02,0,1,0", "line 4"),
    "short": ("1.0,0,1", "line 4"),
    "infinite": ("1.0,0,inf,0", "line 4"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_csv_is_refused_in_one_sentence_with_its_line(case, tmp_path):
    row, where = BAD[case]
    path, out = tmp_path / "bad.csv", tmp_path / "r.sqlite"
    path.write_text(f"time_s,acc_x_g,acc_y_g,acc_z_g\n0.01,0,1,0\n0.02,0,1,0\n{row}\n")
    with pytest.raises(SitwellError, match=where) as caught:
        run("import", path, out)
    assert "\n" not in str(caught.value)
    assert not out.exists()


def test_import_does_not_overwrite(csv, rec):
    with pytest.raises(SitwellError, match="exists already"):
        run("import", csv, rec)


@pytest.mark.parametrize("verb", ["analyze", "export", "replay"])
def test_foreign_and_truncated_files_are_refused(verb, rec, tmp_path, monkeypatch):
    foreign = tmp_path / "foreign.sqlite"
    sqlite3.connect(foreign).execute("create table t (x)").connection.close()
    truncated = tmp_path / "truncated.sqlite"
    truncated.write_bytes(rec.read_bytes()[: rec.stat().st_size // 2])
    text = tmp_path / "text.sqlite"
    text.write_text("no database at all, but long enough to look like a file" * 30)
    monkeypatch.setattr("monitor.cli.running.check_terminal", lambda: None)
    for path in (foreign, truncated, text):
        more = [tmp_path / "out.csv"] if verb == "export" else []
        with pytest.raises(SitwellError) as caught:
            run(verb, path, *more)
        assert str(caught.value).rstrip(".").count("\n") == 0
        assert path.name in str(caught.value)


def test_a_missing_file_is_a_usage_error(tmp_path):
    assert run("analyze", tmp_path / "none.sqlite").exit_code == 2
