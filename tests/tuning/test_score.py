"""Figures of a setting on an afternoon of a script."""

import math

import pytest
from desk import FIXED, SITTING
from prompting import settings_with
from recorded import scripted

from monitor.states.bouts import BoutParams
from monitor.stream import Posture
from monitor.tuning.days import days_of, worn
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Label, Yardstick

SETTINGS = settings_with([SITTING], FIXED)  # 30 min seated, again after 15


def figures(script, *labels, settings=SETTINGS):
    tried = Tried(days_of([worn("a", 0.0, scripted(script), BoutParams())]))
    prompts = tried.run(settings)
    return Yardstick(tried, SETTINGS, labels).score(tried, settings, prompts), [each.t_s for each in prompts.prompts]


def test_prompts_are_counted_by_the_hour_worn():
    score, at = figures("s3600 o3600")
    assert (score.prompts, score.worn_h) == (2, 1.0)
    assert score.prompts_per_h == 2.0
    assert at == [1804.0, 2704.0]


def test_a_break_soon_after_a_prompt_followed_it():
    assert figures("s1850 w90 s600")[0].followed == 1.0
    assert figures("s2500 w90 s600")[0].followed == 0.0
    assert math.isnan(figures("s60")[0].followed)


def test_a_long_exposure_without_a_prompt_is_missed():
    lax = settings_with([SITTING.__class__("sitting", "sitting_s", 6000.0, 60.0, 5.0, 900.0, "Up.")], FIXED)
    assert (figures("s3600")[0].long_exposures, figures("s3600")[0].missed) == (1, 0)
    assert figures("s3600", settings=lax)[0].missed == 1


def test_minutes_beyond_the_band_are_those_of_its_blocks():
    assert figures("s600")[0].exposure_min == 10.0  # at 0 deg, where the band ends at -5
    assert figures("w600")[0].exposure_min == 0.0


@pytest.mark.parametrize(
    ("labels", "precision", "recall", "false_per_h"),
    [
        ([(1800.0, 1810.0, "right"), (2600.0, 2600.0, "wrong")], 0.5, 1.0, 1.0),
        ([(1400.0, 1400.0, "right")], math.nan, 0.0, 0.0),  # too far away from any prompt
        ([(1700.0, 1900.0, Posture.SITTING), (2700.0, 2700.0, Posture.STANDING)], 0.5, math.nan, 1.0),
        ([(1700.0, 1700.0, "wrong"), (1850.0, 1850.0, "right")], 1.0, 1.0, 0.0),  # the nearest counts
    ],
)
def test_marks_tell_which_prompts_were_right(labels, precision, recall, false_per_h):
    score, _ = figures("s3600", *(Label(0, *each) for each in labels))
    assert (score.precision, score.recall, score.false_per_h) == pytest.approx(
        (precision, recall, false_per_h), nan_ok=True
    )


def test_without_marks_there_is_no_precision():
    score, _ = figures("s3600")
    assert all(math.isnan(each) for each in (score.precision, score.recall, score.false_per_h))


def test_a_break_of_the_next_session_follows_no_prompt_of_the_one_before():
    sessions = [
        worn("a", 0.0, scripted("s1850"), BoutParams()),
        worn("b", 9000.0, scripted("s60 w90 s600"), BoutParams()),
    ]
    tried = Tried(days_of(sessions))
    score = Yardstick(tried, SETTINGS).score(tried, SETTINGS, tried.run(SETTINGS))
    assert (score.prompts, score.followed) == (1, 0.0)
