"""A grid of settings: what is written, that it prompts as the live engine does, and which of it are the best."""

import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wearings import SHIPPED, random_settings, wearing

from monitor.errors import SitwellError
from monitor.states.bouts import BoutParams
from monitor.stream import Started
from monitor.tuning.days import days_of, worn
from monitor.tuning.knobs import knobs
from monitor.tuning.lanes import asked
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Score, Yardstick
from monitor.tuning.sweep import MOST, axis, chosen, evaluate, grid, merit, pareto, turned

KNOWN = knobs(SHIPPED.places[0])


def tried_on(rng, number=3, started=True):
    sessions = [wearing(rng, rng.randint(500, 9000)) for _ in range(number)]
    if not started:
        sessions = [[each for each in events if not isinstance(each, Started)] for events in sessions]
    return Tried(days_of([worn(f"s{n}", n * 1e6, each, BoutParams()) for n, each in enumerate(sessions)]))


def score(prompts_per_h=1.0, missed=0, precision=math.nan, recall=math.nan):
    return Score(10.0, 10, prompts_per_h, 0.0, 5, missed, math.nan, precision, recall, math.nan)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("posture.tilt_deg=6:16:2", (6, 8, 10, 12, 14, 16)),
        ("posture.tilt_deg=6:7:0.4", (6, 6.4, 6.8)),
        ("posture.tilt_deg = 9 , 7, 9", (9, 7)),
        ("posture.tilt_deg=7.5", (7.5,)),
        ("budget.most_per_hour=1:4:1", (1, 2, 3, 4)),
    ],
)
def test_ranges_lists_and_values_are_understood(text, values):
    assert axis(text, KNOWN).values == pytest.approx(values)


@pytest.mark.parametrize(
    "text", ["posture.tilt_deg", "posture.tilt_deg=", "posture.tilt_deg=a", "posture.tilt_deg=9:6:1"]
)
def test_what_is_no_range_is_told_with_the_ways_to_write_one(text):
    with pytest.raises(SitwellError, match="low:high:step"):
        axis(text, KNOWN)


@pytest.mark.parametrize("values", ["6:16:0", "6:16:-1", "nan", "1:inf:1", "1:2", "1:2:3:4"])
def test_no_odd_range_is_taken(values):
    with pytest.raises(SitwellError):
        axis(f"posture.tilt_deg={values}", KNOWN)


def test_an_unknown_name_is_told_with_the_nearest_one():
    with pytest.raises(SitwellError, match=r"did you mean sitting\.limit_min\?"):
        axis("siting.limit_min=3", KNOWN)


def test_a_grid_has_every_combination_and_is_not_boundless():
    axes = [axis("posture.tilt_deg=6,8", KNOWN), axis("sitting.limit_min=20,30", KNOWN)]
    assert list(grid(axes)) == [(6, 20), (6, 30), (8, 20), (8, 30)]
    with pytest.raises(SitwellError, match="set twice"):
        grid([axes[0], axes[0]])
    with pytest.raises(SitwellError, match=f"{MOST} are the most"):
        grid([axis("posture.tilt_deg=5:30:0.05", KNOWN), axis("sitting.limit_min=1:600:1", KNOWN)])
    with pytest.raises(SitwellError, match="are the most"):
        axis("posture.tilt_deg=5:30:0.0001", KNOWN)


@pytest.mark.parametrize("seed", range(12))
def test_settings_in_step_prompt_as_each_of_them_alone(seed):
    rng = Random(seed)
    tried = tried_on(rng, started=seed % 4 != 0)
    base = random_settings(rng)
    known = knobs(base.places[0])
    settings = [base]
    for _ in range(5):
        each = base
        for knob in rng.sample(list(known.values()), 6):
            each = knob.set(each, rng.uniform(knob.low, (knob.low + knob.high) / 2), rng.choice(base.places).name)
        quiet = replace(each.quiet, snoozes_in_a_row=rng.randrange(4), meeting_most_s=rng.choice([300.0, 10_800.0]))
        fading = replace(each.fading, baseline_days=rng.randrange(3))
        settings.append(replace(each, quiet=quiet, fading=fading))
    for each, found in zip(settings, asked(tried, settings), strict=True):
        alone = [(prompt.index, prompt.name, prompt.again) for prompt in tried.run(each).prompts]
        names = [found.names[rule] for rule in found.rule]
        assert list(zip(found.at.tolist(), names, found.again.tolist(), strict=True)) == alone


def test_settings_of_different_kinds_are_tried_one_by_one():
    tried = tried_on(Random(5))
    other = replace(SHIPPED, quiet=replace(SHIPPED.quiet, working_hours=("08:00-12:00",)))
    both = asked(tried, [SHIPPED, other])
    assert [each.at.tolist() for each in both] == [[p.index for p in tried.run(s).prompts] for s in (SHIPPED, other)]
    assert asked(tried, []) == []


def test_no_day_at_all_prompts_nothing():
    tried = Tried(days_of([]))
    (found,) = evaluate(tried, Yardstick(tried, SHIPPED), [SHIPPED])
    assert (found.prompts, found.worn_h, found.prompts_per_h) == (0, 0.0, 0.0)


def test_figures_of_a_grid_are_those_of_each_setting():
    tried = tried_on(Random(9))
    yardstick = Yardstick(tried, SHIPPED)
    axes = [axis("posture.tilt_deg=6,14", KNOWN), axis("sitting.limit_min=5,20", KNOWN)]
    settings = [turned(SHIPPED, axes, each) for each in grid(axes)]
    assert str(evaluate(tried, yardstick, settings)) == str(
        [yardstick.score(tried, each, tried.run(each)) for each in settings]
    )


few = st.sampled_from([0.0, 0.5, 1.0, 2.0])
shares = st.sampled_from([math.nan, 0.0, 0.25, 0.5, 1.0])


def costs(each):
    return (each.prompts_per_h, each.missed, *(0.0 if math.isnan(x) else -x for x in (each.precision, each.recall)))


@given(st.lists(st.builds(score, few, st.integers(0, 3), shares, shares), max_size=30))
def test_the_best_are_those_that_no_other_one_beats(scores):
    def beaten(one):
        return any(
            costs(other) != costs(one) and all(a <= b for a, b in zip(costs(other), costs(one), strict=True))
            for other in scores
        )

    assert pareto(scores) == [not beaten(each) for each in scores]


def test_the_one_to_propose_asks_no_more_than_now():
    now = score(2.0, 5)
    assert chosen([score(3.0, 0), score(1.5, 2), score(1.0, 4)], now) == 1
    assert chosen([score(2.0, 2, 0.5, 0.5), score(1.0, 9, 0.9, 0.9)], now) == 1
    assert chosen([score(4.0, 0), score(3.0, 9)], now) == 1
    assert merit(score()) == 0.0
    assert merit(score(precision=1.0, recall=0.5)) == pytest.approx(2 / 3)
