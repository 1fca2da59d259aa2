"""Canonical CSV comes in exactly, and a bad file is refused in one sentence with its line, leaving nothing behind."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import FileFormatError, RecordingError, SitwellError
from monitor.storage.importers import canonical as importers
from monitor.storage.importers import parsing
from monitor.storage.importers.canonical import import_csv
from monitor.storage.recording import Recording
from monitor.stream import Gap, Samples

ACC = "time_s,acc_x_g,acc_y_g,acc_z_g"
GYR = ACC + ",gyr_x_dps,gyr_y_dps,gyr_z_dps"


def rows(n: int, start_s: float = 0.0, acc: str = "0.1,0.98,-0.1") -> list[str]:
    return [f"{start_s + k / 50},{acc}" for k in range(n)]


def read(path):
    with Recording.open(path) as recording:
        records = list(recording.records())
        return recording.meta, records, np.concatenate([r.t_s for r in records if isinstance(r, Samples)])


@pytest.fixture
def csv(tmp_path):
    def write(lines, name="in.csv"):
        path = tmp_path / name
        path.write_bytes(lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode())
        return path

    return write


def test_values_are_taken_exactly(csv, tmp_path):
    texts = ["1000000000.1", "1000000000.12", "1000000000.1400001", "1000000000.16"]
    lines = [f"{t},1e-3,.5,+1.,{2 / 3!r},-0.0,-1999.93896484375" for t in texts]
    report = import_csv(csv([GYR, *lines]), tmp_path / "out.sqlite")
    meta, records, t_s = read(tmp_path / "out.sqlite")
    assert t_s.tolist() == [float(text) for text in texts]
    assert records[0].acc_g[0].tolist() == [1e-3, 0.5, 1.0]
    assert records[0].gyr_dps[0].tolist() == [2 / 3, 0.0, -1999.93896484375]
    assert np.signbit(records[0].gyr_dps[0, 1])
    assert (meta.source, meta.gyro, meta.started_utc_s, meta.zone, meta.rate_hz) == ("import", True, 0.0, "", 50.0)
    assert (report.samples, report.gaps, report.gyro) == (4, 0, True)
    assert (report.start_s, report.end_s) == (float(texts[0]), float(texts[-1]))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.csv", "out.sqlite"]


@given(st.lists(st.floats(0, 1e6, allow_subnormal=True), min_size=2, max_size=30, unique=True), st.randoms())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_of_a_number_rounds_as_python_does(tmp_path_factory, values, random):
    """Digits beyond the 17th included: the parser must round correctly, half-way cases too."""
    folder = tmp_path_factory.mktemp("csv")
    texts = [f"{value / 1e5:.{random.randint(0, 30)}f}" for value in values]
    texts = [text if "." in text else text + ".0" for text in texts]
    lines = [f"{k / 50},{text},{text}1,{text}{random.randint(0, 10**12)}" for k, text in enumerate(texts)]
    (folder / "in.csv").write_text("\n".join([ACC, *lines]))
    try:
        import_csv(folder / "in.csv", folder / "out.sqlite")
    except FileFormatError as error:
        assert "m/s²" in str(error)  # noqa: PT017  # the numbers happen to look so
        return
    with Recording.open(folder / "out.sqlite") as recording:
        acc_g = np.concatenate([record.acc_g for record in recording.records()])
    assert acc_g.tolist() == [[float(field) for field in line.split(",")[1:]] for line in lines]


def test_columns_in_any_order_with_bom_spaces_crlf_and_blank_lines(csv, tmp_path):
    text = "\ufeff acc_z_g , time_s,acc_x_g,acc_y_g\r\n.3, 0.00 ,.1,.2\r\n\r\n.6,0.02,.4,.5\r\n  \r\n.9,0.04,.7,.8"
    import_csv(csv(text.encode()), tmp_path / "out.sqlite")
    _, records, t_s = read(tmp_path / "out.sqlite")
    assert t_s.tolist() == [0.0, 0.02, 0.04]
    assert records[0].acc_g.tolist() == [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]


def test_splits_at_gaps_also_between_blocks(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(importers, "_BLOCK_BYTES", 1000)
    lines = [ACC, *rows(100), *rows(50, 2.48), *rows(100, 10.0), *rows(3, 3600.0)]
    report = import_csv(csv(lines), tmp_path / "out.sqlite")
    _, records, t_s = read(tmp_path / "out.sqlite")
    assert [record for record in records if isinstance(record, Gap)] == [
        Gap(3.46 + 0.02, 10.0, "no samples in the file"),
        Gap(pytest.approx(12.0), 3600.0, "no samples in the file"),
    ]
    assert (report.gaps, report.samples, report.rate_hz) == (2, 253, 50.0)
    assert t_s.tolist() == [float(line.split(",")[0]) for line in lines[1:]]
    places = [number for number, record in enumerate(records) if isinstance(record, Gap)]
    assert [records[place + 1].t_s[0] for place in places] == [10.0, 3600.0]


@pytest.mark.parametrize(
    ("rate_hz", "digits", "told"),
    [
        (100.0, 6, 100.0),
        (99.3, 6, 99.3),
        (64.0, 3, 64.0),
        (25.0, 2, 25.0),
        (12.5, 6, 12.5),
        (1000.0, 6, 1000.0),
        (3.0, 9, 3.0),
    ],
)
def test_rate_is_told_from_coarse_stamps_and_despite_gaps(csv, tmp_path, rate_hz, digits, told):
    times = [round(k / rate_hz, digits) for k in range(400) if not 100 <= k < 220]
    report = import_csv(csv([ACC, *(f"{t!r},0,1,0" for t in times)]), tmp_path / "out.sqlite")
    assert report.rate_hz == pytest.approx(told, rel=2e-3)
    assert report.gaps == (1 if 120 / rate_hz > max(0.5, 5 / rate_hz) else 0)


GOOD = rows(5)
BAD = {
    "empty": (b"", None, "is empty"),
    "nothing but blank lines": ([ACC, "", "", ""], 4, "no rows"),
    "header only": ([ACC], 1, "no rows"),
    "one row": ([ACC, "0,0,1,0"], 2, "one row"),
    "unknown column": (["time_s,acc_x_g,acc_y_g,acc_z", *GOOD], 1, "'acc_z': acc_z_g may be meant"),
    "far column": ([ACC + ",temperature", *GOOD], 1, "'temperature': known are time_s"),
    "missing column": (["time_s,acc_x_g,acc_z_g", "0,0,1"], 1, "column acc_y_g is missing"),
    "two of three gyr": ([ACC + ",gyr_x_dps,gyr_y_dps", "0,0,1,0,0,0"], 1, "gyr_z_dps is missing"),
    "twice": ([ACC + ",acc_x_g", "0,0,1,0,0"], 1, "acc_x_g is there twice"),
    "semicolons": (ACC.replace(",", ";").encode(), 1, "separated by commas"),
    "no header": (GOOD, 1, "unknown column '0.0'"),
    "too few": ([ACC, *GOOD, "0.1,0,1"], 7, "3 fields, but the header has 4"),
    "too many": ([ACC, *GOOD[:3], "0.06,0,1,0,0", *GOOD[4:]], 5, "5 fields"),
    "all too many": ([ACC, *(row + ",0" for row in GOOD)], 2, "5 fields"),
    "text": ([ACC, *GOOD, "0.1,0,one,0"], 7, "acc_y_g is 'one', not a number"),
    "underscore": ([ACC, *GOOD, "0.1,0,1_0,0"], 7, "'1_0', not a number"),
    "hexadecimal": ([ACC, *GOOD, "0.1,0,0x1,0"], 7, "not a number"),
    "other digits": ([ACC, *GOOD, "0.1,0,１,0"], 7, "not a number"),
    "decimal comma": ([ACC, *GOOD, "0,1,0,1,0"], 7, "5 fields"),
    "quoted": ([ACC, *GOOD, '0.1,0,"1",0'], 7, "not a number"),
    "empty field": ([ACC, *GOOD, "0.1,0,,0"], 7, "acc_y_g is empty"),
    "nan": ([ACC, *GOOD, "0.1,NaN,1,0", "0.12,x,1,0"], 7, "acc_x_g is NaN"),
    "inf": ([ACC, *GOOD, "0.1,0,1,-inf"], 7, "acc_z_g is -inf"),
    "too large": ([ACC, *GOOD, "0.1,0,1,1e999"], 7, "too large"),
    "back": ([ACC, *GOOD, "0.05,0,1,0"], 7, "time_s 0.05 goes back from 0.08"),
    "back after a blank line": ([ACC, "", *GOOD, "", "0.05,0,1,0"], 9, "goes back"),
    "reversed": ([ACC, *reversed(GOOD)], 3, "goes back"),
    "duplicate": ([ACC, *GOOD, GOOD[-1]], 7, "time_s 0.08 is there twice"),
    "not UTF-8": (("\n".join([ACC, *GOOD]) + "\n0.1,0,\xb5,0\n").encode("latin-1"), 7, "not UTF-8"),
    "UTF-16": (("\n".join([ACC, *GOOD])).encode("utf-16"), 1, "not UTF-8"),
    "binary": (b"SQLite format 3\0" * 10, 1, "unknown column"),
    "no line ends later": (("\n".join([ACC, *GOOD]) + "\n").encode() + b"7" * 5_000_000, 7, "does not end"),
    "m/s2": ([ACC, *rows(50, acc="0.5,9.79,0.3")], None, "m/s²: divide by 9.80665"),
    "50 g": ([ACC, *GOOD, "0.1,0,1,-50.5"], 7, "acc_z_g is -50.5 g, more than 50 g"),
    "milliseconds": ([ACC, *(f"{10 * k},0,1,0" for k in range(9))], None, "is it in seconds"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize(("block", "arrow_bytes"), [(4 * 2**20, 2**17), (4 * 2**20, 0), (100, 2**17)])
def test_a_bad_file_is_refused_with_its_line(csv, tmp_path, name, block, arrow_bytes, monkeypatch):
    content, line, words = BAD[name]
    monkeypatch.setattr(parsing, "_ARROW_BYTES", arrow_bytes)
    monkeypatch.setattr(importers, "_BLOCK_BYTES", block)
    path = csv(content)
    with pytest.raises(FileFormatError) as caught:
        import_csv(path, tmp_path / "out" / "out.sqlite")
    message = str(caught.value)
    assert words in message
    assert caught.value.line == line
    assert message.startswith(f"{path}, line {line}: " if line else f"{path}: ")
    assert "\n" not in message
    assert message.endswith((".", "?"))
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_a_fault_late_in_a_long_file_leaves_nothing(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(importers, "_BLOCK_BYTES", 5000)
    lines = [ACC, *rows(5000)]
    lines[4321] = "1,2,3"
    with pytest.raises(FileFormatError) as caught:
        import_csv(csv(lines), tmp_path / "out.sqlite")
    assert caught.value.line == 4322
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileFormatError, match="cannot be read"):
        import_csv(tmp_path / "no.csv", tmp_path / "out.sqlite")
    with pytest.raises(FileFormatError, match="cannot be read"):
        import_csv(tmp_path, tmp_path / "out.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_recording_is_not_touched(csv, tmp_path):
    (tmp_path / "out.sqlite").write_text("mine")
    with pytest.raises(RecordingError, match="exists already"):
        import_csv(csv([ACC, *GOOD]), tmp_path / "out.sqlite")
    assert (tmp_path / "out.sqlite").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_one_that_appears_meanwhile_is_not_touched_either(csv, tmp_path):
    def meanwhile(_done, _total):
        (tmp_path / "out.sqlite").write_text("mine")

    with pytest.raises(RecordingError, match="exists already"):
        import_csv(csv([ACC, *GOOD]), tmp_path / "out.sqlite", progress=meanwhile)
    assert (tmp_path / "out.sqlite").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_progress_and_an_interruption(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(importers, "_BLOCK_BYTES", 5000)
    path = csv([ACC, *rows(3000)])
    seen = []
    import_csv(path, tmp_path / "a.sqlite", progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert len(seen) > 5
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)

    def stop(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_csv(path, tmp_path / "b.sqlite", progress=stop)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.sqlite", "in.csv"]


def test_memory_does_not_depend_on_length(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(importers, "_BLOCK_BYTES", 2**16)

    def peak(n):
        path = csv([ACC, *rows(n)], f"{n}.csv")
        tracemalloc.start()
        import_csv(path, tmp_path / f"{n}.sqlite")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(60_000) < 1.5 * peak(15_000)


def test_a_full_disk_leaves_nothing(csv, tmp_path):
    path = csv([ACC, *(f"{k / 50},{k * 0.1234567 % 1!r},{k**0.5 % 1!r},1" for k in range(60_000))])
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "from monitor.storage.importers.canonical import import_csv\n"
        "from monitor.errors import RecordingError\n"
        "try: import_csv(sys.argv[1], sys.argv[2])\n"
        "except RecordingError as error: print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "out.sqlite")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(f"Nothing was imported into {tmp_path / 'out.sqlite'}: ")
    assert os.listdir(tmp_path) == ["in.csv"]  # noqa: PTH208


PIECES = [*'0123456789.,-+eE\n\r \t"', "nan", "inf", "0.02,0,1,0\n", "é", "\x00", "\ufeff"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60), st.booleans(), st.sampled_from([0, 2**17]))
def test_hostile_text_is_imported_or_refused_never_worse(tmp_path_factory, pieces, header, arrow_bytes):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "in.csv").write_text(((ACC + "\n") if header else "") + "".join(pieces), newline="")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parsing, "_ARROW_BYTES", arrow_bytes)
            import_csv(folder / "in.csv", folder / "out.sqlite")
    except SitwellError as error:
        assert "\n" not in str(error)  # noqa: PT017
        assert [each.name for each in folder.iterdir()] == ["in.csv"]
    else:
        assert len(read(folder / "out.sqlite")[2]) >= 2
