"""The schedule: frame k at k / rate, however often one asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.virtual.twins.schedule import Schedule


def test_frame_k_is_due_at_k_over_rate():
    schedule = Schedule(99.26, start_s=5.0)
    assert schedule.due(4.999) == 0
    assert schedule.due(5.0) == 1
    assert schedule.time_of(0) == 5.0
    assert schedule.time_of(992_600) == pytest.approx(5.0 + 10_000.0, abs=1e-6)
    assert [schedule.due(schedule.time_of(k)) for k in range(1000)] == list(range(1, 1001))


@given(
    rate_hz=st.floats(0.5, 500.0),
    steps_s=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=50),
)
def test_no_frame_is_lost_or_doubled_however_late_one_asks(rate_hz, steps_s):
    schedule, now_s, taken = Schedule(rate_hz), 0.0, 0
    for step_s in steps_s:
        now_s += step_s
        due = schedule.due(now_s)
        taken += due
        schedule.take(due)
        assert schedule.due(now_s) == 0
    assert taken == schedule.next_index
    assert abs(taken - (now_s * rate_hz + 0.5)) <= 0.5 + 1e-6


def test_change_of_rate_goes_on_counting():
    schedule = Schedule(10.0)
    schedule.take(schedule.due(1.05))  # frames 0 to 10
    schedule.change_rate(100.0, 1.05)
    assert schedule.next_index == 11
    assert schedule.time_of(11) == pytest.approx(1.06)
    assert schedule.due(1.055) == 0
    assert schedule.due(2.055) == 100
