"""Sessions as records."""

import numpy as np
import pytest

from monitor.evaluation.session import Session, number
from monitor.storage.importers.canonical import import_csv
from monitor.storage.recording import Recording
from monitor.stream import Gap, Samples


def test_the_records_are_those_of_the_importer(tmp_path):
    t_s = np.round(np.concatenate((np.arange(0.0, 3.3, 0.02), np.arange(8.5, 12.0, 0.02))), 6)
    acc = np.random.default_rng(1).normal(size=(len(t_s), 3)).astype(np.float32).astype(np.float64)
    lines = (",".join(map(repr, row)) for row in np.column_stack((t_s, acc)).tolist())
    (tmp_path / "in.csv").write_text("time_s,acc_x_g,acc_y_g,acc_z_g\n" + "\n".join(lines) + "\n")
    import_csv(tmp_path / "in.csv", tmp_path / "out.sqlite")
    with Recording.open(tmp_path / "out.sqlite") as recording:
        kept = list(recording.records())
    made = list(Session("s", "p1", 50.0, Samples(t_s, acc)).records())

    def rows(records):
        return np.concatenate([np.column_stack((e.t_s, e.acc_g)) for e in records if isinstance(e, Samples)])

    np.testing.assert_array_equal(rows(made), rows(kept))
    assert [e.end_s for e in made if isinstance(e, Gap)] == [e.end_s for e in kept if isinstance(e, Gap)] == [8.5]


def test_blocks_have_the_length_that_is_asked_for(blank):
    assert [len(each) for each in blank(2.5).records()] == [10, 10, 5]
    assert {len(each) for each in blank(1).records(0.2)} == {2}
    assert {len(each) for each in blank(1).records(0.001)} == {1}


@pytest.mark.parametrize(
    ("person", "expected"), [("user07", 7), ("SE06", 6), ("501", 501), ("S006", 6), ("33_magnet_2cm", 33), ("anna", 0)]
)
def test_the_number_of_a_person(person, expected):
    assert number(person) == expected
