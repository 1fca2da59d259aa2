"""What the air does to packets: loss, lag, scripts; all repeatable by seed."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.virtual import radio
from monitor.virtual.air import Air
from monitor.virtual.clock import WearerClock, sleep_until
from monitor.virtual.lane import Lane


async def received(rig, until, numbers: int, **loss) -> list[int]:
    """Which of the numbers the desk notifies get through."""
    got = []
    async with rig.client(await rig.found()) as client:
        await client.start_notify(rig.desk.stream, lambda _, data: got.append(int.from_bytes(data, "little")))
        rig.air.lose("desk", **loss)
        await rig.desk.count(range(numbers))
        rig.air.lose("desk")
        await rig.desk.count(range(numbers, numbers + 1))
        await until(lambda: got and got[-1] == numbers)
    return got[:-1]


async def test_loss_is_repeatable_and_as_likely_as_asked(rig, until):
    first = await received(rig, until, 400, probability=0.25)
    again = await received(rig, until, 400, probability=0.25)
    assert first == again
    assert 250 < len(first) < 350  # 300 +- 5.8 standard deviations
    assert first == sorted(first)
    rig.air.seed = 2
    assert await received(rig, until, 400, probability=0.25) != first


async def test_every_nth_is_lost(rig, until):
    before = rig.air.tally("desk").lost
    assert await received(rig, until, 12, every=4) == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert rig.air.tally("desk").lost == before + 3
    assert rig.air.tally("desk").passed > 10


async def test_requests_get_through_unless_told_otherwise(rig):
    async with rig.client(await rig.found()) as client:
        rig.air.lose("desk", 1.0)
        assert len(await client.read_gatt_char(rig.desk.value)) == 250
        rig.air.lose("desk", 1.0, requests_too=True)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.read_gatt_char(rig.desk.value), 0.1)
        rig.air.drop("desk")  # or the request waits for its own time-out


async def test_lag_delays_and_keeps_the_order(rig, until):
    got, sent_s = [], {}
    async with rig.client(await rig.found()) as client:
        await client.start_notify(
            rig.desk.stream, lambda _, data: got.append((int.from_bytes(data, "little"), time.monotonic()))
        )
        rig.air.lag("desk", 0.1, jitter_s=0.05)
        for number in range(10):
            sent_s[number] = time.monotonic()
            await rig.desk.count(range(number, number + 1))
            await asyncio.sleep(0.005)
        rig.air.lag("desk")
        await rig.desk.count(range(10, 12))  # no lag any more, yet they must not overtake
        await until(lambda: len(got) == 12)
    assert [number for number, _ in got] == list(range(12))
    delays_s = [at_s - sent_s[number] for number, at_s in got if number in sent_s]
    assert min(delays_s) >= 0.1 - 1e-3
    assert len({round(delay_s, 3) for delay_s in delays_s}) > 2


async def test_late_packets_do_not_surface_in_the_next_link(rig, until):
    got = []
    device = await rig.found()
    client = rig.client(device)
    await client.connect()
    await client.start_notify(rig.desk.stream, lambda _, data: got.append(bytes(data)))
    rig.air.lag("desk", 0.2)
    await rig.desk.notify(b"old")
    rig.air.drop("desk")
    await until(lambda: not client.is_connected)
    rig.air.lag("desk")
    await client.connect()
    await client.start_notify(rig.desk.stream, lambda _, data: got.append(bytes(data)))
    await asyncio.sleep(0.25)
    await rig.desk.notify(b"new")
    await until(lambda: got)
    await client.disconnect()
    assert got == [b"new"]


async def test_script_runs_on_the_given_clock(rig, until):
    gone = []
    clock = WearerClock(speed=10.0)
    client = rig.client(await rig.found(), lambda _: gone.append(clock()))
    await client.connect()
    called = []
    start_s = clock()
    script = rig.air.play_script(
        [
            (start_s + 4.0, lambda what: called.append((what, clock())), ["custom"]),
            (start_s + 2.0, "drop", ["desk"]),
            (start_s + 3.0, "set_rssi", {"name": "desk", "rssi_dbm": -90}),
        ],
        clock,
        speed=10.0,
    )
    await asyncio.wait_for(script, 5.0)
    assert called[0][0] == "custom"
    assert called[0][1] >= start_s + 4.0
    await until(lambda: gone)
    assert gone[0] >= start_s + 2.0
    heard = []
    async with rig.scanner(lambda _, data: heard.append(data.rssi)):
        await until(lambda: heard)
    assert heard[0] == -90


async def test_script_errors_are_told(air):
    with pytest.raises(ValueError, match="unknown action 'explode'"):
        air.play_script([(0.0, "explode", [])], WearerClock())
    with pytest.raises(ValueError, match="must be a number"):
        air.play_script([(float("nan"), "drop", ["x"])], WearerClock())
    with pytest.raises(LookupError, match="no radio named 'x'"):
        await air.play_script([(0.0, "drop", ["x"])], WearerClock())


async def test_closing_the_air_stops_scripts():
    air = Air()
    script = air.play_script([(1e6, "drop", ["x"])], WearerClock())
    await air.close()
    assert script.cancelled()


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("lose", {"probability": 1.1}),
        ("lose", {"every": -1}),
        ("lag", {"lag_s": -0.1}),
        ("lag", {"jitter_s": -0.1}),
        ("set_rssi", {"rssi_dbm": 21}),
    ],
)
async def test_nonsense_is_refused(rig, action, arguments):
    with pytest.raises(ValueError):
        getattr(rig.air, action)("desk", **arguments)


async def test_a_radio_can_leave_and_return_under_its_name(air):
    for _ in range(2):
        device = await radio.open_peripheral(air, "again", "DC:00:00:00:00:03")
        await radio.advertise(device, "again")
        await radio.close(air, device)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.001, 0.003]), min_size=1, max_size=12))
def test_nothing_overtakes_in_a_lane(delays_s):
    async def run() -> list[int]:
        lane, arrived = Lane(), []
        for number, delay_s in enumerate(delays_s):
            lane.push(delay_s, lambda number=number: arrived.append(number))
        await asyncio.sleep(0.01)
        assert not lane._queue
        return arrived

    assert asyncio.run(run()) == list(range(len(delays_s)))


async def test_a_failing_arrival_does_not_block_the_lane():
    errors, arrived = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))
    lane = Lane()
    lane.push(0.0, lambda: 1 / 0)
    lane.push(0.0, lambda: arrived.append(1))
    await asyncio.sleep(0.01)
    assert arrived == [1]
    assert isinstance(errors[0], ZeroDivisionError)
    lane.push(0.0, lambda: arrived.append(2))
    lane.clear()
    await asyncio.sleep(0.01)
    assert arrived == [1]


async def test_wearer_clock():
    clock = WearerClock(speed=50.0)
    start_s = clock()
    await sleep_until(start_s + 2.0, clock, 50.0)
    assert 2.0 <= clock() - start_s < 50.0
    with pytest.raises(ValueError, match="above 0"):
        WearerClock(0.0)
