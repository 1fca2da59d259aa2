"""A day of faults, compressed: what was delivered is there, and every gap is as long as what is missing."""

import asyncio
import contextlib

import numpy as np
import pytest

from monitor.cli.virtual import virtual_sensor
from monitor.devices import driver_by_name
from monitor.stream import BadPacket, Gap, Link, LinkState, Samples
from monitor.virtual.telling import telling, told_s

# (at s, what, arguments): of the air (with the sensor's name) or of the twin.
DAY = [
    (2.0, "lag", (0.02, 0.1)),
    (4.0, "faults", {"duplicate": True, "every": 5}),
    (6.0, "faults", {"duplicate": False, "reorder": True, "every": 7}),
    (8.0, "faults", {"reorder": False, "garbage_bytes": 33, "every": 4}),
    (10.0, "faults", {"garbage_bytes": 0, "drop": True, "every": 9}),
    (12.0, "faults", {"drop": False, "every": 1}),
    (12.0, "lag", ()),
    (13.0, "drop", ()),
    (16.0, "out_of_range", ()),
    (18.5, "back", ()),
    (21.0, "reboot", (1.0,)),
    (25.0, "faults", {"silence": True}),
    (26.5, "faults", {"silence": False}),
    (28.0, "lose", (0.05,)),
    (30.0, "lose", ()),
]
END_S = 33.0
SENSORS = ("open-imu", "polar-h10", "witmotion")


def carry_out(twin, what, arguments):
    if what == "faults":
        for name, value in arguments.items():
            setattr(twin.faults, name, value)
    elif what == "reboot":
        twin.reboot(*arguments)
    else:
        getattr(twin.air, what)(twin.name, *arguments)


async def live_through(sensor):
    """Records, the payloads that reached the client, the twin, and its time at session time 0."""
    arrived = []
    async with virtual_sensor(telling, 1.0, sensor) as (source, twin):
        source.on_packet = lambda _, payload: arrived.append(payload)
        await source.find()
        loop, zero_s = asyncio.get_running_loop(), source.clock()
        for at_s, what, arguments in DAY:
            loop.call_later(at_s, carry_out, twin, what, arguments)
        records = []
        async with contextlib.aclosing(source.records()) as stream:
            async for record in stream:
                records.append(record)
                if not isinstance(record, Samples) and record.t_s >= END_S:
                    break
        return records, arrived, twin, zero_s - twin.origin_s


async def test_a_day_of_faults():
    """Three sensors, each on an air of its own, at the same time: a day takes half a minute."""
    days = await asyncio.gather(*map(live_through, SENSORS))
    for sensor, day in zip(SENSORS, days, strict=True):
        check(sensor, *day)


def check(sensor, records, arrived, twin, offset_s):
    driver = driver_by_name(sensor)
    blocks = [r for r in records if isinstance(r, Samples)]
    t_s = np.concatenate([r.t_s for r in blocks])
    true_s = told_s(np.concatenate([r.acc_g for r in blocks]), t_s + offset_s)
    period_s = 1.0 / twin.real_rate_hz
    assert (np.diff(t_s) > 0).all()

    # Nothing is lost that was delivered, nothing comes twice.
    log, delivered, at = list(twin.sent), [], 0
    for payload in arrived:  # in the order of sending: the signal repeats itself
        found = next((i for i in range(at, len(log)) if log[i].payload == payload), None)
        if found is not None and log[found].frames:
            at = found + 1
            delivered.append(np.rint(log[found].t_s * 1000.0))
    wanted = set(np.concatenate(delivered).astype(int).tolist())
    got = np.rint(true_s * 1000.0).astype(int).tolist()
    clocked = bool(driver.clock)
    if clocked:
        assert len(set(got)) == len(got)
    missed = wanted - set(got)
    torn = sum(isinstance(r, BadPacket) for r in records)
    assert len(missed) <= (0 if clocked else 4 * torn), sorted(missed)

    # Every gap is as long as what is missing in it, to within a packet.
    packet_s = max(each.frames for each in log) * period_s
    gaps = [r for r in records if isinstance(r, Gap)]
    holes = np.flatnonzero(np.diff(true_s) > 1.6 * period_s)
    missing_s = float((np.diff(true_s)[holes] - period_s).sum())
    told = sum(gap.end_s - gap.start_s for gap in gaps)
    assert told == pytest.approx(missing_s, abs=packet_s * (1 if clocked else max(len(holes), 1)))
    if clocked:
        for hole in holes:
            (gap,) = [g for g in gaps if t_s[hole] < g.start_s <= g.end_s <= t_s[hole + 1] + 1e-6]
            assert gap.end_s - gap.start_s == pytest.approx(true_s[hole + 1] - true_s[hole] - period_s, abs=packet_s)
    for gap in gaps:
        assert gap.cause
        assert not ((t_s >= gap.start_s) & (t_s < gap.end_s)).any()

    # Every loss of the link has its record and its cause, and is come back from.
    states = [r.state for r in records if isinstance(r, Link)]
    assert states.count(LinkState.LOST) == 3
    assert states.count(LinkState.CONNECTED) == 4
    assert all(r.cause for r in records if isinstance(r, Link))
    assert any(isinstance(r, BadPacket) for r in records)
    # Without a clock a packet that comes twice cannot be told from two, and runs ahead of the time for a while.
    assert np.percentile(np.abs(t_s + offset_s - true_s), 95) < (0.2 if clocked else 0.6)
