"""Labels: marks with edits laid over them, in real files; nothing that a replay reads changes."""

import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import RecordingError
from monitor.profile import Profile
from monitor.seconds import SPOKEN
from monitor.states.spoken import NAMED
from monitor.storage.editing import anonymous, merged, trimmed, write_anew
from monitor.storage.integrity import verify
from monitor.storage.labels import (
    VOCABULARY,
    Edit,
    Label,
    MarkRow,
    add,
    carry,
    change,
    damaged,
    labels,
    meaning,
    overlay,
    remove,
    restore,
)
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import SCHEMA_VERSION
from monitor.stream import Mark, Posture, Tick

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "recordings" / "tour.sqlite"
FIRST = Path(__file__).parent / "schema-1.sqlite"  # its marks: "sitting" with a note at 31.2 s, "mark" at 36 s


@pytest.fixture
def marked(tmp_path, meta):
    """A recording with three marks, the second later in time than the third."""
    path = tmp_path / "marked.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(Tick(1.0))
        for mark in (Mark(10.0, "sitting"), Mark(30.0, "mark", "why"), Mark(20.0, "wrong")):
            recorder.write(mark)
        recorder.write(Tick(60.0))
    return path


def rows(path, table):
    db = sqlite3.connect(path)
    found = db.execute(f"SELECT * FROM {table}").fetchall()
    db.close()
    return found


# ------------------------------------------------------------------ what a label means


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("right", "right"),
        ("Wrong!", "wrong"),
        ("this prompt was wrong", "wrong"),
        ("sitting", Posture.SITTING),
        ("I was sitting", Posture.SITTING),
        ("i am standing", Posture.STANDING),
        ("I'm really lying now.", Posture.LYING),
        ("walking", Posture.WALKING),
        ("not standing", None),
        ("sitting or standing", None),
        ("right hip hurts", None),
        ("right or wrong", None),
        ("mark", None),
        ("", None),
    ],
)
def test_a_label_means_what_it_says(label, meant):
    assert meaning(label) == meant


def test_every_word_of_the_vocabulary_has_its_meaning():
    assert [meaning(word) for word in VOCABULARY] == ["right", "wrong", *NAMED]
    assert all(meaning(VOCABULARY[posture.value]) == posture for posture in NAMED)


@given(st.sampled_from(NAMED), st.lists(st.sampled_from(sorted(SPOKEN)), max_size=4), st.integers(0, 4))
def test_what_corrects_the_posture_model_means_that_posture(posture, words, at):
    assert meaning(" ".join([*words[:at], posture.value, *words[at:]])) == posture


# ------------------------------------------------------------------ reading and editing


def test_marks_are_labels_in_order_of_time(marked):
    assert labels(marked) == [
        Label(1, 10.0, 10.0, "sitting"),
        Label(3, 20.0, 20.0, "wrong"),
        Label(2, 30.0, 30.0, "mark", "why"),
    ]


def test_edits_are_laid_over_marks_that_stay_as_they_are(marked):
    before = rows(marked, "marks")
    assert add(marked, 40.0, 45.5, " going \n out ", "a  note") == Label(4, 40.0, 45.5, "going out", "a note")
    assert change(marked, 2, label="right", start_s=29.0) == Label(2, 29.0, 30.0, "right", "why")
    assert change(marked, 2, note="") == Label(2, 29.0, 30.0, "right")
    assert remove(marked, 1) == Label(1, 10.0, 10.0, "sitting")
    assert labels(marked) == [
        Label(3, 20.0, 20.0, "wrong"),
        Label(2, 29.0, 30.0, "right"),
        Label(4, 40.0, 45.5, "going out", "a note"),
    ]
    assert rows(marked, "marks") == before
    assert verify(marked).whole


def test_a_number_is_never_given_twice(marked):
    assert add(marked, 1.0, 1.0, "a").number == 4
    remove(marked, 4)
    assert add(marked, 1.0, 1.0, "b").number == 5


def test_restore_undoes_every_edit_and_leaves_no_row_for_a_mark(marked):
    before = labels(marked)
    changed = change(marked, 3, label="right")
    remove(marked, 3)
    restore(marked, changed)
    assert labels(marked)[1] == changed
    restore(marked, before[1])
    assert labels(marked) == before
    assert rows(marked, "labels") == []
    own = add(marked, 1.0, 2.0, "own")
    remove(marked, own.number)
    restore(marked, own)
    assert labels(marked)[0] == own


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda path: change(path, 9, label="x"), "no label 9"),
        (lambda path: remove(path, 0), "no label 0"),
        (lambda path: restore(path, Label(9, 1.0, 1.0, "x")), "no label 9"),
        (lambda path: add(path, 1.0, 1.0, " \n"), "A label says something: write right, wrong, sitting"),
        (lambda path: add(path, 2.0, 1.0, "x"), "ends before it begins"),
        (lambda path: add(path, float("nan"), 1.0, "x"), "ends before it begins"),
        (lambda path: add(path.with_name("none.sqlite"), 1.0, 1.0, "x"), "There is no recording"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_and_changes_nothing(marked, edit, told):
    before = labels(marked)
    with pytest.raises(RecordingError, match=told) as refusal:
        edit(marked)
    assert "\n" not in str(refusal.value)
    assert labels(marked) == before


def test_a_running_recording_is_read_and_not_edited(tmp_path, meta):
    path = tmp_path / "now.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(Mark(1.0, "standing"))
        assert labels(path) == [Label(1, 1.0, 1.0, "standing")]
        with pytest.raises(RecordingError, match="is being recorded: end the session first"):
            add(path, 1.0, 1.0, "x")
    assert add(path, 1.0, 1.0, "x").number == 2


def test_a_file_that_cannot_be_written_says_so(marked, monkeypatch):
    db = sqlite3.connect(marked, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("monitor.storage.labels._BUSY_S", 0.05)
    with pytest.raises(RecordingError, match=r"cannot be written .*its labels are as they were"):
        add(marked, 1.0, 1.0, "x")
    db.execute("ROLLBACK")
    db.close()
    assert len(labels(marked)) == 3


def test_the_first_edit_brings_an_older_recording_up_to_date(tmp_path):
    path = tmp_path / "old.sqlite"
    shutil.copy(FIRST, path)
    before = path.read_bytes()
    marks = [Label(1, 31.2, 31.2, "sitting", "a note"), Label(2, 36.0, 36.0, "mark")]
    assert labels(path) == marks
    assert path.read_bytes() == before  # reading changes nothing
    change(path, 2, label="wrong")
    with Recording.open(path) as recording:
        assert recording.schema == SCHEMA_VERSION
    assert labels(path) == [marks[0], replace(marks[1], label="wrong")]


def test_the_shipped_recordings_take_labels(tmp_path):
    path = tmp_path / "tour.sqlite"
    shutil.copy(TOUR, path)
    assert [label.label for label in labels(path)] == ["mark"]
    add(path, 60.0, 120.0, "I was sitting")
    assert [meaning(label.label) for label in labels(path)] == [Posture.SITTING, None]


# ------------------------------------------------------------------ what must not change


def replayed(path):
    """All that a replay reads, and what it gives rise to."""
    from monitor.pipeline import Pipeline

    with Recording.open(path) as recording:
        pipeline = Pipeline(Profile(), recording.meta.rate_hz, gyro=recording.meta.gyro)
        events = [repr(event) for record in recording.records() for event in pipeline.push(record)]
        records = [repr(record) for record in recording.records()]
        return records, events + [repr(event) for event in pipeline.finish()], recording.duration_s


def test_labels_do_not_change_what_a_replay_gives(tmp_path):
    path = tmp_path / "old.sqlite"
    shutil.copy(FIRST, path)
    before = replayed(path)
    assert len(before[1]) > 60
    change(path, 1, label="lying", start_s=5.0)
    change(path, 2, label="standing")
    add(path, 8.0, 20.0, "walking")
    assert replayed(path) == before
    for number in (1, 2, 3):
        remove(path, number)
    assert replayed(path) == before
    assert labels(path) == []


def test_a_damaged_edit_is_left_out_and_told(marked):
    change(marked, 1, label="lying")
    own, kept = add(marked, 40.0, 40.0, "own"), add(marked, 41.0, 41.0, "kept")
    db = sqlite3.connect(marked)
    db.execute("UPDATE labels SET label = 'standing' WHERE number = 1")
    db.execute("UPDATE labels SET note = x'00' WHERE number = ?", (own.number,))
    db.execute("UPDATE marks SET note = 'else' WHERE label = 'wrong'")
    db.commit()
    db.close()
    assert damaged(marked) == [1, own.number]
    assert labels(marked) == [Label(1, 10.0, 10.0, "sitting"), Label(2, 30.0, 30.0, "mark", "why"), kept]
    assert change(marked, 1, label="walking").label == "walking"
    assert damaged(marked) == [own.number]


_LABEL = """
import sys
from monitor.storage.labels import add
for number in range(100_000):
    print(add(sys.argv[1], float(number), float(number), f"label {number}").number, flush=True)
"""


def test_kill_9_loses_nothing_acknowledged(marked):
    moments = random.Random(9)
    said = 3
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", _LABEL, str(marked)], stdout=subprocess.PIPE, text=True)
        for _ in range(moments.randint(5, 40)):
            said = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split("\n")[:-1]  # what it said before it died; a torn line was not said
        process.wait()
        process.stdout.close()
        said = int(rest[-1]) if rest else said
        numbers = {label.number for label in labels(marked)}
        assert set(range(1, said + 1)) <= numbers
        said = max(numbers)
    assert verify(marked).whole


# ------------------------------------------------------------------ the overlay, against a plain dict

TIMES = st.integers(0, 99).map(float)
WORDS = st.sampled_from(["right", "wrong", "sitting", "coffee"])
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), TIMES, TIMES, WORDS),
        st.tuples(st.just("change"), st.integers(1, 8), TIMES, WORDS),
        st.tuples(st.just("remove"), st.integers(1, 8)),
    ),
    max_size=12,
)


@given(st.lists(st.tuples(TIMES, WORDS), max_size=4), EDITS)
def test_the_overlay_is_a_plain_dict(marks, edits):
    """Every edit in turn, as rows, gives what a dict that takes the edits holds."""
    model = {number: Label(number, t_s, t_s, label) for number, (t_s, label) in enumerate(marks, 1)}
    made = [MarkRow(number, 10 * number, t_s, label, "") for number, (t_s, label) in enumerate(marks, 1)]
    table = {}
    used = len(marks)
    for kind, *given_ in edits:
        if kind == "add":
            used += 1
            low, high = sorted(given_[:2])
            model[used] = Label(used, low, high, given_[2])
            table[used] = Edit(used, None, low, high, given_[2], "")
            continue
        number = given_[0]
        if number not in model:
            continue
        mark = 10 * number if number <= len(marks) else None
        if kind == "remove":
            del model[number]
            table[number] = Edit(number, mark, 0.0, 0.0, None, "")
        else:
            model[number] = Label(number, given_[1], given_[1], given_[2])
            table[number] = Edit(number, mark, given_[1], given_[1], given_[2], "")
    assert overlay(made, table.values()) == sorted(model.values(), key=lambda each: (each.start_s, each.number))


@settings(max_examples=15, deadline=None)
@given(EDITS)
def test_the_file_is_a_plain_dict_too(tmp_path_factory, edits):
    path = tmp_path_factory.mktemp("labels") / "old.sqlite"
    shutil.copy(FIRST, path)
    model = {label.number: label for label in labels(path)}
    undo = []
    for kind, *given_ in edits:
        if kind == "add":
            label = add(path, *sorted(given_[:2]), given_[2])
            assert label.number not in model
            undo.append((label.number, None))
            model[label.number] = label
        elif given_[0] in model:
            undo.append((given_[0], model[given_[0]]))
            if kind == "remove":
                assert remove(path, given_[0]) == model.pop(given_[0])
            else:
                low, high = sorted((given_[1], model[given_[0]].end_s))
                model[given_[0]] = change(path, given_[0], start_s=low, end_s=high, label=given_[2])
        assert labels(path) == sorted(model.values(), key=lambda each: (each.start_s, each.number))
    for number, before in reversed(undo):
        remove(path, number) if before is None else restore(path, before)
    assert labels(path) == labels(FIRST)


# ------------------------------------------------------------------ recordings made of recordings


@pytest.fixture
def edited(marked):
    change(marked, 1, label="I was lying")
    remove(marked, 3)
    add(marked, 12.0, 40.0, "standing", "at Ann's desk")
    add(marked, 5.0, 5.0, "coffee")
    return marked


def test_a_part_takes_its_labels_along(edited, tmp_path):
    out = tmp_path / "part.sqlite"
    with Recording.open(edited) as recording:
        write_anew(recording.meta, None, trimmed(recording, 8.0, 25.0), out)
    assert carry(edited, out, start_s=8.0, end_s=25.0) == 3
    assert labels(out) == [Label(1, 10.0, 10.0, "I was lying"), Label(3, 12.0, 25.0, "standing", "at Ann's desk")]


def test_one_of_several_takes_their_labels_along(edited, tmp_path):
    other, out = tmp_path / "other.sqlite", tmp_path / "merged.sqlite"
    with Recording.open(edited) as recording:
        meta = replace(recording.meta, started_utc_s=recording.meta.started_utc_s + 100.0)
        write_anew(meta, None, recording.records(), other)
    assert carry(edited, other) == 4
    with Recording.open(edited) as first, Recording.open(other) as second:
        meta, records = merged([first, second])
        write_anew(meta, None, records, out)
    assert carry(edited, out) == carry(other, out, by_s=100.0) == 4
    told = [(label.start_s, label.end_s, label.label, label.note) for label in labels(edited)]
    later = [(start_s + 100.0, end_s + 100.0, *rest) for start_s, end_s, *rest in told]
    assert [(label.start_s, label.end_s, label.label, label.note) for label in labels(out)] == told + later


def test_labels_without_names(edited, tmp_path):
    out = tmp_path / "anonymous.sqlite"
    with Recording.open(edited) as recording:
        meta, records = anonymous(recording)
        write_anew(replace(meta, profile={}), None, records, out)
    carry(edited, out, by_s=-1.0, unnamed=lambda text: str(meaning(text) or "mark"))
    assert [(label.start_s, label.label, label.note) for label in labels(out)] == [
        (4.0, "mark", ""),
        (9.0, "lying", ""),
        (11.0, "standing", ""),
        (29.0, "mark", ""),
    ]


def test_without_edits_there_is_nothing_to_carry(marked, tmp_path):
    out = tmp_path / "out.sqlite"
    shutil.copy(marked, out)
    assert carry(marked, out) == 0
