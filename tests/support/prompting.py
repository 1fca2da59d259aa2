"""Profiles with rules of a test's own."""

from monitor.profile import Profile
from monitor.states.rules import AlertRule, AlertSettings, BandParams, Place, QuietParams


def settings_with(rules, band=None, **others):
    """Settings of one profile, with no first seconds in which nothing is asked unless the test says so."""
    others.setdefault("quiet", QuietParams(settle_s=0.0))
    return AlertSettings((Place("desk", (), tuple(rules), band or BandParams()),), **others)


def profile_with(rules, band=None, **others):
    """A profile of the settings above."""
    return Profile(prompts=settings_with(rules, band, **others))


def rule(name, measure, limit, clear=None, hold_s=5.0, repeat_s=900.0, message="Move."):
    """A rule with the usual hold and repeat."""
    return AlertRule(name, measure, limit, limit / 3 if clear is None else clear, hold_s, repeat_s, message)
