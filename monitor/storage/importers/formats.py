"""The text exports of known apps: how each is recognised by its header, and its Mapping. Data, and one way to read it.

What was found, and where, stands at each format (`about`). No file of these apps was at hand, only what their documents
and the public programs that write or read them say.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.errors import FileFormatError
from monitor.storage.importers.canonical import COLUMNS
from monitor.storage.importers.head import Opening, fields_of, opening
from monitor.storage.importers.mapping import Columns, Mapping, listed
from monitor.storage.importers.parsing import split

CANONICAL = "canonical"


@dataclass(frozen=True, slots=True)
class Layout:
    """One header that a format may have, as patterns of its columns (whole names, case ignored).

    Every pattern of `acc`, `gyr` and `time` must match a column, and the first row must have something in the column of
    the time. device: column that names the sensor, where a file may hold several.
    """

    time: tuple[str, ...]
    form: str
    acc: tuple[str, str, str] | None = None
    gyr: tuple[str, str, str] | None = None
    clock: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file whose format is known: its path, the lines above its header, and the names there."""

    path: Path
    above: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Format:
    """An app's export.

    title    : what made the file
    about    : what is known of it, and where that was found
    layouts  : tried in order; the first whose columns are all there is taken
    mapping  : units and manners that all layouts share
    unlike   : a pattern that no line of the preamble may have
    details  : fills in what the header, the lines above it or a file beside tell
    lacking  : pattern of a header without acceleration -> the sentence that refuses it
    """

    name: str
    title: str
    about: str
    layouts: tuple[Layout, ...]
    mapping: Mapping
    unlike: str = ""
    details: Callable[[Mapping, "Found"], Mapping] | None = None
    lacking: tuple[tuple[str, str], ...] = ()


_EPOCH = r"epoch? \(ms\)"
_PHYPHOX_TIME, _PHYPHOX_ACC, _PHYPHOX_GYR = r"Time \(s\)", r"Acceleration {} \(m/s\^2\)", r"Gyroscope {} \(rad/s\)"
_POLAR_TIME = r"sensor timestamp \[ns\]"
_WIT = "device ?name(?:\\(\\))?|设备名称"
_WIT_ACC, _WIT_GYR = r"Acceleration {}\(g\)", r"Angular velocity {}\(°/s\)"


def _axes(pattern: str, axes: str = "xyz") -> tuple[str, str, str]:
    x, y, z = (pattern.replace("{}", axis) for axis in axes)
    return x, y, z


def _dot_details(mapping: Mapping, found: Found) -> Mapping:
    """Lines `FirmwareVersion:,3.0.0` and `StartTime: ,2025-07-11_20:06:00_086 WEST`."""
    told = dict(re.split(r"\s*:\s*,?\s*", line, maxsplit=1) for line in found.above if ":" in line)
    start = re.match(r"\d{4}-\d\d-\d\d[_ T]\d\d:\d\d:\d\d(?:[_.:]\d{1,6})?", told.get("StartTime", ""))
    return replace(
        mapping,
        firmware=told.get("FirmwareVersion", "").strip(" ,"),
        start=mapping.start or (start.group() if start else ""),
    )


def _phyphox_details(mapping: Mapping, found: Found) -> Mapping:
    """The start stands in meta/time.csv, if the archive was unpacked whole: "START",0E0,1790000000.000,…."""
    beside = found.path.parent / "meta" / "time.csv"
    if mapping.start or not beside.is_file():
        return mapping
    try:
        lines = opening(beside).lines
    except FileFormatError:
        return mapping
    starts = [fields for fields in (fields_of(line)[0] for line in lines) if len(fields) >= 4 and fields[0] == "START"]
    text = re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? UTC[+-]\d\d:\d\d", starts[0][3] if starts else "")
    paused = "The recording was paused, and its times leave the pauses out." if len(starts) > 1 else ""
    return replace(mapping, start=text.group() if text else "", remark=paused)


def _metabase_details(mapping: Mapping, found: Found) -> Mapping:
    """The offset from UTC stands in the header: `timestamp (-0500)`, `timestamp (+01:00)`, `timestamp (GMT-5)`."""
    for name in found.names:
        offset = re.fullmatch(r"timestamp \((?:GMT|UTC)?([+-])(\d{1,2}):?(\d\d)?\)", name)
        if offset and not mapping.zone:
            seconds = int(offset[2]) * 3600 + int(offset[3] or 0) * 60
            return replace(mapping, utc_offset_s=-seconds if offset[1] == "-" else seconds)
    return mapping


FORMATS: tuple[Format, ...] = (
    Format(
        "movella-dot",
        "Movella DOT app",
        "A line of names that begins PacketCounter,SampleTimeFine under up to a dozen lines sep=, DeviceTag:,1 "
        "OutputRate:,60Hz StartTime: ,… (a public test file of such an export; titles in a public Android program). "
        "Acc in m/s², Gyr in deg/s, SampleTimeFine in µs, 32 bits (Movella's BLE services specification). MT Manager "
        "writes the same names, but rad/s and 0.1 ms, under lines that begin with //: those are not taken for it.",
        (
            Layout(("SampleTimeFine",), "device-us-32", _axes("Acc_{}", "XYZ"), _axes("Gyr_{}", "XYZ")),
            Layout(("SampleTimeFine",), "device-us-32", _axes("Acc_{}", "XYZ")),
        ),
        Mapping(acc_unit="m/s2", drop_late=True, most_hz=240.0),
        unlike=r"\s*//",
        details=_dot_details,
        lacking=(
            ("FreeAcc_X", "it has only free acceleration, which lacks gravity: record in its mode Rate quantities."),
            (r"d[qQ]_W|d[vV]\[1\]", "it has only increments: record in its mode Rate quantities."),
            ("Euler_X|Quat_W", "it has only orientation: record in its mode Rate quantities."),
        ),
    ),
    Format(
        "metabase",
        "MbientLab MetaBase app",
        "One file a sensor: epoc (ms),timestamp (-0500),elapsed (s),x-axis (g),y-axis (g),z-axis (g), or (deg/s); the "
        "offset from UTC is the phone's. The app's iOS source and public Android programs write it so, some epoch.",
        (
            Layout((_EPOCH,), "unix-ms", _axes(r"{}-axis \(g\)"), _axes(r"{}-axis \(deg/s\)")),
            Layout((_EPOCH,), "unix-ms", _axes(r"{}-axis \(g\)")),
            Layout((_EPOCH,), "unix-ms", None, _axes(r"{}-axis \(deg/s\)")),
        ),
        Mapping(drop_late=True),
        details=_metabase_details,
    ),
    Format(
        "phyphox",
        "phyphox app",
        'Raw Data.csv, or Accelerometer.csv and Gyroscope.csv: "Time (s)","Acceleration x (m/s^2)", numbers like '
        "1.234567890E-1; commas, semicolons or tabs, decimal points or commas, as chosen at the export (the app's file "
        "format documents). Time counts from the start of the experiment, whose date is in meta/time.csv.",
        (
            Layout((_PHYPHOX_TIME,), "s", _axes(_PHYPHOX_ACC), _axes(_PHYPHOX_GYR)),
            Layout((_PHYPHOX_TIME,), "s", _axes(_PHYPHOX_ACC)),
            Layout((_PHYPHOX_TIME,), "s", None, _axes(_PHYPHOX_GYR)),
        ),
        Mapping(acc_unit="m/s2", gyr_unit="rad/s", drop_late=True, drop_missing=True),
        details=_phyphox_details,
        lacking=(
            ("Linear Acceleration x.*", "it has acceleration without g: export the experiment Acceleration (with g)."),
        ),
    ),
    Format(
        "polar-sensor-logger",
        "Polar Sensor Logger app",
        "…_ACC.txt and …_GYRO.txt: Phone timestamp;sensor timestamp [ns];X [mg];Y [mg];Z [mg], or [dps], in some files "
        "with timestamp [ms] between (public readers and writers of them). The phone's stamp is local time without a "
        "zone and comes in packets: the sensor's is used, and the phone's first one tells when that was.",
        (
            Layout((_POLAR_TIME,), "device-ns", _axes(r"{} \[mg\]"), None, "Phone timestamp"),
            Layout((_POLAR_TIME,), "device-ns", None, _axes(r"{} \[dps\]"), "Phone timestamp"),
        ),
        Mapping(acc_unit="mg", drop_late=True),
    ),
    Format(
        "witmotion",
        "WitMotion app",
        "Tabs or commas under one of these: time … AccX(g) … AsX(°/s) (the newer programs), 时间 … 加速度X(g) … "
        "角速度X(°/s) (the same in Chinese), Chip Time() or Time … Acceleration X(g) … Angular velocity X(°/s), and "
        "Chiptime or Time(s) … ax(g) … wx(deg/s) (older, and the maker's Python examples). Seen in public readers. "
        "The time has three decimals after a point or a colon, and no zone. Repeated times are rows of one packet.",
        (
            Layout(
                ("time|时间",), "iso", _axes(r"(?:Acc|加速度){}\(g\)"), _axes(r"(?:As|角速度){} ?\(°/s\)"), device=_WIT
            ),
            Layout((r"chip time\(\)",), "iso", _axes(_WIT_ACC), _axes(_WIT_GYR), device=_WIT),
            Layout(("time",), "iso", _axes(_WIT_ACC), _axes(_WIT_GYR), device=_WIT),
            Layout(("chiptime",), "iso", _axes(r"a{}\(g\)"), _axes(r"w{}\(deg/s\)")),
            Layout((r"time\(s\)",), "s", _axes(r"a{}\(g\)"), _axes(r"w{}\(deg/s\)")),
        ),
        Mapping(drop_late=True),
    ),
    Format(
        "harth",
        "HARTH or HAR70+",
        "timestamp,back_x,back_y,back_z,thigh_x,…,label in g (Logacjov 2021, Ustad 2023): the sensor at the back. "
        "Local time without a zone; some files have an index column first.",
        (Layout(("timestamp",), "iso", _axes("back_{}")),),
        Mapping(drop_late=True, drop_missing=True),
    ),
)
NAMES = (CANONICAL, *(each.name for each in FORMATS))


def recognise(
    path: Path, name: str = "", zone: str = "", start: str = "", device: str = ""
) -> tuple[str, Mapping | None]:
    """(name of the format, its Mapping for this file; None for canonical CSV).

    name: look for this format only. Raises FileFormatError for an unknown file, and for one whose app was asked for
    something that cannot be used; the sentence tells which columns were found and which options name them.
    """
    start_of_file = opening(path)
    if name == CANONICAL:
        return CANONICAL, None
    refusal = None
    for each in FORMATS:
        if name and each.name != name:
            continue
        for at, line in enumerate(start_of_file.lines):
            names, delimiter = fields_of(line)
            if len(names) < 3 or (
                each.unlike and any(re.match(each.unlike, above) for above in start_of_file.lines[:at])
            ):
                continue
            below = next((text for text in start_of_file.lines[at + 1 :] if text.strip()), "")
            found = _fit(each, names, split(below, delimiter))
            if found is not None:
                mapping = replace(found, sensor=each.title, zone=zone, start=start, only=device, skip_lines=at)
                if each.details is not None:
                    mapping = each.details(mapping, Found(path, start_of_file.lines[:at], names))
                return each.name, mapping
            refusal = refusal or _lacking(each, names, path, at + 1)
    if refusal is not None:
        raise refusal
    header = next((line for line in start_of_file.lines if line.strip()), "")
    names, _ = fields_of(header)
    if not name and _meant_as_canonical(names, header):
        return CANONICAL, None
    what = f"this is not the format {name}" if name else "this format is not known"
    message = f"{what}: name the columns with --time, --acc and --gyr; found are {_found(start_of_file)}."
    raise FileFormatError(message, path)


def _fit(each: Format, names: tuple[str, ...], row: list[str]) -> Mapping | None:
    for layout in each.layouts:
        groups = [_columns(patterns, names) for patterns in (layout.time, layout.acc or (), layout.gyr or ())]
        clock = _columns((layout.clock,) if layout.clock else (), names)
        if any(group is None for group in groups) or clock is None:
            continue
        time, acc, gyr = (group or () for group in groups)
        if any(not re.search(r"\d", "".join(row[names.index(name) : names.index(name) + 1])) for name in time if row):
            continue
        device = _columns((layout.device,), names) if layout.device else None
        return replace(
            each.mapping,
            time=time,
            time_form=layout.form,
            acc=_three(acc),
            gyr=_three(gyr),
            clock=clock[0] if clock else "",
            device=device[0] if device else "",
        )
    return None


def _columns(patterns: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...] | None:
    found: list[str] = []
    for pattern in patterns:
        name = next((name for name in names if re.fullmatch(pattern, name, re.IGNORECASE)), None)
        if name is None:
            return None
        found.append(name)
    return tuple(found)


def _three(names: tuple[str, ...]) -> Columns | None:
    return (names[0], names[1], names[2]) if names else None


def _lacking(each: Format, names: tuple[str, ...], path: Path, line: int) -> FileFormatError | None:
    """The refusal of a header that has this format's times, but nothing that can be used."""
    if not any(_columns(layout.time, names) for layout in each.layouts):
        return None
    for pattern, sentence in each.lacking:
        if any(re.fullmatch(pattern, name) for name in names):
            return FileFormatError(f"this comes from the {each.title}, but {sentence}", path, line)
    return None


def _meant_as_canonical(names: tuple[str, ...], header: str) -> bool:
    return bool(set(names) & set(COLUMNS)) or not header.strip()


def _found(start: Opening) -> str:
    """The columns of the line that has the most of them."""
    return listed(max((fields_of(line)[0] for line in start.lines[:-1] or start.lines), key=len))
