"""Axivity CWA: every value to the bit, times to 50 µs, in any slices; damage is told, and nothing crashes."""

import struct
import subprocess
import sys
import tracemalloc
from datetime import datetime

import cwa
import numpy as np
import pytest

from monitor.errors import FileFormatError, SitwellError
from monitor.storage.importers import axivity
from monitor.storage.importers.axivity import read_cwa
from monitor.storage.importers.writing import write_recording
from monitor.storage.recording import Recording
from monitor.stream import Gap

skdh_io = pytest.importorskip("skdh.io", reason="the extra 'axivity' is not installed")

KINDS = {
    "ax3": ({}, {}, 1 / 4096),
    "ax6": ({"gyro": True}, {}, 1 / 4096),
    "packed": ({"packed": True}, {"packed": True, "acc_scale": 0}, 1 / 256),
}


def write(path, sectors, **header):
    path.write_bytes(cwa.header(**header) + b"".join(sectors))
    return path


def rows_of(path, **options):
    return np.concatenate(list(read_cwa(path, **options).blocks))


@pytest.fixture(params=KINDS)
def made(request, tmp_path):
    """A file of 1000 samples at 100.7 Hz, its counts, and g a count."""
    how, more, g = KINDS[request.param]
    counts = cwa.worn(1000, **how)
    sectors = cwa.recorded(counts, true_hz=100.7, **more)
    return write(tmp_path / "a.cwa", sectors, gyro="gyro" in how), counts, g


def test_values_are_exact_and_times_true(made):
    path, counts, g = made
    rows = rows_of(path)
    assert (rows[:, 1:4] == counts[:, -3:] * g).all()
    if counts.shape[1] == 6:
        assert (rows[:, 4:7] == counts[:, :3] * (2000 / 32768)).all()
    else:
        assert rows.shape[1] == 4
    assert rows[0, 0] == 1.0  # session time 0 is the second before
    assert np.abs(rows[:, 0] - 1.0 - np.arange(1000) / 100.7).max() < 50e-6


def test_slices_join_to_the_bit(made, monkeypatch):
    path, *_ = made
    whole = rows_of(path)
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(axivity, "_SECTORS", size)
        assert rows_of(path).tobytes() == whole.tobytes()


def test_the_same_as_the_reader_on_the_whole_file(made):
    path, counts, _ = made
    read = skdh_io.ReadCwa().predict(file=str(path), tz_name="UTC")
    rows = rows_of(path)
    assert (read["accel"][: len(rows)] == rows[:, 1:4]).all()
    if counts.shape[1] == 6:
        assert (read["gyro"][: len(rows)] == rows[:, 4:7]).all()
    started = read_cwa(path).started_utc_s
    assert np.abs(read["time"][: len(rows)] - started - rows[:, 0]).max() < 0.02  # it knows whole samples only


def test_what_the_file_tells_of_its_session(tmp_path):
    sectors = cwa.recorded(cwa.worn(400, gyro=True), start="2026-07-01 12:00")
    path = write(tmp_path / "a.cwa", sectors, gyro=True, firmware=50)
    content = read_cwa(path, zone="Europe/Vienna")
    noon = datetime.fromisoformat("2026-07-01T12:00:00+02:00").timestamp()
    assert (content.sensor, content.firmware, content.gyro) == ("Axivity AX6", "50", True)
    assert (content.zone, content.utc_offset_s, content.started_utc_s) == ("Europe/Vienna", 7200, noon - 1)
    assert content.notes() == []
    content = read_cwa(path)
    wall = datetime.fromisoformat("2026-07-01T12:00:00+00:00").timestamp()
    assert (content.zone, content.utc_offset_s, content.started_utc_s) == ("", 0, wall - 1)
    assert "zone" in content.notes()[0]


def test_into_a_recording_with_the_true_rate(made, tmp_path):
    path, counts, _ = made
    report = write_recording(read_cwa(path), path, tmp_path / "a.sqlite")
    assert (report.samples, report.gaps, report.gyro) == (1000, 0, counts.shape[1] == 6)
    assert report.rate_hz == pytest.approx(100.7, rel=1e-4)


def test_a_summer_time_change_on_the_way_does_not_matter(tmp_path):
    """The sensor's clock is not changed then, so session time goes on."""
    sectors = cwa.recorded(cwa.worn(800), start="2026-03-29 01:59:57")
    rows = rows_of(write(tmp_path / "a.cwa", sectors), zone="Europe/Vienna")
    assert np.diff(rows[:, 0]).max() < 0.011


def test_a_last_sector_that_is_not_full(tmp_path):
    counts = cwa.worn(195)
    path = write(tmp_path / "a.cwa", cwa.recorded(counts))
    assert (rows_of(path)[:, 1:] * 4096 == counts).all()


def test_numbers_that_begin_anywhere_and_start_again(tmp_path):
    """A second session in the same file, ten minutes later: a gap."""
    first = cwa.recorded(cwa.worn(160), number=700_000)
    second = cwa.recorded(cwa.worn(160), start="2026-03-01 08:40", session=8)
    path = write(tmp_path / "a.cwa", first + second)
    rows = rows_of(path)
    steps = np.diff(rows[:, 0])
    assert np.sort(steps)[-1] == pytest.approx(600 - 1.59, abs=1e-3)
    assert np.sort(steps)[-2] < 0.011
    write_recording(read_cwa(path), path, tmp_path / "a.sqlite")
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert sum(isinstance(record, Gap) for record in recording.records()) == 1


def test_no_fraction_and_whole_second_stamps(tmp_path):
    """Older devices: the stamp is a whole second, of a sample that may be in another sector."""
    sectors = []
    for number in range(10):
        made = bytearray(cwa.sector(number, "2026-03-01", cwa.worn(80)))
        second = number * 80 // 100
        struct.pack_into("<H", made, 4, 123)  # the device
        struct.pack_into("<I", made, 14, cwa.packed_time(f"2026-03-01 00:00:{second:02d}"))
        struct.pack_into("<h", made, 26, second * 100 - number * 80)
        sectors.append(cwa.sealed(made))
    rows = rows_of(write(tmp_path / "a.cwa", sectors))
    assert np.allclose(rows[:, 0], 1.0 + np.arange(800) / 100, atol=1e-6)


def test_damaged_sectors_are_left_out_and_told(tmp_path):
    counts = cwa.worn(800)
    sectors = cwa.recorded(counts)
    sectors[3] = sectors[3][:100] + b"\x55" + sectors[3][101:]
    sectors[6] = b"\0\xff" * 256
    path = write(tmp_path / "a.cwa", [*sectors, b"\xff" * 512, b"\0" * 512])
    content = read_cwa(path, zone="Europe/Vienna")
    rows = np.concatenate(list(content.blocks))
    kept = np.r_[0:240, 320:480, 560:800]
    assert (rows[:, 1:] * 4096 == counts[kept]).all()
    assert np.abs(rows[:, 0] - 1.0 - kept / 100).max() < 100e-6
    (note,) = content.notes()
    assert note.startswith(f"2 sectors are damaged and left out, the first at byte {1024 + 3 * 512}")
    assert write_recording(read_cwa(path), path, tmp_path / "a.sqlite").gaps == 2


def sealed_with(sectors, number, form, at, value):
    made = bytearray(sectors[number])
    struct.pack_into(form, made, at, value)
    sectors[number] = cwa.sealed(made)


BAD = {
    "axes": ("<B", 25, 0x30, "the axes change"),
    "rate": ("<B", 24, 0x49, "the sampling rate changes"),
    "count": ("<H", 28, 81, "more samples than a sector holds"),
    "stamp": ("<I", 14, 0, "no such date"),
    "back": ("<I", 14, cwa.packed_time("2026-03-01 08:29:50"), "the clock goes back"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_sound_sector_without_sense_is_refused_with_its_byte(tmp_path, case):
    form, at, value, words = BAD[case]
    sectors = cwa.recorded(cwa.worn(800))
    sealed_with(sectors, 4, form, at, value)
    with pytest.raises(FileFormatError, match=words) as caught:
        rows_of(write(tmp_path / "a.cwa", sectors))
    assert f"(byte {1024 + 4 * 512})" in str(caught.value)


def test_what_is_no_whole_cwa_is_refused(tmp_path):
    whole = cwa.header() + b"".join(cwa.recorded(cwa.worn(400)))
    cases = {
        b"": "no CWA header (byte 0)",
        b"time,x,y,z\n" * 200: "no CWA header (byte 0)",
        whole[:1000]: "no CWA header (byte 0)",
        whole[:1024]: "no sound sector (byte 1024)",
        whole[:-1]: f"ends within a sector (byte {len(whole) - 512})",
        whole[:1024] + b"\xff" * 5120: "no sound sector (byte 1024)",
    }
    for data, words in cases.items():
        (tmp_path / "a.cwa").write_bytes(data)
        with pytest.raises(FileFormatError) as caught:
            rows_of(tmp_path / "a.cwa")
        assert words in str(caught.value)
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_cwa(tmp_path / "none.cwa")


def test_nine_axes_and_untold_rates_are_refused(tmp_path):
    for at, value, words in ((25, 0x92, "9 axes in packing 2"), (24, 0, "rate is not told")):
        sectors = cwa.recorded(cwa.worn(400))
        sealed_with(sectors, 0, "<B", at, value)
        with pytest.raises(FileFormatError, match=words):
            read_cwa(write(tmp_path / "a.cwa", sectors))


def test_memory_is_flat(tmp_path, monkeypatch):
    """Ten times the length takes no more of it."""
    monkeypatch.setattr(axivity, "_SECTORS", 256)
    peaks = []
    for n in (60_000, 600_000):
        data = cwa.recorded(cwa.worn(60_000))
        sectors = []
        for turn in range(n // 60_000):
            part = np.frombuffer(b"".join(data), axivity._SECTOR).copy()
            part["stamp"] += turn << 12  # an hour later
            words = part.view("<u2").reshape(-1, 256)
            words[:, -1] = 0
            words[:, -1] = -words.sum(axis=1, dtype=np.uint16)
            sectors.append(part.tobytes())
        path = write(tmp_path / "a.cwa", sectors)
        tracemalloc.start()
        assert sum(len(rows) for rows in read_cwa(path).blocks) == n
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


FUZZ = """
import sys, numpy as np
from pathlib import Path
from hypothesis import given, settings, strategies as st
sys.path[:0] = sys.argv[2:]
import cwa
from monitor.errors import FileFormatError
from monitor.storage.importers.axivity import read_cwa
path = Path(sys.argv[1])
WHOLE = {
    gyro: cwa.header(gyro=gyro) + b"".join(cwa.recorded(cwa.worn(400, gyro=gyro))) for gyro in (False, True)
}
@settings(max_examples=120, deadline=None, database=None, derandomize=True)
@given(st.data())
def fuzz(data):
    made = bytearray(WHOLE[data.draw(st.booleans())])
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["byte", "byte", "head", "cut", "drop", "twice"]))
        if len(made) < 2048:
            break
        at = data.draw(st.integers(0, len(made) - 1))
        if kind == "head":  # of a sector, which stays sound
            start = 1024 + (at % (len(made) // 512 - 2)) * 512
            made[start + data.draw(st.integers(0, 31))] = data.draw(st.integers(0, 255))
            made[start : start + 512] = cwa.sealed(made[start : start + 512])
        elif kind == "byte":
            made[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del made[at + 1 :]
        elif kind == "drop":
            del made[at : at + data.draw(st.sampled_from([1, 512]))]
        else:
            made[at:at] = made[max(0, at - 512) : at]
    path.write_bytes(made)
    try:
        last_s = -np.inf
        for rows in read_cwa(path).blocks:
            assert np.isfinite(rows).all() and len(rows)
            assert rows[0, 0] > last_s and (np.diff(rows[:, 0]) > 0).all()
            last_s = rows[-1, 0]
    except FileFormatError as error:
        assert "\\n" not in str(error) and "(byte " in str(error), error
fuzz()
"""


def test_mutated_files_never_crash(tmp_path):
    """In a process of its own: the decoder is not written in Python, and trusts what it reads."""
    folders = [str(tmp_path / "a.cwa"), *sys.path]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", FUZZ, *folders], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout == ""


def test_the_missing_extra_is_named(tmp_path):
    path = write(tmp_path / "a.cwa", cwa.recorded(cwa.worn(160)))
    code = (
        "import sys; sys.modules['skdh'] = None\n"
        "from pathlib import Path\n"
        "from monitor.storage.importers.axivity import read_cwa\n"
        f"read_cwa(Path({str(path)!r}))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.splitlines()[-1].endswith("install it with pip install 'sitwell[axivity]'.")
    assert SitwellError.__name__ in run.stderr
