"""Values and names of settings: of the right kind, or one sentence with the key."""

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.strict import filled, number, one_of, section, texts, unknown
from monitor.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Inner:
    depth_mm: float = 2.0


@dataclass(frozen=True, slots=True)
class Outer:
    count: int = 3
    rate_hz: float = 5.0
    word: str = "a"
    pair: tuple[float, ...] = (1.0, 2.0)
    several: tuple[float, ...] = ()
    inner: Inner = Inner()


def refused(call, *given):
    with pytest.raises(ConfigError) as caught:
        call(*given, "there")
    assert str(caught.value).startswith("there: ")
    return str(caught.value).removeprefix("there: "), caught.value.key


def test_tables_within_tables_are_laid_over_name_by_name():
    table = {"count": 4.0, "pair": [3, 4], "inner": {"depth_mm": 7}}
    assert section("outer", Outer(), table, "there") == replace(Outer(), count=4, pair=(3.0, 4.0), inner=Inner(7.0))
    assert section("outer", Outer(), {}, "there") == Outer()


@pytest.mark.parametrize(
    ("table", "says", "key"),
    [
        (3, "write [outer]", "outer"),
        ({"cuont": 4}, "did you mean 'count'?", "outer.cuont"),
        ({"inner": {"dept_mm": 4}}, "in [outer.inner]; did you mean 'depth_mm'?", "outer.inner.dept_mm"),
        ({"inner": 4}, "write [outer.inner]", "outer.inner"),
        ({"inner": {"depth_mm": 0}}, "above 0", "outer.inner.depth_mm"),
        ({"count": 4.5}, "whole number", "outer.count"),
        ({"count": "4"}, "a number", "outer.count"),
        ({"rate_hz": -1}, "above 0", "outer.rate_hz"),
        ({"pair": [1]}, "list of 2 numbers", "outer.pair"),
        ({"pair": [1, -1]}, "above 0", "outer.pair"),
        ({"several": 3}, "list of some numbers", "outer.several"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_section_is_told_with_its_key(table, says, key):
    sentence, at = refused(section, "outer", Outer(), table)
    assert says in sentence
    assert at == key


def test_a_plain_table_takes_texts_and_any_sign():
    assert filled("outer", Outer(), {"word": "b", "rate_hz": -1, "several": [-1, 0]}, "there") == replace(
        Outer(), word="b", rate_hz=-1.0, several=(-1.0, 0.0)
    )
    assert refused(filled, "outer", Outer(), {"word": 3}) == (
        "outer.word is 3; it must be text in quotes",
        "outer.word",
    )
    assert refused(filled, "outer", Outer(), {"wort": "b"})[1] == "outer.wort"


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
)
def test_a_number_is_finite_or_refused(value):
    real = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        read = number(value, 0.0, "key", "there")
    except ConfigError as error:
        assert error.key == "key"  # noqa: PT017 - either outcome is right
        assert not real or not math.isfinite(value) or abs(value) > 1e300
    else:
        assert isinstance(read, float)
        assert math.isclose(read, value)


def test_texts_are_a_list_or_one():
    assert texts("a", "key", "there") == texts(["a"], "key", "there") == ("a",)
    assert texts([], "key", "there") == ()
    for wrong in (3, [3], ["a", None], {"a": 1}):
        assert refused(texts, wrong, "key") == ("key must be a list of texts in quotes", "key")


def test_a_name_that_is_near_is_suggested_and_else_all_are_told():
    assert unknown("limt", ("limit", "clear")) == "unknown name 'limt'; did you mean 'limit'?"
    assert unknown("x", ("limit", "clear"), "in [y]") == "unknown name 'x' in [y]; known are clear, limit"
    assert one_of(("all", "none"), "all", "key", "there") == "all"
    assert refused(one_of, ("all", "none"), "al", "key")[0] == "unknown name 'al' as key; did you mean 'all'?"
