"""sitwell export: as a user types it."""

import csv
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from monitor.cli.exports import export
from monitor.cli.files import analyze
from monitor.config import profile_to_mapping
from monitor.errors import SitwellError
from monitor.profile import Profile
from monitor.sources.simulator import SHORT_DAY, Wearer
from monitor.storage.importers.canonical import import_csv
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import Link, LinkState, Mark, Samples

START_S = 1000.25


def run(*arguments, verb=export):
    return CliRunner().invoke(verb, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def rec(tmp_path_factory):
    """Half a minute of the simulated wearer, with names and dates in it."""
    path = tmp_path_factory.mktemp("exports") / "morning.sqlite"
    t_s = np.round(np.arange(0.0, 30.0, 0.01), 6)
    acc_g, gyr_dps = Wearer(SHORT_DAY)(t_s)
    meta = Meta(
        sensor="WT901 of Ada", rate_hz=100.0, gyro=True, started_utc_s=1.7e9, zone="Europe/Vienna", utc_offset_s=3600,
        source="live", app_version="0", firmware="fw1.7beta", profile=profile_to_mapping(Profile()),
    )  # fmt: skip
    with Recorder.create(path, meta) as recorder:
        recorder.write(Link(START_S, LinkState.CONNECTED, "AA:BB:CC"))
        recorder.write(Samples(np.round(t_s + START_S, 6), acc_g, gyr_dps))
        recorder.write(Mark(START_S + 29.0, "Ada's tea", "secret"))
    return path


def test_csv_by_its_ending_and_to_standard_output(rec, tmp_path):
    result = run(rec, tmp_path / "a.csv")
    assert result.stderr == "3000 samples written\n"
    assert run(rec, "-").stdout == (tmp_path / "a.csv").read_text()
    import_csv(tmp_path / "a.csv", tmp_path / "b.sqlite")
    run(tmp_path / "b.sqlite", tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()


def test_parquet_by_its_ending_holds_what_csv_holds(rec, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    assert run(rec, tmp_path / "a.parquet").exit_code == 0
    table = parquet.read_table(tmp_path / "a.parquet")
    rows = list(csv.reader(run(rec, "-").stdout.splitlines()))
    assert table.column_names == rows[0]
    values = np.column_stack([table.column(name).to_numpy() for name in rows[0]])
    assert (values == np.array(rows[1:], dtype=float)).all()


def test_motion_bids_into_a_folder(rec, tmp_path):
    root = tmp_path / "set"
    assert run(rec, root, "--format", "motion-bids").stderr == "3000 samples written\n"
    assert run(rec, root, "--subject", "02", "--task", "desk", "--session", "am").exit_code == 0  # its options tell
    assert run(rec, root, "--subject", "03").exit_code == 0
    names = sorted(each.name for each in root.rglob("*_motion.tsv"))
    assert names == [
        "sub-01_task-day_tracksys-imu_motion.tsv",
        "sub-02_ses-am_task-desk_tracksys-imu_motion.tsv",
        "sub-03_task-day_tracksys-imu_motion.tsv",
    ]
    with pytest.raises(SitwellError, match="--force"):
        run(rec, root)
    assert run(rec, root, "--force").exit_code == 0


@pytest.mark.parametrize("kind", ["epochs", "events"])
def test_tables_are_those_of_analyze(rec, tmp_path, kind):
    for ending in ("csv", "jsonl"):
        assert run(rec, tmp_path / f"a.{ending}", "--format", kind).stderr == f"{kind} written\n"
        run(rec, f"--{kind}", tmp_path / f"b.{ending}", verb=analyze)
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    if kind == "epochs":
        assert len((tmp_path / "a.csv").read_text().splitlines()) >= 30


def everything(folder):
    return "".join(each.name + each.read_bytes().decode("latin-1") for each in folder.rglob("*") if each.is_file())


def test_anonymised_tells_no_names_and_dates(rec, tmp_path):
    endings = ["csv", "parquet"] if importlib.util.find_spec("pyarrow") else ["csv"]
    (tmp_path / "out").mkdir()
    for ending in endings:
        assert run(rec, tmp_path / "out" / f"a.{ending}", "--anonymise").exit_code == 0
    assert run(rec, tmp_path / "out" / "set", "--format", "motion-bids", "--anonymise").exit_code == 0
    for kind in ("epochs", "events"):
        assert run(rec, tmp_path / "out" / f"{kind}.jsonl", "--format", kind, "--anonymise").exit_code == 0
    text = everything(tmp_path / "out")
    for told in ("Ada", "AA:BB", "secret", "Vienna", "1700000", "2023-11", "fw1.7"):
        assert told not in text
    rows = list(csv.reader((tmp_path / "out" / "a.csv").read_text().splitlines()))
    whole = list(csv.reader(run(rec, "-").stdout.splitlines()))
    assert rows[1][0] == "0.25"
    assert [row[1:] for row in rows] == [row[1:] for row in whole]
    epochs = [json.loads(line) for line in (tmp_path / "out" / "epochs.jsonl").read_text().splitlines()]
    run(rec, tmp_path / "named.jsonl", "--format", "epochs")
    named = [json.loads(line) for line in (tmp_path / "named.jsonl").read_text().splitlines()]
    assert [{**epoch, "t_s": epoch["t_s"] + 1000} for epoch in epochs] == named


def test_the_wearers_own_settings_stay_out_of_anonymous_events(rec, tmp_path, monkeypatch):
    """An import has no settings; without --anonymise the wearer's would be used, with the names in them."""
    import_csv_path = tmp_path / "a.csv"
    run(rec, import_csv_path)
    import_csv(import_csv_path, tmp_path / "i.sqlite")
    config = tmp_path / "config" / "sitwell"
    config.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (config / "profile.toml").write_text("this is no TOML")
    with pytest.raises(SitwellError):
        run(tmp_path / "i.sqlite", tmp_path / "e.jsonl", "--format", "events")
    assert not (tmp_path / "e.jsonl").exists()
    assert run(tmp_path / "i.sqlite", tmp_path / "e.jsonl", "--format", "events", "--anonymise").exit_code == 0


def test_nothing_is_replaced_unless_forced(rec, tmp_path):
    for name, more in (("a.csv", ()), ("e.csv", ("--format", "epochs"))):
        out = tmp_path / name
        out.write_text("mine")
        with pytest.raises(SitwellError, match="--force"):
            run(rec, out, *more)
        assert out.read_text() == "mine"
        assert run(rec, out, *more, "--force").exit_code == 0
        assert out.read_text() != "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "e.csv"]


def test_what_does_not_fit_is_told(rec, tmp_path):
    assert run(rec, "-", "--format", "parquet").exit_code == 2
    assert run(rec, tmp_path / "a.csv", "--format", "csv", "--task", "x").exit_code == 2
    with pytest.raises(SitwellError, match=r"\.csv or \.parquet"):
        run(rec, tmp_path / "a.xlsx")
    with pytest.raises(SitwellError, match=r"one of \.csv, \.jsonl, \.parquet"):
        run(rec, tmp_path / "a.xlsx", "--format", "epochs")
    with pytest.raises(SitwellError, match="is a folder"):
        run(rec, tmp_path, "--format", "csv")
    with pytest.raises(SitwellError, match="letters and digits only"):
        run(rec, tmp_path / "set", "--subject", "Ada L")
    assert list(tmp_path.iterdir()) == []


def test_the_module_imports_nothing_slow():
    code = "import sys, monitor.cli.exports; print(sorted({'numpy', 'sqlite3', 'pyarrow', 'scipy'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert run.stdout == "[]\n"
