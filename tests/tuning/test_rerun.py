"""The tuner against the live engine: the same prompts, to the second and the last bit."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from wearings import SHIPPED, prompts_live, random_settings, wearing

from monitor.analysis import analyze
from monitor.cli.files import chosen_profile
from monitor.states.bouts import BoutParams
from monitor.storage.recording import Recording
from monitor.stream import AlertRaised
from monitor.tuning.days import days_of, worn
from monitor.tuning.rerun import Tried

ROOT = Path(__file__).parents[2]


def tried_on(*sessions):
    return Tried(days_of([worn(f"day {n}", n * 86_400.0, events, BoutParams()) for n, events in enumerate(sessions)]))


def told(tried, settings):
    """Prompts as (session, t_s, name, again, value)."""
    rules = {rule.name: rule for place in settings.places for rule in place.rules}
    return [
        (each.session, each.t_s, each.name, each.again, tried.value(settings, rules[each.name].measure, each.index))
        for each in tried.run(settings).prompts
    ]


@pytest.mark.parametrize("seed", range(30))
def test_prompts_of_random_profiles_on_random_days_are_those_of_the_live_engine(seed):
    rng = Random(seed)
    sessions = [wearing(rng, rng.randint(500, 6000)) for _ in range(2)]
    tried = tried_on(*sessions)
    for settings in (random_settings(rng), random_settings(rng), SHIPPED):
        live = [
            (number, each.t_s, each.name, each.again, each.value)
            for number, events in enumerate(sessions)
            for each in prompts_live(events, settings)
        ]
        assert told(tried, settings) == live


def test_a_session_without_a_second_and_no_session_at_all_prompt_nothing():
    assert told(tried_on([]), SHIPPED) == []
    assert told(tried_on(), SHIPPED) == []


@pytest.mark.parametrize("name", ["tour", "morning-acc-only"])
def test_stored_seconds_give_the_prompts_of_a_full_replay_under_twenty_random_profiles(name):
    """Through the whole signal chain, as `sitwell replay --profile` would."""
    with Recording.open(ROOT / "recordings" / f"{name}.sqlite") as recording:
        profile = chosen_profile(recording, None)
        stored = []
        analyze(recording, profile, sink=lambda _, events, __: stored.extend(events))
        tried = tried_on(stored)
        for seed in range(20):
            settings = random_settings(Random(seed))
            replayed = []
            analyze(
                recording,
                replace(profile, prompts=settings, settled=True),
                sink=lambda _, events, __, to=replayed: to.extend(events),
            )
            expected = [(e.t_s, e.name, e.again, e.value) for e in replayed if isinstance(e, AlertRaised)]
            assert [each[1:] for each in told(tried, settings)] == expected
