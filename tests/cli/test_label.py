"""`sitwell label` as a user types it; what the ribbon is given."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from recorded import record, scripted

from monitor.cli.deck import events_of
from monitor.cli.files import chosen_profile
from monitor.cli.label import NONE_YET, editing, label, tags, wearing
from monitor.dashboard.widgets.labels import Tag
from monitor.errors import RecordingError, SitwellError
from monitor.storage.labels import Label, labels
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta
from monitor.stream import AlertRaised, Mark, Posture

ROOT = Path(__file__).resolve().parents[2]
PROMPT = AlertRaised(700.0, "sitting", "Get up", 600.0, 600.0, "s", {"posture": "sitting", "over_limit_s": 5.0})


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """An hour from 10:00:00 on, with a prompt at 10:11:40."""
    events = [*scripted("w60 s1200 f300 s2040"), PROMPT]
    return record(tmp_path_factory.mktemp("hour") / "hour.sqlite", events, "2026-03-02T10:00")


@pytest.fixture
def session(hour, tmp_path, monkeypatch):
    """A copy of that hour."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return shutil.copy(hour, tmp_path / "hour.sqlite")


@pytest.fixture
def tour(tmp_path):
    path = tmp_path / "tour.sqlite"
    shutil.copy(ROOT / "recordings" / "tour.sqlite", path)
    return path


def run(*arguments, code=0):
    result = CliRunner().invoke(label, [str(each) for each in arguments])
    error = str(result.exception) if isinstance(result.exception, SitwellError) else ""
    assert (1 if error else result.exit_code) == code, result.output
    return result.stdout, result.stderr + error


# ------------------------------------------------------------------ the command line


def test_labels_are_added_listed_and_removed(session):
    assert run(session, "--list") == (NONE_YET + "\n", "")
    assert run(session, "--add", "10:11", "wrong") == ("", "added 1: wrong, 10:11:00\n")
    assert "10:21:00 to 10:26:00" in run(session, "--add", "10:21", "I was walking", "--until", "+5min")[1]
    told, _ = run(session, "--add", "0:00:30", "coffee", "--until", "10:01", "--note", "with Ann", "--list")
    assert told.splitlines() == [
        "   3  10:00:30  0:00:30  0:00:30  coffee  (with Ann)",
        "   1  10:11:00  0:11:00           wrong",
        "   2  10:21:00  0:21:00  0:05:00  I was walking",
    ]
    assert run(session, "--remove", 3)[1] == "removed 3: coffee, 10:00:30 to 10:01:00\n"
    rows = json.loads(run(session, "--list", "--json")[0])
    assert [(row["number"], row["start_s"], row["end_s"], row["meaning"]) for row in rows] == [
        (1, 660.0, 660.0, "wrong"),
        (2, 1260.0, 1560.0, "walking"),
    ]
    assert set(rows[0]) == {"number", "start_s", "end_s", "time", "label", "note", "meaning"}


def test_a_recording_goes_by_its_name_too(session, tmp_path):
    folder = tmp_path / "data" / "sitwell" / "recordings"
    folder.mkdir(parents=True)
    session.rename(folder / "hour.sqlite")
    run("hour", "--add", "10:30", "right")
    assert json.loads(run("hour", "--list", "--json")[0])[0]["time"] == "10:30:00"


def test_the_mark_of_a_shipped_recording_is_a_label(tour):
    assert run(tour, "--list")[0].endswith("0:04:08           mark  (end of the simulated session)\n")
    run(tour, "--remove", 1)
    assert json.loads(run(tour, "--list", "--json")[0]) == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 1, "There is no terminal for the ribbon here: add --list"),
        (["--json"], 2, "--json goes with --list"),
        (["--until", "10:30"], 2, "--until and --note go with --add"),
        (["--list", "--note", "x"], 2, "--until and --note go with --add"),
        (["--add", "soon", "wrong"], 2, "That is no time"),
        (["--add", "9:00", "wrong"], 2, "goes from 10:00 to 11:00"),
        (["--add", "10:30", "sitting", "--until", "10:29"], 1, "ends before it begins"),
        (["--add", "10:30", " "], 1, "A label says something"),
        (["--remove", "7"], 1, "has no label 7"),
    ],
)
def test_what_cannot_be_says_so_and_changes_nothing(session, arguments, code, told):
    assert told in run(session, *arguments, code=code)[1]
    assert labels(session) == []


def test_a_running_recording_is_listed_and_not_edited(tmp_path):
    path = tmp_path / "now.sqlite"
    with Recorder.create(path, Meta("Dot", 60.0, True, 1.8e9, "", 0, "live", "0")) as recorder:  # noqa: FBT003
        recorder.write(Mark(1.0, "standing"))
        assert "standing" in run(path, "--list")[0]
        assert "is being recorded: end the session first" in run(path, "--add", "1s", "x", code=1)[1]


# ------------------------------------------------------------------ what the ribbon is given


def test_the_ribbon_has_the_events_of_the_recording(session):
    given = wearing(session)
    assert (given.start_s, given.end_s, given.time(0.0), given.name) == (0.0, 3600.0, "10:00:00", "hour.sqlite")
    assert given.prompts == (PROMPT,)
    assert [span.posture for span in given.spans] == [
        Posture.WALKING,
        Posture.SITTING,
        Posture.STANDING,
        Posture.SITTING,
    ]


def test_a_recording_without_events_is_analyzed_and_stays_as_it_is(tour):
    before = tour.read_bytes()
    with Recording.open(tour) as recording:
        assert recording.counts().events == 0
        made = [*events_of(recording, chosen_profile(recording, None))]
    given = wearing(tour)
    assert Posture.SITTING in {epoch.posture for epoch in given.epochs}
    assert len(given.epochs) == 248
    assert list(given.prompts) == [event for event in made if isinstance(event, AlertRaised)]
    assert tour.read_bytes() == before


def test_nothing_recorded_gives_an_empty_ribbon(tmp_path):
    path = record(tmp_path / "none.sqlite", [], "2026-03-02T10:00")
    given = wearing(path)
    assert (given.length_s, given.epochs, given.prompts) == (0.0, (), ())


def test_an_edit_is_on_the_disk_when_it_returns(session):
    edit = editing(session)
    new = Tag(0, 60.0, 90.0, "I was lying")
    number, told = edit(None, new)
    assert told == tags(session) == (replace(new, number=number, meaning="lying"),)
    assert labels(session) == [Label(number, 60.0, 90.0, "I was lying")]
    assert edit(number, replace(new, label="wrong", note="no"))[1][0].meaning == "wrong"
    assert edit(number, None) == (number, ())
    assert edit(number, new)[1] == told  # undone
    with pytest.raises(RecordingError, match="no label 9"):
        edit(9, None)
