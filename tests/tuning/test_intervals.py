"""Sets of seconds against sets of numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.tuning.intervals import Intervals, ramps, where

seconds = st.lists(st.booleans(), max_size=60)
heights = st.lists(st.integers(0, 12), min_size=1, max_size=60)


def numbers(intervals: Intervals):
    return [i for start, end in zip(intervals.start, intervals.end, strict=True) for i in range(start, end)]


@given(seconds, seconds)
def test_both_is_what_lies_in_both(one, other):
    a, b = where(np.array(one, np.bool_)), where(np.array(other, np.bool_))
    assert numbers(a & b) == sorted(set(numbers(a)) & set(numbers(b)))


@given(seconds, st.integers(1, 5))
def test_held_leaves_the_seconds_before_the_hold_out(true, hold_s):
    held = where(np.array(true, np.bool_)).held(hold_s)
    expected = [i for i in range(len(true)) if i + 1 >= hold_s and all(true[i + 1 - hold_s : i + 1])]
    assert numbers(held) == expected


@given(seconds, st.lists(st.integers(0, 60), max_size=4))
def test_cuts_cut_runs_and_lose_nothing(true, cuts):
    edges = np.array(sorted({0, len(true), *(cut for cut in cuts if cut <= len(true))}), np.int64)
    runs = where(np.array(true, np.bool_), edges)
    assert numbers(runs) == [i for i, each in enumerate(true) if each]
    for start, end in zip(runs.start, runs.end, strict=True):
        assert not any(start < edge < end for edge in edges)


@given(heights, st.floats(0.1, 13), st.floats(0, 13), st.lists(st.integers(0, 59), max_size=3))
def test_a_ramp_is_at_least_and_at_most_where_its_seconds_are(values, least, most, cuts):
    ramp = ramps(np.array(values, np.int64), [0, *(cut for cut in cuts if cut < len(values))])
    assert numbers(ramp.at_least(least)) == [i for i, value in enumerate(values) if value >= least]
    assert numbers(ramp.at_most(most)) == [i for i, value in enumerate(values) if value <= most]
