"""Thresholds by name: turned, handed on to the profiles, and written down."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import default_profile, profile_from_mapping
from monitor.config.editing import Change, as_toml
from monitor.tuning.knobs import changes, knobs

PROFILE = default_profile()
BEFORE = PROFILE.prompts
KNOWN = knobs(BEFORE.places[0])


def pasted(after):
    """The settings of a wearer whose profile.toml says what changes tells."""
    told = [Change(each.key, each.value, each.alert, each.profile) for each in changes(BEFORE, after)]
    return profile_from_mapping(tomllib.loads(as_toml(told)), PROFILE).prompts if told else BEFORE


@pytest.mark.parametrize("name", KNOWN)
def test_a_knob_turned_is_what_a_pasted_profile_has(name):
    knob = KNOWN[name]
    value = knob.low + round((knob.high - knob.low) / knob.step / 3) * knob.step
    after = knob.set(BEFORE, value)
    assert knob.get(after) == pytest.approx(value)
    assert pasted(after) == after


@given(st.lists(st.tuples(st.sampled_from(list(KNOWN)), st.floats(0.1, 0.9)), max_size=5), st.data())
def test_what_is_pasted_prompts_as_what_was_tried(turns, data):
    place = data.draw(st.sampled_from([each.name for each in BEFORE.places]))
    after = BEFORE
    for name, part in dict(turns).items():
        knob = KNOWN[name]
        after = knob.set(after, knob.low + part * (knob.high - knob.low), place)
    assert pasted(after) == after


def test_clear_keeps_its_ratio():
    rule = KNOWN["posture.limit_deg_min"].set(BEFORE, 30).places[0].rules[0]
    assert (rule.limit, rule.clear) == (1800.0, 600.0)


def test_the_desk_hands_on_to_profiles_that_have_no_word_of_their_own():
    limits = {
        place.name: rule.limit
        for place in KNOWN["sitting.limit_min"].set(BEFORE, 20).places
        for rule in place.rules
        if rule.name == "sitting"
    }
    assert limits == {"desk": 1200.0, "sofa": 2700.0, "standing-desk": 1200.0, "car": 7200.0}


def test_a_profile_is_turned_alone():
    after = KNOWN["posture.tilt_deg"].set(BEFORE, 20, "sofa")
    (told,) = changes(BEFORE, after)
    assert (told.key, told.value, told.profile) == ("band.sitting.tilt_deg", 20.0, "sofa")
    assert changes(BEFORE, BEFORE) == []
