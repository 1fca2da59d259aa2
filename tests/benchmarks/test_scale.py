"""The synthetic year: one day dated anew is a session of another day, with all it holds, for the history too."""

from contextlib import closing
from datetime import date

from monitor.storage.history import queries
from monitor.storage.history.schema import open_history
from monitor.storage.history.store import refresh
from monitor.storage.integrity import verify
from monitor.storage.recording import Recording


def test_a_day_dated_anew_is_whole_and_counts_on_its_own_day(load, tmp_path):
    scale = load("scale")
    folder = tmp_path / "recordings"
    folder.mkdir()
    day = tmp_path / "day.sqlite"
    samples = scale.batch_cost.synthesise(day, 1 / 60)
    dates = [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)]
    paths = [scale.dated(day, folder, each) for each in dates]
    assert all(verify(path).whole for path in paths)
    with closing(Recording.open(paths[1])) as recording:
        assert recording.counts().samples == samples
        assert recording.meta.utc_offset_s == 7200
        assert recording.meta.source == "live"
    with open_history(tmp_path / "history.sqlite") as db:
        assert not refresh(db, folder, scale.MAKER, processes=1)
        assert [each.day for each in queries.days(db)] == dates
