"""Angular rate of a second file: linear between its samples, never beyond them nor across its gaps."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FileFormatError
from monitor.storage.importers.mapping import Tally
from monitor.storage.importers.pairing import paired

HERE = Path("acc.csv"), Path("gyr.csv")


def blocks(times, length, slope=0.0):
    t_s = np.asarray(times, dtype=np.float64)
    rows = np.column_stack((t_s, slope * t_s, -slope * t_s, np.full(len(t_s), 3.0)))
    return iter([rows[at : at + length] for at in range(0, len(rows), length)])


def run(acc_times, gyr_times, acc_length=1000, gyr_length=1000):
    tally = Tally()
    parts = list(paired(blocks(acc_times, acc_length, 1.0), blocks(gyr_times, gyr_length, 10.0), tally, *HERE))
    return np.concatenate(parts), tally


@given(st.integers(1, 50), st.integers(1, 50))
def test_the_result_does_not_depend_on_the_lengths_of_the_blocks(acc_length, gyr_length):
    acc_times, gyr_times = np.arange(40, 160) / 100, np.arange(60) / 50 + 0.003
    whole, tally = run(acc_times, gyr_times)
    parts, other = run(acc_times, gyr_times, acc_length, gyr_length)
    assert parts.tobytes() == whole.tobytes()
    assert tally.outside == other.outside == len(acc_times) - len(whole) > 0


def test_between_two_samples_it_is_linear_and_at_one_it_is_the_sample():
    rows, _ = run([0.5, 0.75, 1.0], [0.5, 1.0])
    assert rows[:, 4].tolist() == [5.0, 7.5, 10.0]
    assert rows[:, 5].tolist() == [-5.0, -7.5, -10.0]
    assert rows[:, :2].tolist() == [[0.5, 0.5], [0.75, 0.75], [1.0, 1.0]]


def test_gaps_and_the_time_beyond_are_left_out_and_counted():
    rows, tally = run([0.0, 0.1, 0.2, 0.4, 0.71, 0.8, 0.9], [0.1, 0.2, 0.71, 0.8])
    assert rows[:, 0].tolist() == [0.1, 0.2, 0.71, 0.8]
    assert tally.outside == 3
    tally.rows = 7
    assert tally.notes() == ["3 of 7 rows were left out: there is no angular rate at their time."]


@pytest.mark.parametrize("gyr_times", [[], [5.0, 6.0]])
def test_files_of_different_times_are_refused(gyr_times):
    with pytest.raises(FileFormatError, match=r"no row lies within the times of gyr\.csv"):
        run([0.0, 0.1], gyr_times)
