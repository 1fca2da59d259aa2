"""A posture in the wearer's words: one, and nothing else but what may stand beside it."""

import pytest

from monitor.states.spoken import NAMED, posture_named, words_of
from monitor.stream import Posture


@pytest.mark.parametrize("posture", NAMED)
def test_it_is_named_alone_or_beside_what_may_stand_there(posture):
    assert posture_named(posture.value, set()) is posture
    assert posture_named(f"I'm {posture.value.upper()} now!", {"i", "m", "now"}) is posture
    assert posture_named(f"not {posture.value}", {"i", "am"}) is None


def test_two_postures_or_none_name_none():
    assert posture_named("sitting or standing", {"or"}) is None
    assert posture_named("understanding", set()) is None
    assert posture_named("", set()) is None
    assert words_of("That was wrong.") == ["that", "was", "wrong"]
    assert Posture.UNKNOWN not in NAMED
