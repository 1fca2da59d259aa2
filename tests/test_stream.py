"""What flows: shapes are checked, times are there, nothing can be changed on the way."""

import dataclasses
import typing

import numpy as np
import pytest

from monitor import stream
from monitor.stream import (
    BoutEnded,
    Break,
    Event,
    Gap,
    Mark,
    Posture,
    Record,
    Samples,
    SettingsChanged,
    Started,
    Wearer,
)

LEAVES = [*typing.get_args(Record), *typing.get_args(Event)]


def zeros(*shape):
    return np.zeros(shape)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_samples_of_any_length(n):
    assert len(Samples(zeros(n), zeros(n, 3))) == n
    assert len(Samples(zeros(n), zeros(n, 3), zeros(n, 3))) == n


@pytest.mark.parametrize(
    ("t_s", "acc_g", "gyr_dps"),
    [
        (zeros(4), zeros(5, 3), None),
        (zeros(4), zeros(4, 2), None),
        (zeros(4), zeros(12), None),
        (zeros(4, 1), zeros(4, 3), None),
        (zeros(4), zeros(3, 4), None),
        (zeros(4), zeros(4, 3), zeros(3, 3)),
        (zeros(4), zeros(4, 3), zeros(4)),
        (zeros(0), zeros(0), None),
    ],
)
def test_samples_of_other_shapes_are_refused(t_s, acc_g, gyr_dps):
    with pytest.raises(ValueError, match="must be"):
        Samples(t_s, acc_g, gyr_dps)


def test_what_lasts_is_told_at_its_end():
    assert Gap(1.0, 2.5, "link lost").t_s == 2.5
    assert BoutEnded(Posture.SITTING, 3.0, 9.0).t_s == 9.0
    assert Break(3.0, 70.0).t_s == 70.0


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_every_record_and_event_is_timed_and_frozen(leaf):
    assert "t_s" in {f.name for f in dataclasses.fields(leaf)} or isinstance(leaf.t_s, property)
    assert leaf.__dataclass_params__.frozen
    assert "__slots__" in vars(leaf)
    assert not leaf.__doc__.startswith(f"{leaf.__name__}(")  # its own words, not those that dataclass makes up


def test_records_and_events_are_all_there_is_and_told_apart():
    named = {
        leaf
        for leaf in vars(stream).values()
        if isinstance(leaf, type) and dataclasses.is_dataclass(leaf) and leaf.__module__ == stream.__name__
    }
    assert named == set(LEAVES)
    both = {Wearer, Mark, Started, SettingsChanged}  # told among the events where they took effect
    assert len(LEAVES) == len(set(LEAVES)) + len(both)
    assert {leaf for leaf in LEAVES if LEAVES.count(leaf) > 1} == both


def test_postures_are_the_words_of_the_contract():
    assert [str(p) for p in Posture] == ["sitting", "standing", "walking", "lying", "unknown", "no-data", "not-worn"]
