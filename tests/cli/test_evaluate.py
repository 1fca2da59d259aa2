"""evaluate: as a user types it, on a small made-up set."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from monitor.cli import sitwell
from monitor.cli.evaluate import DATASETS
from monitor.errors import FileFormatError, RecordingError, SitwellError
from monitor.evaluation import run
from monitor.sources.simulator import Scene, Wearer


def evaluate(*arguments):
    return CliRunner().invoke(sitwell, ["evaluate", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One walk of one person in the layout of voisard."""
    folder = tmp_path_factory.mktemp("sets") / "voisard"
    folder.mkdir()
    wearer = Wearer((Scene("stand", 10), Scene("walk", 30), Scene("stand", 5)), seed=2)
    t_s = np.arange(0.0, wearer.duration_s, 0.01)
    acc, gyr = wearer(t_s)
    label = (wearer.truth(t_s)[0] == "walking").astype(np.int8)
    steps = np.zeros((55, 3), dtype=np.int64)
    np.savez(folder / "1-1.npz", acc_g=acc, gyr_dps=gyr, label=label, foot_events=steps, subject=1, rate_hz=100.0)
    return folder


def test_tables_are_printed_and_nothing_else(folder):
    result = evaluate("--dataset", "voisard", folder, "--jobs", 1)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.startswith("Targets, voisard")
    for title in ("Steps, voisard: 1 people, 1 walks", "Walking, voisard", "Tilt while quasi-static", "not-worn"):
        assert title in result.stdout


def test_the_folder_above_is_accepted_and_json_has_stable_keys(folder):
    result = evaluate("--dataset", "voisard", folder.parent, "--json", "--people", "odd", "--jobs", 1)
    told = json.loads(result.stdout)
    assert (told["dataset"], told["people"], told["recordings"]) == ("voisard", "odd", 1)
    assert {row["figure"] for row in told["targets"]} >= {"steps, error a walk, %", "walking, sensitivity"}
    assert list(told["figures"]) == ["steps", "walking", "tilt", "alignment", "clip", "worn"]
    assert list(told["figures"]["steps"]["ways"]) == ["acc-live", "gyro-live", "acc-hindsight", "gyro-hindsight"]
    assert told["figures"]["steps"]["ways"]["acc-live"]["walk_absolute_percent"]["value"] < 10.0


def test_errors_say_what_to_do(folder, tmp_path):
    with pytest.raises(RecordingError, match="is not there: name the folder that holds the files of hapt"):
        evaluate("--dataset", "hapt", tmp_path / "nowhere")
    with pytest.raises(RecordingError, match=r"holds no \*\.csv"):
        evaluate("--dataset", "harth", folder)
    with pytest.raises(FileFormatError, match="is this a file of the set that --dataset names"):
        evaluate("--dataset", "sisfall", folder)
    with pytest.raises(SitwellError, match="nobody with an even number: leave --people out"):
        evaluate("--dataset", "voisard", folder, "--people", "even", "--jobs", 1)


def test_an_unknown_set_is_wrong_usage(folder):
    assert evaluate("--dataset", "other", folder).exit_code == 2
    assert evaluate(folder).exit_code == 2


def test_the_sets_named_are_those_that_can_be_measured():
    assert tuple(run.DATASETS) == DATASETS
