"""Exports of known apps are recognised by their header and read exactly; a damaged or unknown one is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import FileFormatError, SitwellError
from monitor.storage.importers import Options, mapped, open_content
from monitor.storage.importers.formats import FORMATS, NAMES, recognise
from monitor.storage.importers.times import FORMS
from monitor.storage.importers.writing import write_recording
from monitor.storage.recording import Recording

N = 120
HARTH = Path(__file__).parents[4] / "shared" / "data" / "harth"


def acc(k):
    return k % 7 / 64, 63 / 64, -k % 5 / 64


def gyr(k):
    return k % 3 / 2, -1.25, 3.0


def joined(rows, delimiter=",", end="\n"):
    return "".join(delimiter.join(map(str, row)) + end for row in rows)


def stamp(k, hz, between=" ", point="."):
    us = k * 1_000_000 // hz
    return f"2026-07-03{between}12:00:{us // 1_000_000:02d}{point}{us % 1_000_000 // 1000:03d}"


def dot(names="Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z", start=4_294_000_000):
    head = (
        "sep=,\nDeviceTag:,1\nFirmwareVersion:,3.0.0\nOutputRate:,60Hz\nMeasurement Mode:,Rate quantities\n"
        "StartTime: ,2026-07-03_12:00:00_086 CEST\n© somebody\n\n"
    )
    rows = ((k, (start + k * 16_667) % 2**32, *(v * 9.80665 for v in acc(k)), *gyr(k)) for k in range(N))
    return head + "PacketCounter,SampleTimeFine," + names + "\n" + joined(rows)


def metabase(sensor, offset_ms=0):
    unit, values = ("g", acc) if sensor == "acc" else ("deg/s", gyr)
    names = ",".join(f"{axis}-axis ({unit})" for axis in "xyz")
    rows = (
        (1_783_072_800_123 + offset_ms + 10 * k, stamp(k, 100, "T"), f"{k / 100:.3f}", *values(k)) for k in range(N)
    )
    return f"epoc (ms),timestamp (+0200),elapsed (s),{names}\n" + joined(rows)


def phyphox(sensor, delimiter=",", point="."):
    what, values = (
        ("Acceleration {} (m/s^2)", lambda k: [v * 9.80665 for v in acc(k)])
        if sensor == "acc"
        else ("Gyroscope {} (rad/s)", lambda k: [np.radians(v) for v in gyr(k)])
    )
    names = delimiter.join(f'"{name}"' for name in ("Time (s)", *(what.format(axis) for axis in "xyz"), "Absolute"))
    rows = ([f"{v:.9E}".replace("E-0", "E-").replace("E+0", "E") for v in (k / 100, *values(k), 1)] for k in range(N))
    return names + "\n" + joined(rows, delimiter).replace(".", point)


def polar(sensor):
    unit, values = ("mg", lambda k: [round(v * 1000) for v in acc(k)]) if sensor == "acc" else ("dps", gyr)
    names = ";".join(f"{axis} [{unit}]" for axis in "XYZ")
    rows = ((stamp(k // 36 * 36, 52, "T"), 599_628_005_694_359_040 + 19_230_769 * k, *values(k)) for k in range(N))
    return f"Phone timestamp;sensor timestamp [ns];{names} \n" + joined(rows, ";")


def witmotion(time="time", a="Acc{}(g)", w="As{}(°/s)", point=".", end="\n", chip="null"):
    names = [
        time,
        "DeviceName",
        "ChipTime()",
        *(a.format(x) for x in "XYZ"),
        *(w.format(x) for x in "XYZ"),
        "Angle X(°)",
    ]
    rows = ((stamp(k, 100, point=point), "WT901(ab)", chip, *acc(k), *gyr(k), 0.5) for k in range(N))
    return joined([names, *rows], "\t", "\t" + end)


def witmotion_old():
    names = ["Chiptime", "ax(g)", "ay(g)", "az(g)", "wx(deg/s)", "wy(deg/s)", "wz(deg/s)", "T(°)"]
    return joined([names, *((stamp(k, 100), *acc(k), *gyr(k), 20) for k in range(N))], "\t", "\r\n")


def harth():
    rows = ((k, "2019-01-12 00:00:%09.6f" % (k / 50), *acc(k), 1, 0, 0, 6) for k in range(N))
    return "index,timestamp,back_x,back_y,back_z,thigh_x,thigh_y,thigh_z,label\n" + joined(rows)


CHINESE = {"time": "时间", "a": "加速度{}(g)", "w": "角速度{}(°/s)"}
ENGLISH = {"time": "Time", "a": "Acceleration {}(g)", "w": "Angular velocity {}(°/s)"}
STARTED = 1_783_080_000.0  # 2026-07-03 12:00 without a zone

# what it is: text, encoding, format, angular rate, samples a second, Unix time of the first sample, allowed error
FILES = {
    "dot": (dot(), "utf-8", "movella-dot", True, 1e6 / 16_667, STARTED + 0.086, 1e-15),
    "metabase": (metabase("acc"), "utf-8", "metabase", False, 100.0, STARTED - 7200 + 0.123, 0),
    "phyphox": (phyphox("acc"), "utf-8", "phyphox", False, 100.0, 0.0, 1e-9),
    "phyphox, semicolons": (phyphox("acc", ";", ","), "utf-8", "phyphox", False, 100.0, 0.0, 1e-9),
    "phyphox, tabs": (phyphox("acc", "\t"), "utf-8", "phyphox", False, 100.0, 0.0, 1e-9),
    "polar": (polar("acc"), "utf-8", "polar-sensor-logger", False, 1e9 / 19_230_769, STARTED, 5.1e-4),
    "witmotion": (witmotion(), "utf-8", "witmotion", True, 100.0, STARTED, 0),
    "witmotion, colons": (witmotion(point=":", end="\r\n"), "utf-8", "witmotion", True, 100.0, STARTED, 0),
    "witmotion, Chinese": (witmotion(**CHINESE), "utf-8", "witmotion", True, 100.0, STARTED, 0),
    "witmotion, GBK": (witmotion(**CHINESE), "gb18030", "witmotion", True, 100.0, STARTED, 0),
    "witmotion, 2021": (witmotion(**ENGLISH), "gb18030", "witmotion", True, 100.0, STARTED, 0),
    "witmotion, old": (witmotion_old(), "utf-8", "witmotion", True, 100.0, STARTED, 0),
    "harth": (harth(), "utf-8", "harth", False, 50.0, 1_547_251_200.0, 0),
}


@pytest.fixture
def file(tmp_path):
    def write(text, name="in.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding, newline="")
        return tmp_path / name

    return write


def rows_of(content):
    return np.concatenate(list(content.blocks))


@pytest.mark.parametrize("name", FILES)
def test_an_export_is_recognised_and_read_exactly(file, name, monkeypatch):
    text, encoding, known_as, has_gyr, rate_hz, first_utc_s, error = FILES[name]
    path = file(text, encoding=encoding)
    assert recognise(path)[0] == known_as
    for block in (mapped.BLOCK_BYTES, 300):
        monkeypatch.setattr(mapped, "BLOCK_BYTES", block)
        content = open_content(path)
        rows = rows_of(content)
        assert content.gyro is has_gyr
        assert len(rows) == N
        assert content.started_utc_s + (rows[0, 0] if first_utc_s else 0.0) == pytest.approx(first_utc_s, abs=1e-6)
        assert rows[:, 0] - rows[0, 0] == pytest.approx(np.arange(N) / rate_hz, abs=1e-9 if rate_hz != 60 else 1e-6)
        assert np.abs(rows[:, 1:4] - [acc(k) for k in range(N)]).max() <= error
        if has_gyr:
            assert rows[:, 4:].tolist() == [list(gyr(k)) for k in range(N)]
        assert all("tell no zone" in note for note in content.notes())


@pytest.mark.parametrize("name", FILES)
def test_an_export_becomes_a_recording(file, tmp_path, name):
    text, encoding, known_as, has_gyr, rate_hz, *_ = FILES[name]
    path = file(text, encoding=encoding)
    report = write_recording(open_content(path, Options(zone="Europe/Vienna")), path, tmp_path / "out.sqlite")
    assert (report.samples, report.gaps, report.gyro) == (N, 0, has_gyr)
    assert report.rate_hz == pytest.approx(rate_hz, rel=1e-4)
    assert report.notes == ()
    with Recording.open(tmp_path / "out.sqlite") as recording:
        assert recording.meta.sensor == next(each.title for each in FORMATS if each.name == known_as)
        assert recording.meta.utc_offset_s in {0, 3600, 7200}


def test_what_stands_above_the_rows_is_kept(file):
    content = open_content(file(dot()), Options(zone="Europe/Vienna"))
    assert content.firmware == "3.0.0"
    assert content.started_utc_s == pytest.approx(STARTED - 7200 + 0.086)
    assert open_content(file(metabase("acc"))).utc_offset_s == 7200
    assert open_content(file(metabase("acc")), Options(zone="Europe/Vienna")).zone == "Europe/Vienna"


@pytest.mark.parametrize("pauses", [0, 1])
def test_phyphox_tells_its_start_in_a_file_beside(file, tmp_path, pauses):
    (tmp_path / "meta").mkdir()
    head = '"event","experiment time","system time","system time text"\n'
    start = '"START",0.0E0,1783072800.086,"2026-07-03 12:00:00.086 UTC+02:00"\n'
    pause = '"PAUSE",1.0E0,1783072801.086,"2026-07-03 12:00:01.086 UTC+02:00"\n'
    (tmp_path / "meta" / "time.csv").write_text(head + start + pause + (start + pause) * pauses)
    content = open_content(file(phyphox("acc")))
    assert (content.started_utc_s, content.utc_offset_s) == (STARTED - 7200 + 0.086, 7200)
    assert len(content.notes()) == pauses
    assert open_content(file(phyphox("acc")), Options(start="2026-07-03 12:00:00")).started_utc_s == STARTED


PAIRS = {
    "metabase": (metabase("acc"), metabase("gyr"), 0.0),
    "phyphox": (phyphox("acc"), phyphox("gyr"), 1e-6),
    "polar": (polar("acc"), polar("gyr"), 0.0),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("block", [4 * 2**20, 500])
def test_angular_rate_comes_from_a_second_file(file, name, block, monkeypatch):
    monkeypatch.setattr(mapped, "BLOCK_BYTES", block)
    first, second, error = PAIRS[name]
    content = open_content(file(first), Options(gyr_path=file(second, "gyr.csv")))
    rows = rows_of(content)
    assert content.gyro
    assert len(rows) == N
    assert np.abs(rows[:, 4:] - [gyr(k) for k in range(N)]).max() <= error


def test_a_file_with_only_angular_rate_is_refused_alone(file):
    with pytest.raises(FileFormatError, match="import its acceleration, with this file as --gyr-file"):
        open_content(file(metabase("gyr")))
    with pytest.raises(FileFormatError, match="no angular rate was recognised"):
        open_content(file(metabase("acc")), Options(gyr_path=file(metabase("acc"), "gyr.csv")))
    with pytest.raises(FileFormatError, match="has angular rate already"):
        open_content(file(dot()), Options(gyr_path=file(dot(), "gyr.csv")))


REFUSED = {
    "free acceleration": (dot("FreeAcc_X,FreeAcc_Y,FreeAcc_Z,Euler_X,Euler_Y,Euler_Z"), "only free acceleration"),
    "increments": (dot("dq_W,dq_X,dv[1],dv[2],dv[3],Mag_X"), "only increments"),
    "orientation": (dot("Quat_W,Quat_X,Quat_Y,Quat_Z,a,b"), "only orientation"),
    "MT Manager": ("// Start Time: Unknown\n" + dot().split("\n\n")[1], "this format is not known"),
    "without g": (phyphox("acc").replace("Acceleration", "Linear Acceleration"), "acceleration without g"),
    "phyphox's clock": ('"event","experiment time","system time"\n"START",0,1\n', "this format is not known"),
    "unknown": ("t,ax,ay,az\n0,0,1,0\n", "name the columns with --time, --acc and --gyr; found are t, ax, ay, az."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_what_to_do(file, name):
    text, words = REFUSED[name]
    with pytest.raises(FileFormatError, match=words.replace(".", r"\.")) as caught:
        open_content(file(text))
    assert "\n" not in str(caught.value)


def test_a_counter_of_tenths_of_milliseconds_is_no_movella_dot(file):
    head, rows = dot().split("PacketCounter")
    names, *lines = ("PacketCounter" + rows).splitlines()
    ticks = [",".join((line.split(",")[0], str(k * 100), *line.split(",")[2:])) for k, line in enumerate(lines)]
    with pytest.raises(FileFormatError, match="too fast for the Movella DOT app"):
        open_content(file(head + "\n".join([names, *ticks])))


def test_another_format_than_asked_for_is_refused(file):
    with pytest.raises(FileFormatError, match="this is not the format phyphox"):
        open_content(file(dot()), Options(format="phyphox"))
    with pytest.raises(FileFormatError, match="unknown column"):
        open_content(file(dot()), Options(format="canonical"))


def test_canonical_csv_needs_no_options_and_may_be_told_its_start(file):
    path = file("time_s,acc_x_g,acc_y_g,acc_z_g\n" + joined((k / 50, *acc(k)) for k in range(N)))
    assert recognise(path) == ("canonical", None)
    content = open_content(path, Options(start="2026-07-03 12:00:00", zone="Europe/Vienna"))
    assert (content.started_utc_s, content.utc_offset_s) == (STARTED - 7200, 7200)
    assert len(rows_of(content)) == N


def test_a_chip_time_that_is_there_is_preferred(file):
    text = witmotion(**ENGLISH).replace("ChipTime()", "Chip Time()")
    assert recognise(file(text))[1].time == ("Time",)
    assert recognise(file(text.replace("null", "2026-07-03 12:00:00:010")))[1].time == ("Chip Time()",)


def test_several_sensors_in_one_file_are_told_apart(file):
    head, *lines = witmotion().splitlines()
    text = "\n".join([head, *(each for line in lines for each in (line, line.replace("WT901(ab)", "WT901(cd)")))])
    with pytest.raises(FileFormatError, match=r"holds several sensors, 'WT901\(ab\)' and 'WT901\(cd\)'"):
        open_content(file(text))
    assert len(rows_of(open_content(file(text), Options(device="WT901(cd)")))) == N


def test_every_format_says_what_is_known_of_it():
    assert [each.name for each in FORMATS] == list(NAMES[1:])
    for each in FORMATS:
        assert len(each.about) > 80
        for layout in each.layouts:
            assert layout.acc or layout.gyr
            assert layout.form in FORMS


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data(), st.sampled_from(sorted(FILES)))
def test_a_damaged_export_is_read_or_refused_never_worse(tmp_path_factory, data, name):
    text, encoding, *_ = FILES[name]
    damaged = bytearray(text.encode(encoding))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)) | st.integers(0, min(len(damaged), 300)))
        until = data.draw(st.integers(at, min(at + 40, len(damaged))) | st.just(len(damaged)))
        damaged[at:until] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\n", b",", b'"', b"\t", b"nan", b"-9"])
        )
    path = tmp_path_factory.mktemp("fuzz") / "in.csv"
    path.write_bytes(damaged)
    try:
        rows = rows_of(open_content(path))
    except SitwellError as error:
        assert "\n" not in str(error)  # noqa: PT017
        assert str(error).endswith((".", "?"))  # noqa: PT017
    else:
        assert np.isfinite(rows).all()
        assert (np.diff(rows[:, 0]) > 0).all()


@pytest.mark.skipif(not HARTH.is_dir(), reason="the HARTH recordings are not here")
def test_real_harth_files_are_read():
    for path in sorted(HARTH.glob("*.csv"))[:1]:
        rows = rows_of(open_content(path))
        assert 0.8 < np.median(np.linalg.norm(rows[:, 1:4], axis=1)) < 1.2
