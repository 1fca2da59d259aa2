"""Whole recordings at full speed: equal to live, and better in hindsight."""

import numpy as np
import pytest

from monitor.analysis import analyze, run, seats_of
from monitor.pipeline import Pipeline, joined
from monitor.profile import Profile
from monitor.sources.simulator import Scene, Wearer
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta
from monitor.stream import Battery, ClipMoved, Epoch, Gap, Link, LinkState, Posture, Samples, Tick

META = Meta("test", 100.0, gyro=True, started_utc_s=0.0, zone="", utc_offset_s=0, source="live", app_version="0")
SCRIPT = (Scene("sit", 60, tilt_deg=-14), Scene("walk", 30), Scene("sit", 90, tilt_deg=-20), Scene("walk", 20))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A live-like recording: blocks of four samples, ticks, a battery reading, ten seconds without a link."""
    path = tmp_path_factory.mktemp("analysis") / "r.sqlite"
    wearer = Wearer(SCRIPT, seed=5)
    t = np.arange(0.0, 200.0, 0.01)
    acc, gyr = wearer(t)
    with Recorder.create(path, META) as recorder:
        tick = 1.0
        for start in range(0, len(t), 4):
            block = slice(start, start + 4)
            if 150.0 <= t[start] < 160.0:
                continue
            while t[start] >= tick:
                recorder.write(Tick(tick), [])
                tick += 1.0
            if start == 8000:
                recorder.write(Battery(t[start], 88), [])
            if t[start] == 160.0:
                recorder.write(Gap(149.99, 160.0, "link lost"), [])
            recorder.write(Samples(t[block], acc[block], gyr[block]), [])
        recorder.write(Link(200.0, LinkState.CLOSED), [])
    return path


def collected(path, **options):
    events, rows = [], []
    with Recording.open(path) as recording:

        def sink(record, new, pipeline):
            oriented = pipeline.oriented
            del record
            events.extend(new)
            rows.append(np.column_stack((oriented.t_s, oriented.up, oriented.tilt_deg, oriented.obliquity_deg)))

        report = analyze(recording, Profile(), sink=sink, **options)
    return report, events, np.concatenate(rows)


def test_analysis_gives_the_events_of_the_live_pipeline(path):
    with Recording.open(path) as recording:
        pipeline = Pipeline(Profile(), 100.0, gyro=True)
        live = [event for record in recording.records() for event in pipeline.push(record)] + pipeline.finish()
    _, events, rows = collected(path)
    assert repr(events) == repr(live)
    assert len(rows) == 19_000
    assert np.all(np.diff(rows[:, 0]) > 0)


def test_report_counts_what_the_events_say(path):
    report, events, _ = collected(path)
    epochs = [e for e in events if isinstance(e, Epoch)]
    assert sum(report.postures_s.values()) == len(epochs) == 200
    assert report.samples == 19_000
    assert report.gap_s == pytest.approx(10.01)
    assert report.steps == sum(e.steps for e in epochs) > 60
    assert report.postures_s[Posture.NO_DATA] == pytest.approx(10, abs=1)
    assert report.zero_found


def test_hindsight_knows_the_zero_from_the_first_second(path):
    live, now = collected(path)[1], collected(path, hindsight=True)[1]

    def early(events):
        return [e for e in events if isinstance(e, Epoch) and e.t_s < 55]

    assert {e.posture for e in early(live)} == {Posture.UNKNOWN}
    assert {e.posture for e in early(now)[3:]} == {Posture.SITTING}
    assert all(np.isfinite(e.tilt_deg) for e in early(now))


@pytest.mark.parametrize("gyro", [True, False])
def test_hindsight_orients_every_sample_better(path, gyro):
    wearer = Wearer(SCRIPT, seed=5)
    still = collected(path, gyro=gyro)[2]
    later = collected(path, gyro=gyro, hindsight=True)[2]
    np.testing.assert_array_equal(still[:, 0], later[:, 0])
    _, tilt, _ = wearer.truth(later[:, 0])
    known = np.isfinite(still[:, 4])

    def error(rows):
        off = rows[known, 4] - tilt[known]
        return np.std(off - np.median(off))

    assert error(later) < error(still)


def test_seats_of_the_whole_wear_and_none_without_a_walk(path, wear, tmp_path):
    with Recording.open(path) as recording:
        (seat,) = seats_of(recording.records(), 100.0, Profile())
    assert seat.since_s == -np.inf
    assert seat.zero.bouts >= 4
    other = tmp_path / "still.sqlite"
    with Recorder.create(other, META) as recorder:
        recorder.write(wear([("still", 30, 0)]), [])
    with Recording.open(other) as recording:
        assert seats_of(recording.records(), 100.0, Profile()) == []
        report = analyze(recording, Profile(), hindsight=True)
    assert not report.zero_found
    assert report.postures_s[Posture.UNKNOWN] >= 29


def test_joining_keeps_all_samples_in_order_and_drops_only_idle_ticks(path):
    with Recording.open(path) as recording:
        whole = list(joined(recording.records(), 60.0))
    samples = [r for r in whole if isinstance(r, Samples)]
    assert sum(len(s) for s in samples) == 19_000
    assert max(s.t_s[-1] - s.t_s[0] for s in samples) <= 61.0
    assert [type(r).__name__ for r in whole if not isinstance(r, Samples | Tick)] == ["Battery", "Gap", "Link"]
    assert all(r.t_s - 149.99 > 3.0 for r in whole if isinstance(r, Tick))


def test_an_empty_recording_gives_an_empty_report(tmp_path):
    path = tmp_path / "empty.sqlite"
    Recorder.create(path, META).close()
    with Recording.open(path) as recording:
        for hindsight in (False, True):
            report = analyze(recording, Profile(), hindsight=hindsight)
            assert report.samples == 0
            assert sum(report.postures_s.values()) == 0


def test_hindsight_knows_where_the_clip_sat_before_and_after_it_moved(wear):
    """A walk at the very end counts too, and each part has the zero of its own walks."""
    samples = wear([("walk", 20, 0), ("sit", 60, -20), ("walk", 20, 12), ("stand", 20, 12), ("walk", 16.5, 12)])
    first, second = seats_of([samples], 100.0, Profile())
    assert first.since_s == -np.inf
    assert 80.0 <= second.since_s <= 92.0
    up_deg = [np.degrees(np.arctan2(seat.zero.up[2], seat.zero.up[1])) for seat in (first, second)]
    assert up_deg == pytest.approx([0.0, 12.0], abs=1.0)
    events = []
    run(
        [samples],
        100.0,
        Profile(),
        gyro=True,
        hindsight=True,
        known=(first, second),
        sink=lambda _r, e, _p: events.extend(e),
    )
    tilt = {e.t_s: e.tilt_deg for e in events if isinstance(e, Epoch)}
    assert tilt[70.0] == pytest.approx(-20.0, abs=1.5)
    assert tilt[112.0] == pytest.approx(0.0, abs=1.5)
    assert [e.cause for e in events if isinstance(e, ClipMoved)] == ["walking"]


def seated_tilts_deg(samples, hindsight):
    known = seats_of([samples], 50.0, Profile()) if hindsight else ()
    events, good = [], []

    def sink(_, new, pipeline):
        events.extend(new)
        good.append(pipeline.placement_good)

    run([samples], 50.0, Profile(), gyro=True, hindsight=hindsight, known=known, sink=sink)
    sitting = [e for e in events if isinstance(e, Epoch) and e.posture is Posture.SITTING]
    return [e.tilt_deg for e in sitting if e.t_s > samples.t_s[-1] - 30.0], good[-1]


@pytest.mark.parametrize("hindsight", [False, True])
def test_no_doubt_remains_in_hindsight_after_the_clip_was_taken_off(wear, hindsight):
    """A walk ends the doubt, but in hindsight none is waited for: no tilt prompt came any more."""
    day = [("walk", 40, 0), ("sit", 30, -20), ("off", 700, -60), ("walk", 40, 0), ("sit", 60, -20)]
    assert seated_tilts_deg(wear(day, 50.0), hindsight)[1]


@pytest.mark.parametrize("hindsight", [False, True])
def test_a_clip_put_on_upside_down_keeps_its_front_in_hindsight_too(wear, hindsight):
    """Half a turn about an arbitrary axis made front of back."""
    day = [("walk", 40, 0), ("sit", 60, -20)]
    one, two = wear(day, 50.0), wear(day, 50.0, seed=2, start_s=100.0)
    over = np.array([-1.0, -1.0, 1.0])
    samples = Samples(
        np.concatenate((one.t_s, two.t_s)),
        np.concatenate((one.acc_g, two.acc_g * over)),
        np.concatenate((one.gyr_dps, two.gyr_dps * over)),
    )
    assert np.median(seated_tilts_deg(samples, hindsight)[0]) == pytest.approx(-18.0, abs=3.0)
