"""Texts of time stamps become nanoseconds exactly; both summer-time changes are right or refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.storage.importers.stamps import NS, LocalTime, StampError, civil, counted

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the clock on the wall
LAST = datetime(2199, 12, 31)  # noqa: DTZ001


def texts(*values):
    return np.array([value.encode() for value in values], dtype="S64")


def ns(text):
    moment = datetime.fromisoformat(text)
    return (moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo)) // timedelta(microseconds=1) * 1000


@given(
    st.lists(st.datetimes(EPOCH, LAST), min_size=1, max_size=20),
    st.sampled_from(["-", "/", "."]),
    st.sampled_from([" ", "T", "_", "  "]),
    st.booleans(),
)
def test_any_date_and_time_is_read_exactly(moments, dash, between, padded):
    def write(at):
        two = "02" if padded else ""
        day = dash.join((f"{at.year:04d}", f"{at.month:{two}}", f"{at.day:{two}}"))
        fraction = f".{at.microsecond:06d}" if at.microsecond or padded else ""
        return f"{day}{between}{at.hour:{two}}:{at.minute:{two}}:{at.second:{two}}{fraction}"

    found, offsets = civil(texts(*map(write, moments)))
    assert found.tolist() == [(at - EPOCH) // timedelta(microseconds=1) * 1000 for at in moments]
    assert offsets is None


@pytest.mark.parametrize(
    ("text", "fraction_ns", "offset_s"),
    [
        ("2026-03-01T12:00:00Z", 0, 0),
        ("2026-03-01T12:00:00.5+02:00", 500_000_000, 7200),
        ("2026-03-01 12:00:00,123456789-0330", 123_456_789, -12_600),
        ("2026-03-01 12:00:00.250 UTC+02:00", 250_000_000, 7200),
        ("2026-03-01 12:00:00 GMT", 0, 0),
        ("2026-3-1 12:0:0:7", 7_000_000, None),
        ("2026-03-01 12:00:00:070", 70_000_000, None),
        ("2026-03-01_12:00:00_086 WEST", 86_000_000, None),
        (" 2026-03-01 12:00:00 ", 0, None),
    ],
)
def test_fractions_and_offsets_of_many_manners(text, fraction_ns, offset_s):
    found, offsets = civil(texts(text))
    assert found.tolist() == [ns("2026-03-01T12:00:00") + fraction_ns]
    assert (None if offsets is None else offsets.tolist()) == (None if offset_s is None else [offset_s])


def test_a_time_of_day_counts_from_midnight():
    assert civil(texts("00:00:01.5", "23:59:59"))[0].tolist() == [1_500_000_000, 86_399 * NS]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "noon",
        "2026-13-01 00:00:00",
        "2026-02-29 00:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01 00:60:00",
        "1969-01-01 00:00:00",
        "2026-01-00 00:00:00",
        "01/02/2026 00:00:00",
        "2026-01-01",
        "2026-01-01 1:2:3 +5",
    ],
)
def test_a_bad_date_is_refused_with_its_row(bad):
    with pytest.raises(StampError) as caught:
        civil(texts("2026-01-01 00:00:00", "2026-01-01 00:00:01", bad))
    assert caught.value.row == 2


def test_offsets_of_some_rows_only_are_refused():
    with pytest.raises(StampError, match="otherwise than the others"):
        civil(texts("2026-01-01 00:00:00", "2026-01-01 00:00:01Z"))


@given(st.lists(st.integers(0, 4 * 10**18), min_size=1, max_size=20), st.sampled_from([1, 1000, 10**6, NS]))
def test_counts_keep_every_digit(values, per_second):
    digits = len(str(NS // per_second)) - 1
    written = [f"{v // 10**digits}.{v % 10**digits:0{digits}d}" if digits else str(v) for v in values]
    assert counted(texts(*written), per_second).tolist() == values


@pytest.mark.parametrize("bad", ["", "-1", "1e9", "nan", "1.2.3", "0x1", "9999999999999999999", "12345678901234567890"])
def test_a_bad_count_is_refused_with_its_row(bad):
    with pytest.raises(StampError) as caught:
        counted(texts("1", "2", bad), NS)
    assert caught.value.row == 2


def local_minutes(zone, start_utc, minutes):
    """(what a clock on the wall shows, UTC) in ns, a row a minute."""
    utc = [datetime.fromisoformat(start_utc).replace(tzinfo=UTC) + timedelta(minutes=k) for k in range(minutes)]
    shown = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat() for at in utc]
    return np.array([ns(text) for text in shown]), np.array([ns(at.isoformat()) for at in utc])


ZONES = [
    ("Europe/Vienna", "2026-10-24T22:00", "2026-03-28T23:00"),
    ("America/New_York", "2026-11-01T03:00", "2026-03-08T05:00"),
    ("Australia/Lord_Howe", "2026-04-04T13:00", "2026-10-03T13:00"),
]


@pytest.mark.parametrize(("zone", "autumn", "spring"), ZONES)
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_both_changes_of_the_clock_are_right_in_blocks_of_any_length(zone, autumn, spring, piece):
    for start in (autumn, spring):
        shown, utc = local_minutes(zone, start, 400)
        times = LocalTime(zone)
        found = np.concatenate([times.utc(shown[at : at + piece]) for at in range(0, len(shown), piece)])
        assert found.tolist() == utc.tolist()


def test_a_time_that_was_left_out_is_refused():
    with pytest.raises(StampError, match="no such time in Europe/Vienna") as caught:
        LocalTime("Europe/Vienna").utc(np.array([ns("2026-03-29T01:59:00"), ns("2026-03-29T02:30:00")]))
    assert caught.value.row == 1


@pytest.mark.parametrize("piece", [1, 1000])
def test_the_repeated_hour_shown_once_is_refused(piece):
    shown = np.array([ns("2026-10-25T02:30:00") + k * 60 * NS for k in range(60)])
    times = LocalTime("Europe/Vienna")
    with pytest.raises(StampError, match="comes twice"):
        [times.utc(shown[at : at + piece]) for at in range(0, len(shown), piece)]


def test_a_small_step_back_within_the_repeated_hour_is_no_change_of_the_clock():
    shown = np.array([ns("2026-10-25T02:30:00"), ns("2026-10-25T02:29:59")])
    found = LocalTime("Europe/Vienna").utc(shown)
    assert found[1] - found[0] == -NS


def test_the_offset_is_that_of_the_time():
    times = LocalTime("Europe/Vienna")
    assert times.offset_s(ns("2026-01-01T00:00:00")) == 3600
    assert times.offset_s(ns("2026-07-01T00:00:00")) == 7200
