"""Figures in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard import words
from monitor.stream import LinkState, Posture


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0:00"), (7.9, "0:07"), (754, "12:34"), (3600, "1:00:00"), (3723, "1:02:03")]
)
def test_clock(seconds, text):
    assert words.clock(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(35.9, "35 s"), (60, "1 min"), (3599, "59 min"), (7500, "2 h 05")])
def test_duration(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("now", "ago_s", "text"),
    [("10:42:31", 5400.0, "09:12"), ("00:10:00", 1200.0, "23:50"), ("23:30:00", -3600.0, "00:30")],
)
def test_time_of_day(now, ago_s, text):
    assert words.time_of_day(now, ago_s) == text


@pytest.mark.parametrize(("value", "text"), [(12.4, "+12°"), (-8.0, "−8°"), (-0.4, "0°"), (0.4, "0°")])
def test_degrees(value, text):
    assert words.degrees(value) == text


@given(st.floats(-180, 180))
def test_sign_and_direction_agree(tilt_deg):
    sign = words.degrees(tilt_deg)[0]
    word = words.direction(tilt_deg)
    assert (sign == "+") == ("forward" in word)
    assert (sign == "−") == ("back" in word)


def test_band_and_hips():
    assert words.against_band(9.9, (-10.0, 10.0)) == "within your band"
    assert words.against_band(14.2, (-10.0, 10.0)) == "4° beyond your band"
    assert words.against_band(-10.4, (-10.0, 10.0)) == "less than 1° beyond your band"
    assert (words.hips(2.0), words.hips(-3.0), words.hips(0.3)) == (
        "hips 2° right side up",
        "hips 3° left side up",
        "hips level",
    )


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("over_limit_s", 65.0, ("over limit", "1:05")),
        ("tilt_deg", -14.2, ("tilt", "−14°")),
        ("tilt_sd_deg", 0.3, ("tilt uncertainty", "±1°")),
        ("posture_p", 0.97, ("posture", "97 % sure")),
        ("rate_hz", 99.31, ("rate", "99.3 Hz")),
        ("motion_mg", 12.34, ("motion", "12.3 mg")),
        ("battery_percent", 40.0, ("battery", "40 %")),
        ("steps", 12.0, ("steps", "12")),
        ("setting", "tilt.limit", ("setting", "tilt.limit")),
        ("s", 3.0, ("s", "3")),
    ],
)
def test_figures_of_an_explanation(name, value, shown):
    assert words.figure(name, value) == shown


def test_an_exposure_has_a_unit_in_words():
    assert words.quantity(912.4, "deg·s") == "912 degree-seconds"


@given(st.text(max_size=30), st.integers(-2, 40))
def test_fit_never_exceeds_the_width(text, width):
    cut = words.fit(text, width)
    assert len(cut) <= max(width, 0)
    assert cut == text or len(cut) == max(width, 0)


def test_every_state_has_its_own_symbol_and_word():
    assert len(set(words.GLYPH.values())) == len(set(words.POSTURE_WORDS.values())) == len(Posture)
    assert len(set(words.LINK_WORDS.values())) == len(LinkState)
    assert all(len(glyph) == 1 for glyph in words.GLYPH.values())
