"""The prompt panel: nothing of a message is dropped without a sign."""

from dataclasses import replace

from monitor.config import default_profile
from monitor.dashboard.widgets import prompt


def test_a_message_too_long_for_the_screen_says_that_it_goes_on(make_alerting):
    snapshot = make_alerting()
    long = replace(snapshot, prompt=replace(snapshot.prompt, message="a few words too many " * 10))
    first, *_ = prompt.draw(long, 78, 2, keys="[e] explain")
    assert first[0][0].endswith(" …")
    assert len(first[0][0]) <= 78


def test_shipped_messages_fit_the_narrow_screen():
    assert all(len(rule.message) <= 78 for rule in default_profile().prompts.places[0].rules)
