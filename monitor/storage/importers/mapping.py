"""What the user, or the table of formats, says of a text file: its columns, units, and its way of telling time."""

import math
from dataclasses import dataclass, field

from monitor.storage.importers.parsing import short

ACC_UNITS = {"g": 1.0, "mg": 1000.0, "m/s2": 9.80665}
GYR_UNITS = {"dps": 1.0, "mdps": 1000.0, "rad/s": math.pi / 180.0}


Columns = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Mapping:
    """How to read a file. Columns go by name or, counted from 1, by number.

    sensor        : what made the file
    acc, gyr      : columns of the three axes; None where the file has none
    acc_unit      : of ACC_UNITS, or how many counts are 1 g, as text; gyr_unit: of GYR_UNITS, or counts a deg/s
    time          : the column of the time; a date and a time of day may have two; none: the rows come at rate_hz
    time_form     : one of times.FORMS; "" is iso if the first row has a colon there, else s
    clock         : column whose first value is the date and time of the first row, where `time` only counts
    start         : date and time of session time 0, where the file tells none
    device        : column that names the sensor; only: its name, where the file has rows of several
    zone          : IANA name of the zone of dates and times that do not tell their offset from UTC
    utc_offset_s  : its offset, where that is known and the zone is not; None where both are unknown
    delimiter     : "" finds it in the header; " " is any run of blanks
    decimal_comma : None finds it in the first row
    skip_lines    : lines before the header; None finds the line that has the columns
    header        : whether there is a header; if not, columns go by number
    drop_late     : rows whose time repeats or falls short of the one before by up to 0.5 s are left out and counted
    drop_missing  : rows without a value are left out and counted
    remark        : a sentence to be told, if there is one
    most_hz       : no such sensor is faster: a file that seems so is not what it looks like
    """

    sensor: str = "text file"
    acc: Columns | None = None
    acc_unit: str = "g"
    gyr: Columns | None = None
    gyr_unit: str = "dps"
    time: tuple[str, ...] = ()
    time_form: str = ""
    rate_hz: float = 0.0
    clock: str = ""
    start: str = ""
    device: str = ""
    only: str = ""
    zone: str = ""
    utc_offset_s: int | None = None
    delimiter: str = ""
    decimal_comma: bool | None = None
    skip_lines: int | None = None
    header: bool = True
    drop_late: bool = False
    drop_missing: bool = False
    most_hz: float = 0.0
    firmware: str = ""
    remark: str = ""


@dataclass(slots=True)
class Tally:
    """What was left out on the way."""

    rows: int = 0
    late: int = 0
    missing: int = 0
    outside: int = 0
    remarks: list[str] = field(default_factory=list[str])

    def notes(self) -> list[str]:
        """A sentence for each thing that was left out."""
        told = [
            (self.late, "left out: their time repeats, or comes before, that of the row above"),
            (self.missing, "left out: a value is missing"),
            (self.outside, "left out: there is no angular rate at their time"),
        ]
        return [*self.remarks, *(f"{n} of {self.rows} rows were {what}." for n, what in told if n)]


def listed(names: tuple[str, ...]) -> str:
    """Names of columns for a sentence, cut where they are too many."""
    shown = ", ".join(short(name)[1:-1] for name in names[:16])
    return f"{shown} and {len(names) - 16} more" if len(names) > 16 else shown
