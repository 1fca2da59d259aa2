"""Postures named in the wearer's words. Imports nothing slow."""

from collections.abc import Set as AbstractSet

from monitor.stream import Posture

NAMED = (Posture.SITTING, Posture.STANDING, Posture.WALKING, Posture.LYING)


def words_of(text: str) -> list[str]:
    """Its words in small letters."""
    return "".join(letter if letter.isalpha() else " " for letter in text.lower()).split()


def posture_named(text: str, beside: AbstractSet[str]) -> Posture | None:
    """The one posture that the text names, where no other words than `beside` stand with it; else None."""
    words = words_of(text)
    postures = [posture for posture in NAMED if posture.value in words]
    return postures[0] if len(postures) == 1 and beside >= set(words) - {postures[0].value} else None
