"""Any delimited text by a Mapping: exact values, any way of telling the time, and one sentence with the line."""

import io
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import FileFormatError, SitwellError
from monitor.storage.importers import Options, mapped, open_content, parsing, peek
from monitor.storage.importers.mapped import read_mapped
from monitor.storage.importers.mapping import Mapping
from monitor.storage.importers.preview import preview
from monitor.storage.importers.writing import write_recording
from monitor.storage.recording import Recording
from monitor.stream import Gap, Samples

ACC = ("ax", "ay", "az")
GYR = ("gx", "gy", "gz")
PLAIN = Mapping(time=("t",), acc=ACC)


@pytest.fixture
def file(tmp_path):
    def write(text, name="in.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def table(times, names="t,ax,ay,az", values="0.01,0.99,-0.02"):
    return names + "\n" + "".join(f"{t},{values}\n" for t in times)


def rows_of(content):
    return np.concatenate(list(content.blocks))


def read(path, mapping):
    content = read_mapped(path, mapping)
    return content, rows_of(content)


def test_values_are_the_files_divided_by_the_unit_once(file):
    texts = [("0", "1.0625", "-3e-3", ".25"), ("0.01", "1.07", "+0.5", "9.")]
    path = file("t,ax,ay,az,gx,gy,gz\n" + "".join(",".join((*row, *row[1:])) + "\n" for row in texts))
    values = [[float(text) for text in row] for row in texts]
    for acc_unit, per_g in (("g", 1.0), ("2.5", 2.5)):
        for gyr_unit, per_dps in (("dps", 1.0), ("mdps", 1000.0), ("16.4", 16.4), ("rad/s", np.pi / 180)):
            _, rows = read(path, replace(PLAIN, acc_unit=acc_unit, gyr=GYR, gyr_unit=gyr_unit))
            told = [[t, *(v / per_g for v in acc), *(v / per_dps for v in acc)] for t, *acc in values]
            assert rows.tolist() == told


@pytest.mark.parametrize(("unit", "one"), [("mg", "1000"), ("m/s2", "9.80665"), ("16384", "16384")])
def test_one_g_in_any_unit_is_one_g(file, unit, one):
    _, rows = read(file(table((0, 0.1, 0.2), values=f"0,{one},0")), replace(PLAIN, acc_unit=unit))
    assert rows[:, 2].tolist() == [1.0, 1.0, 1.0]


TIMES = {
    "s": (["-1.5", "0", "1e-2"], [-1.5, 0.0, 0.01], 0.0),
    "ms": (["0", "10", "20.5"], [0.0, 0.01, 0.0205], 0.0),
    "us": (["5", "10005"], [5e-6, 0.010005], 0.0),
    "ns": (["0", "19230769"], [0.0, 0.019230769], 0.0),
    "unix-s": (["1700000000.25", "1700000000.26", "1700000001"], [0.25, 0.26, 1.0], 1_700_000_000.0),
    "unix-ms": (["1700000000123", "1700000000133"], [0.123, 0.133], 1_700_000_000.0),
    "unix-us": (["1700000000123456", "1700000000133456"], [0.123456, 0.133456], 1_700_000_000.0),
    "unix-ns": (["1700000000123456789", "1700000000133456789"], [0.123456789, 0.133456789], 1_700_000_000.0),
    "device-ns": (["599628005694359040", "599628005713589809"], [0.0, 0.019230769], 0.0),
    "device-us-32": (["4294960000", "4294967000", "2704"], [0.0, 0.007, 0.01], 0.0),
    "iso": (["2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.51Z"], [0.5, 0.51], 1_767_225_600.0),
}


@pytest.mark.parametrize("form", TIMES)
def test_time_of_any_form_is_exact(file, form):
    texts, t_s, started = TIMES[form]
    content, rows = read(file(table(texts)), replace(PLAIN, time_form=form))
    assert rows[:, 0].tolist() == t_s
    assert content.started_utc_s == started


def test_rows_without_a_time_come_at_the_rate(file, tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "BLOCK_BYTES", 50)
    path = file(table(range(9)))
    content, rows = read(path, Mapping(acc=ACC, rate_hz=12.5, start="2026-03-01 12:00:00+01:00"))
    assert rows[:, 0].tolist() == [k / 12.5 for k in range(9)]
    assert (content.rate_hz, content.started_utc_s, content.utc_offset_s) == (12.5, 1_772_362_800.0, 3600)


@pytest.mark.parametrize(
    ("zone", "offset_s", "started"),
    [
        ("", 0, 1_783_080_000.0),
        ("Europe/Vienna", 7200, 1_783_072_800.0),
        ("America/New_York", -14_400, 1_783_094_400.0),
    ],
)
def test_local_times_are_of_the_zone_or_kept_as_they_stand(file, zone, offset_s, started):
    path = file(table(("2026-07-03 12:00:00.25", "2026-07-03 12:00:00.26")))
    content, rows = read(path, replace(PLAIN, zone=zone))
    assert (content.zone, content.utc_offset_s, content.started_utc_s) == (zone, offset_s, started)
    assert rows[:, 0].tolist() == [0.25, 0.26]
    assert any("tell no zone" in note for note in content.notes()) == (zone == "")


def test_the_hour_that_comes_twice_is_no_step_back(file):
    path = file(table(("2026-10-25 02:59:59.99", "2026-10-25 02:00:00.00", "2026-10-25 02:00:00.01")))
    _, rows = read(path, replace(PLAIN, zone="Europe/Vienna"))
    assert rows[:, 0].tolist() == [0.99, 1.0, 1.01]
    with pytest.raises(FileFormatError, match=r"line 3: t is .* before .*--zone"):
        read(path, PLAIN)


def test_a_date_and_a_time_of_day_may_have_two_columns_and_cross_midnight(file):
    text = "d,h,ax,ay,az\n2026-01-01,23:59:59.99,0,1,0\n2026-01-02,00:00:00.00,0,1,0\n"
    _, rows = read(file(text), replace(PLAIN, time=("d", "h"), time_form="iso"))
    assert rows[:, 0].tolist() == [0.99, 1.0]
    content, rows = read(file(text), replace(PLAIN, time=("h",), time_form="iso"))
    assert rows[:, 0].tolist() == [0.99, 1.0]
    assert content.started_utc_s == 0.0


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters_and_line_endings(file, delimiter, ending):
    text = table(("0", "0.1")).replace(",", delimiter).replace("\n", ending)
    _, rows = read(file(text), replace(PLAIN, delimiter="|" if delimiter == "|" else ""))
    assert rows.tolist() == [[0.0, 0.01, 0.99, -0.02], [0.1, 0.01, 0.99, -0.02]]


def test_decimal_commas_quotes_preamble_marks_of_order_and_trailing_delimiters(file):
    text = '\ufeffmade by me\nnot; a header\n\n"t";"ax";"ay";"az"\n0,5;0,1;"1,0";-0,25;\n0,6;0,1;1,0;-0,25;\n'
    _, rows = read(file(text), PLAIN)
    assert rows.tolist() == [[0.5, 0.1, 1.0, -0.25], [0.6, 0.1, 1.0, -0.25]]


def test_columns_by_number_with_and_without_a_header(file):
    by_number = Mapping(time=("1",), acc=("2", "3", "4"))
    text = table(("0", "0.1"))
    expected = [[0.0, 0.01, 0.99, -0.02], [0.1, 0.01, 0.99, -0.02]]
    assert read(file(text), by_number)[1].tolist() == expected
    assert read(file(text.split("\n", 1)[1]), replace(by_number, header=False))[1].tolist() == expected


def test_repeated_and_late_rows_are_left_out_and_counted_only_where_that_is_said(file):
    path = file(table(("0", "0.01", "0.01", "0.005", "0.02")))
    content, rows = read(path, replace(PLAIN, drop_late=True))
    assert rows[:, 0].tolist() == [0.0, 0.01, 0.02]
    assert content.notes() == ["2 of 5 rows were left out: their time repeats, or comes before, that of the row above."]
    with pytest.raises(FileFormatError, match=r"line 4: t is that of a row above: sort the rows, one a time\."):
        read(path, PLAIN)
    with pytest.raises(FileFormatError, match=r"line 4: t is 0\.6 s before that of a row above"):
        read(file(table(("0", "0.9", "0.3"))), replace(PLAIN, drop_late=True))
    with pytest.raises(FileFormatError, match="give --rate HZ"):
        read(file(table(k // 3 for k in range(60))), replace(PLAIN, drop_late=True))


def test_rows_without_a_value_are_left_out_and_counted_only_where_that_is_said(file):
    path = file("t,ax,ay,az\n0,0,1,0\n0.01,,1,0\n0.02,0,NaN,0\n0.03,0,1,0\n")
    content, rows = read(path, replace(PLAIN, drop_missing=True))
    assert rows[:, 0].tolist() == [0.0, 0.03]
    assert content.notes() == ["2 of 4 rows were left out: a value is missing."]
    with pytest.raises(FileFormatError, match="line 3: ax is empty: remove the line, a gap is allowed"):
        read(path, PLAIN)


def test_rows_of_one_sensor_of_several(file):
    path = file("t,n,ax,ay,az\n0,A,0,1,0\n0,B,0,1,0\n0.1,A,0,1,0\n0.1,B,0,1,0\n")
    assert read(path, replace(PLAIN, device="n", only="B"))[1][:, 0].tolist() == [0.0, 0.1]
    with pytest.raises(FileFormatError, match="line 3: the file holds several sensors, 'A' and 'B': choose one with"):
        read(path, replace(PLAIN, device="n"))
    with pytest.raises(FileFormatError, match="no rows of the sensor 'C'"):
        read(path, replace(PLAIN, device="n", only="C"))


BAD = {
    "empty": (b"", None, "is empty"),
    "UTF-16": (table(("0",)).encode("utf-16"), 1, "UTF-16"),
    "binary": (b"SQLite format 3\0" * 10, 1, "no text"),
    "no columns": ("x,y\n1,2\n", 1, "no column 'ax'"),
    "header only": ("t,ax,ay,az\n", 1, "no rows"),
    "too few": (table(("0", "0.1")) + "0.2,0,1\n", 4, "3 fields, but the header has 4"),
    "too many": (table(("0", "0.1")) + "0.2,0,1,0,0\n", 4, "5 fields"),
    "text": (table(("0", "0.1")) + "0.2,0,one,0\n", 4, "ay is 'one', not a number"),
    "inf": (table(("0", "0.1")) + "0.2,0,inf,0\n", 4, "ay is 'inf', not a number"),
    "too large": (table(("0", "0.1")) + "0.2,0,1e999,0\n", 4, "too large"),
    "not UTF-8": (table(("0", "0.1")).encode() + b"0.2,0,\xb5,0\n", 4, "not UTF-8 text"),
    "back": (table(("0", "0.1", "0.05")), 4, "t is 0.05 s before"),
    "back before a later fault": (table(("0", "0.1", "0.05")) + "x\n", 4, "t is 0.05 s before"),
    "no line ends": (table(("0",)).encode() + b"0.1,0,1,0\n" + b"7" * 5_000_000, 4, "does not end"),
    "m/s2": (table(("0", "0.1"), values="0,9.8,0"), None, "looks like m/s2: give --acc-unit m/s2"),
    "mg": (table(("0", "0.1"), values="0,1000,0"), 2, "ay is 1000 g, more than any sensor"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("block", [4 * 2**20, 40])
def test_a_bad_file_is_refused_with_its_line(file, tmp_path, name, block, monkeypatch):
    text, line, words = BAD[name]
    monkeypatch.setattr(mapped, "BLOCK_BYTES", block)
    path = file(text)
    with pytest.raises(FileFormatError) as caught:
        write_recording(open_content(path, Options(mapping=PLAIN)), path, tmp_path / "out.sqlite")
    assert words in str(caught.value)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"acc_unit": "furlong"}, "unknown unit 'furlong'"),
        ({"acc_unit": "0"}, "unknown unit '0'"),
        ({"zone": "Europe/Atlantis"}, "unknown time zone"),
        ({"zone": "../etc/passwd"}, "unknown time zone"),
        ({"start": "tomorrow"}, "--start cannot be used"),
        ({"start": "12:00:00"}, "--start lacks its date"),
        ({"time": ("5",)}, "no column '5'"),
        ({"skip_lines": 99}, "skip fewer"),
        ({"acc": None}, "no acceleration"),
        ({"time_form": "iso"}, "is no date and time"),
        ({"gyr": GYR}, "no column 'gx'"),
    ],
)
def test_a_bad_mapping_is_refused_in_one_sentence(file, change, words):
    with pytest.raises(FileFormatError, match=words):
        read(file(table(("0", "0.1"))), replace(PLAIN, **change))


def test_a_mapped_file_becomes_a_recording_exactly(file, tmp_path):
    rng = np.random.default_rng(3)
    times = [k / 50 + (7 if k >= 100 else 0) for k in range(200)]
    values = rng.normal((0.0, 1.0, 0.0), 0.5, (200, 3))
    body = "\n".join(",".join(map(repr, (t, *row))) for t, row in zip(times, values.tolist(), strict=True))
    options = Options(mapping=replace(PLAIN, zone="Europe/Vienna", start="2026-07-03 12:00:00"), sensor="mine")
    path = file("t,ax,ay,az\n" + body)
    report = write_recording(open_content(path, options), path, tmp_path / "out.sqlite")
    assert (report.samples, report.gaps, report.rate_hz) == (200, 1, 50.0)
    with Recording.open(tmp_path / "out.sqlite") as recording:
        meta, records = recording.meta, list(recording.records())
    samples = [record for record in records if isinstance(record, Samples)]
    assert np.concatenate([each.t_s for each in samples]).tolist() == times
    assert np.concatenate([each.acc_g for each in samples]).tolist() == values.tolist()
    assert sum(isinstance(record, Gap) for record in records) == 1
    assert (meta.sensor, meta.zone, meta.utc_offset_s) == ("mine", "Europe/Vienna", 7200)
    assert meta.started_utc_s == 1_783_072_800.0


def test_the_preview_tells_what_was_understood(file):
    path = file(table(("2026-07-03 12:00:00", "2026-07-03 12:00:00.02")))
    content, first = peek(open_content(path, Options(mapping=replace(PLAIN, zone="Europe/Vienna"))))
    text = "\n".join(preview(content, first))
    for words in (
        "t: date and time",
        "ax, ay, az: g",
        "2026-07-03 12:00:00 Europe/Vienna",
        "50 Hz",
        "0.990 g",
        "-0.02",
    ):
        assert words in text
    assert len(rows_of(content)) == 2


def test_a_median_far_from_1_g_is_told(file):
    content = read_mapped(file(table(("0", "0.1"), values="0,0.2,0")), PLAIN)
    assert content.notes() == ["The median of |acc| is 0.20 g in the first rows, and 1 g is at rest: check --acc-unit."]


def test_memory_is_flat_on_20_mb(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "BLOCK_BYTES", 2**18)
    line = b",0.0123456789012345,0.9876543210987654,-0.1234567890123456,0.0000000000000001,some more words to skip\n"
    path = tmp_path / "big.csv"
    with path.open("wb") as out:
        out.write(b"t,ax,ay,az,b,c\n")
        for start in range(0, 180_000, 20_000):
            out.write(b"".join(b"%.2f" % (k / 100) + line for k in range(start, start + 20_000)))
    assert path.stat().st_size > 19e6
    peaks = []
    parsing.arrow_csv()  # the module itself takes 25 MB, once
    tracemalloc.start()
    content = read_mapped(path, PLAIN)
    for _ in content.blocks:
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
    tracemalloc.stop()
    assert len(peaks) > 50
    assert max(peaks) < 4e6


VALID = "made by me\n" + table([f"2026-07-03 12:00:0{k // 10}.{k % 10}00" for k in range(40)])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data(), st.booleans())
def test_a_damaged_file_is_imported_or_refused_never_worse(tmp_path_factory, data, arrow):
    folder = tmp_path_factory.mktemp("fuzz")
    damaged = bytearray(VALID.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(damaged)))
        until = data.draw(st.integers(at, min(at + 30, len(damaged))))
        damaged[at:until] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\n", b",", b'"', b"9" * 30, b"", b"-"])
        )
    (folder / "in.csv").write_bytes(damaged)
    form = data.draw(st.sampled_from(["", "iso", "s", "unix-ms", "device-us-32"]))
    with pytest.MonkeyPatch.context() as patch:
        if arrow:
            patch.setattr(parsing, "_ARROW_BYTES", 0)
        try:
            rows = rows_of(open_content(folder / "in.csv", Options(mapping=replace(PLAIN, time_form=form))))
        except SitwellError as error:
            assert "\n" not in str(error)  # noqa: PT017
        else:
            assert np.isfinite(rows).all()
            assert (np.diff(rows[:, 0]) > 0).all()


def test_the_same_with_pyarrow_and_without(file, monkeypatch):
    pytest.importorskip("pyarrow.csv")
    rng = np.random.default_rng(5)
    out = io.StringIO()
    np.savetxt(out, np.column_stack((np.arange(5000) / 100, rng.normal(0, 0.7, (5000, 3)))), delimiter=",", fmt="%r")
    path = file("t,ax,ay,az\n" + out.getvalue().replace("np.float64(", "").replace(")", ""))
    monkeypatch.setattr(parsing, "_ARROW_BYTES", 0)
    fast = read(path, PLAIN)[1]
    monkeypatch.setattr(parsing, "arrow_csv", lambda: None)
    assert read(path, PLAIN)[1].tobytes() == fast.tobytes()
