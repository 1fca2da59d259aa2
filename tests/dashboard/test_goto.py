"""What may be written to go to a time."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.goto import position_s
from monitor.snapshot import Player

PLAYER = Player(
    5400.0, 28_800.0, 1.0, paused=False, ended=False
)  # 10:42:31 is 1:30:00 of 8:00:00, so it began 09:12:31
CLOCK = "10:42:31"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1:20:00", 4800.0),
        (" 0:00:07 ", 7.0),
        ("10:35", 4949.0),
        ("09:13", 29.0),
        ("17:12", 28_769.0),
        ("9:13", 29.0),
        ("+5min", 5700.0),
        ("+5 min", 5700.0),
        ("-30s", 5370.0),
        ("−30s", 5370.0),
        ("-1:30", 5310.0),
        ("+0:01:30", 5490.0),
        ("90s", 90.0),
        ("1h30min", 5400.0),
        ("1.5h", 5400.0),
        ("+1h", 9000.0),
        ("-3h", 0.0),
        ("+9h", 28_800.0),
    ],
)
def test_times_that_are_understood(text, seconds):
    assert position_s(text, PLAYER, CLOCK) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "That is no time: write 1:20:00 from the start, 10:35 time of day, +5min, −30s."),
        ("soon", "That is no time"),
        ("12", "That is no time"),
        ("1:75", "That is no time"),
        ("5parsecs", "That is no time"),
        ("25:00", "That is no time"),
        ("9:00:00", "The recording is only 8:00:00 long."),
        ("9h", "The recording is only 8:00:00 long."),
        ("08:00", "08:00 is not in this recording, which goes from 09:12 to 17:12."),
        ("17:13", "17:13 is not in this recording, which goes from 09:12 to 17:12."),
    ],
)
def test_what_is_not_understood_or_not_there_is_told(text, told):
    with pytest.raises(ValueError, match=r"no time|only|not in") as caught:
        position_s(text, PLAYER, CLOCK)
    assert str(caught.value).startswith(told)


def test_over_midnight_and_over_several_days():
    night = Player(7200.0, 14_400.0, 1.0, paused=False, ended=False)
    assert position_s("23:00", night, "00:00:00") == 3600.0
    assert position_s("01:30", night, "00:00:00") == 12_600.0
    days = Player(100_000.0, 260_000.0, 1.0, paused=False, ended=False)
    assert position_s("12:10", days, "12:00:00") == 100_600.0
    assert position_s("11:50", days, "12:00:00") == 99_400.0


@given(
    at_s=st.floats(0.0, 300_000.0),
    length_s=st.floats(0.0, 300_000.0),
    now=st.times().map(lambda each: f"{each:%H:%M:%S}"),
    text=st.from_regex(r"\A[+-]?[0-9]{1,2}:[0-5][0-9](:[0-5][0-9])?\Z") | st.text(max_size=8),
)
def test_a_position_is_always_within_the_recording(at_s, length_s, now, text):
    player = Player(min(at_s, length_s), length_s, 1.0, paused=False, ended=False)
    with contextlib.suppress(ValueError):
        assert 0.0 <= position_s(text, player, now) <= length_s
