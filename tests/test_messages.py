"""What sitwell says about prompts: one catalogue, kind, short, and ready for translation."""

import re
import string
import tomllib
from importlib.resources import files

import pytest

from monitor import messages
from monitor.config import default_profile

ENGLISH = dict(messages._catalogue("en"))
UNKIND = re.compile(
    r"\b(bad|wrong|must|should|never|always|poor|incorrect|fail\w*|slouch\w*|slump\w*|lazy|too (long|much)|warning|"
    r"stop|posture (is|was)|your posture|don't|do not)\b|!",
    re.IGNORECASE,
)


def figures(message):
    """The names in braces, which are filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.delenv("SITWELL_LANG", raising=False)


@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_every_message_is_kind_and_short(key):
    message = ENGLISH[key]
    assert not UNKIND.search(message)
    assert len(message) <= 110
    assert message[0].isupper() or message[0] == "{"
    assert message.rstrip(")").endswith((".", "}"))


def test_every_prompt_that_is_shipped_is_kind_and_short():
    for place in default_profile().prompts.places:
        for rule in place.rules:
            for message in (rule.message, rule.praise):
                assert message
                assert len(message) <= 110
                assert not UNKIND.search(message.replace("the next stop", ""))


def test_the_check_for_kindness_finds_what_it_is_for():
    for unkind in ("Bad posture!", "You must sit tall.", "Your posture is poor.", "You are slouching.", "Sit up!"):
        assert UNKIND.search(unkind)


def test_the_shipped_rules_speak_from_the_catalogue():
    for rule in default_profile().prompts.places[0].rules:
        assert rule.message == ENGLISH[f"prompt.{rule.name}"]


@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_every_figure_has_a_name_and_is_filled_in(key):
    wanted = figures(ENGLISH[key])
    assert all(name.isidentifier() for name in wanted)
    said = messages.text(key, **dict.fromkeys(wanted, "seven"))
    assert ("seven" in said) is bool(wanted)
    assert "{" not in said


def test_a_key_that_is_not_there_gives_the_default_or_itself():
    assert messages.text("prompt.other") == ENGLISH["prompt.other"]
    assert messages.text("prompt.none", "So be it.") == "So be it."
    assert messages.text("prompt.none") == "prompt.none"


@pytest.mark.parametrize("language", ["xx", "../en", "", "en_GB", "EN"])
def test_a_language_that_is_not_there_speaks_english(monkeypatch, language):
    monkeypatch.setenv("SITWELL_LANG", language)
    assert messages.text("praise.other") == ENGLISH["praise.other"]


def test_a_translation_speaks_and_english_fills_what_it_lacks(monkeypatch, tmp_path):
    (tmp_path / "messages_en.toml").write_bytes(files("monitor").joinpath("messages_en.toml").read_bytes())
    (tmp_path / "messages_tlh.toml").write_text("[snooze]\nrefused = 'Qo, {times}'\n", encoding="utf-8")
    monkeypatch.setattr(messages, "files", lambda _: tmp_path)
    monkeypatch.setenv("SITWELL_LANG", "tlh")
    messages._catalogue.cache_clear()
    try:
        assert messages.text("snooze.refused", times=3) == "Qo, 3"
        assert messages.text("praise.other") == ENGLISH["praise.other"]
    finally:
        messages._catalogue.cache_clear()


def test_every_catalogue_has_keys_and_figures_of_the_english_one():
    for path in files("monitor").iterdir():
        if path.name.startswith("messages_") and path.name.endswith(".toml"):
            catalogue = messages._catalogue(path.name.removeprefix("messages_").removesuffix(".toml"))
            assert set(catalogue) <= set(ENGLISH)
            assert tomllib.loads(path.read_text(encoding="utf-8"))
            for key, message in catalogue.items():
                assert figures(message) == figures(ENGLISH[key])
