"""import, as a user types it."""

import click
import numpy as np
import pytest
from click.testing import CliRunner

from monitor.cli.imports import FORMAT_NAMES, TIME_UNITS, import_
from monitor.errors import SitwellError
from monitor.storage.importers.formats import NAMES
from monitor.storage.importers.times import FORMS
from monitor.storage.recording import Recording
from monitor.stream import Samples

CANONICAL = "time_s,acc_x_g,acc_y_g,acc_z_g\n" + "".join(f"{k / 50},0,1,0\n" for k in range(200))
MINE = "when,x,y,z\n" + "".join(f"2026-07-03 12:00:0{k // 10}.{k % 10},0,1000,0\n" for k in range(50))


def run(*arguments):
    return CliRunner().invoke(import_, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture
def file(tmp_path):
    def write(text, name="in.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def acc_of(path):
    with Recording.open(path) as recording:
        records = [record for record in recording.records() if isinstance(record, Samples)]
        return recording.meta, np.concatenate([record.acc_g for record in records])


def test_the_options_name_what_there_is():
    assert FORMAT_NAMES == NAMES
    assert set(TIME_UNITS) == set(FORMS)


def test_canonical_csv_needs_no_option_and_little_is_said(file, tmp_path):
    result = run(file(CANONICAL), tmp_path / "o.sqlite")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == f"{tmp_path / 'o.sqlite'}: 200 samples, 0:00:03 at 50 Hz, without gyroscope\n"
    assert len(acc_of(tmp_path / "o.sqlite")[1]) == 200


def test_columns_of_ones_own_are_told_back(file, tmp_path):
    out = tmp_path / "o.sqlite"
    options = ("--time", "when", "--acc", "x,y,z", "--acc-unit", "mg", "--zone", "Europe/Vienna", "--sensor", "mine")
    result = run(file(MINE), out, *options)
    assert result.exit_code == 0
    assert result.stdout == ""
    for words in ("when: date and time", "x, y, z: mg", "2026-07-03 12:00:00 Europe/Vienna", "10 Hz", "50 samples"):
        assert words in result.stderr
    meta, acc_g = acc_of(out)
    assert (meta.sensor, meta.zone, meta.utc_offset_s) == ("mine", "Europe/Vienna", 7200)
    assert acc_g.tolist() == [[0.0, 1.0, 0.0]] * 50


def test_a_preview_writes_nothing_and_prints_on_the_standard_output(file, tmp_path):
    result = run(file(MINE), "--time", "1", "--acc", "2,3,4", "--acc-unit", "mg", "--preview")
    assert result.exit_code == 0
    assert "when: date and time" in result.stdout
    assert "tell no zone" in result.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_an_unknown_file_is_refused_with_its_columns(file, tmp_path):
    with pytest.raises(SitwellError, match=r"--time, --acc and --gyr; found are when, x, y, z\.$"):
        run(file(MINE), tmp_path / "o.sqlite")
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_a_second_file_has_the_angular_rate(file, tmp_path):
    gyr = file("s,a,b,c\n" + "".join(f"{k / 20},{k},0,0\n" for k in range(100)), "g.csv")
    acc = file("s,x,y,z\n" + "".join(f"{k / 10},0,1,0\n" for k in range(60)), "a.csv")
    out = tmp_path / "o.sqlite"
    result = run(acc, out, "--time", "s", "--acc", "x,y,z", "--gyr-file", gyr, "--gyr", "a,b,c", "--gyr-unit", "mdps")
    assert result.exit_code == 0
    assert "10 of 60 rows were left out: there is no angular rate at their time." in result.stderr
    with Recording.open(out) as recording:
        samples = [record for record in recording.records() if isinstance(record, Samples)]
    assert np.concatenate([each.gyr_dps for each in samples])[:, 0].tolist() == [k * 2 / 1000 for k in range(50)]


def test_rows_at_a_rate_without_a_header(file, tmp_path):
    path = file("".join("0 1 0\n" for _ in range(30)))
    result = run(path, tmp_path / "o.sqlite", "--acc", "1,2,3", "--rate", "25", "--no-header")
    assert result.exit_code == 0
    assert "30 samples, 0:00:01 at 25 Hz" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--time", "when"),
        ("--acc", "x,y", "--time", "when"),
        ("--acc", "x,y,z"),
        ("--acc", "x,y,z", "--time", "when", "--rate", "50"),
        ("--acc", "x,y,z", "--time", "a,b,c"),
        ("--acc", "x,y,z", "--time", "when", "--format", "phyphox"),
        ("--rate", "0"),
        ("--format", "excel"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(file, tmp_path, options):
    assert run(file(MINE), tmp_path / "o.sqlite", *options).exit_code == click.UsageError.exit_code


def test_the_recording_must_be_named(file):
    result = run(file(CANONICAL))
    assert result.exit_code == 2
    assert "OUT.sqlite" in result.stderr


def test_an_existing_recording_is_not_touched(file, tmp_path):
    (tmp_path / "o.sqlite").write_text("mine")
    with pytest.raises(SitwellError, match="exists already"):
        run(file(CANONICAL), tmp_path / "o.sqlite")
    assert (tmp_path / "o.sqlite").read_text() == "mine"
