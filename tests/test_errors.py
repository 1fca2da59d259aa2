"""Errors keep their text and what they point at."""

import pickle

import pytest

from monitor.errors import ConfigError, FileFormatError, RecordingError, SensorError


@pytest.mark.parametrize(
    "error",
    [
        SensorError("Bluetooth is off: switch it on."),
        RecordingError("cannot be read.", "a.sqlite"),
        FileFormatError("column time_s is missing.", "a.csv", 3),
        ConfigError("unknown name.", "profile.toml", "band.floor"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_error_raised_in_another_process_arrives_as_it_was(error):
    """A refused file used to break the pool of `evaluate`: the error could not be pickled."""
    arrived = pickle.loads(pickle.dumps(error))
    assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))
