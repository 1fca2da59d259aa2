"""The Arduino reference of the open profile, compiled for each board against stubs, run, and read by our driver.

Nothing here has seen a real board: the stubs know Arduino's libraries only as far as the sketch uses them.
"""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from monitor.devices import open_imu
from monitor.devices.open_imu import OPEN_IMU, OpenImuDecoder

REPO = Path(__file__).resolve().parents[2]
SKETCH = REPO / "firmware-notes" / "open-imu" / "open_imu"
STUBS = Path(__file__).with_name("arduino_stubs")
BOARDS = {
    "nano33": "ARDUINO_ARDUINO_NANO33BLE",
    "xiao": "ARDUINO_SEEED_XIAO_NRF52840_SENSE",
    "esp32": "ARDUINO_ARCH_ESP32",
}
LED_PIN, LED_ON = {"nano33": 13, "xiao": 13, "esp32": 2}, {"nano33": 1, "xiao": 0, "esp32": 1}
ACC_SCALES, GYR_SCALES = (16384, 8192, 4096, 2048), (16.4, 32.8, 65.6, 131.2, 262.4)

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is missing: the sketch cannot be compiled")


def compiled(folder, macro, *options):
    program = folder / f"{macro}{len(options)}"
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-D{macro}", f"-I{STUBS}", f"-I{SKETCH}", *options]
    done = subprocess.run([*command, STUBS / "bench.cpp", "-o", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.parametrize(
    ("board", "options"), [("nano33", ["-DOPEN_IMU_NANO_REV1=1"]), ("xiao", ["-DOPEN_IMU_BATTERY_PIN=8"])]
)
def test_it_is_plain_enough_for_old_compilers(tmp_path, board, options):
    compiled(tmp_path, BOARDS[board], "-std=c++11", "-fsyntax-only", *options)


def test_a_board_that_is_not_known_is_told(tmp_path):
    with pytest.raises(AssertionError, match="No board file for this board"):
        compiled(tmp_path, "ARDUINO_AVR_UNO", "-fsyntax-only")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sketch")


@pytest.fixture(scope="module", params=BOARDS)
def board(request):
    return request.param


@pytest.fixture(scope="module")
def program(folder, board):
    return compiled(folder, BOARDS[board])


@pytest.fixture(scope="module")
def wired(folder):
    """An ESP32 with everything on its pins."""
    pins = {"MOTOR": 5, "BUZZER": 6, "BUTTON": 7, "BATTERY": 8}
    return compiled(folder, BOARDS["esp32"], *(f"-DOPEN_IMU_{name}_PIN={pin}" for name, pin in pins.items()))


class Ran:
    """What the sketch did, from the last command that begins with `since` on."""

    def __init__(self, program, script, *, start_us=0, since=None):
        done = subprocess.run(
            [program, str(start_us)], input="\n".join(script), capture_output=True, text=True, check=True, timeout=20
        )
        self.lines = [line.split() for line in done.stdout.splitlines()]
        self.since = next((k for k, line in enumerate(self.lines) if since and line[:2] == [">", since]), 0)

    def of(self, kind, *, after=False):
        return [line[1:] for line in self.lines[self.since if after else 0 :] if line[0] == kind]

    def value(self, uuid):
        return [bytes.fromhex(line[1]) for line in self.of("value") if line[0] == uuid]

    def packets(self, number="0004"):
        return [bytes.fromhex(line[2]) for line in self.of("notify") if line[1] == number]

    def fed(self):
        """Rows of (read at s, 3 accelerations, 3 rates), from `since` on."""
        rows = np.array(self.of("sample", after=True), dtype=float)
        return rows[:, 0] / 1e6, rows[:, 1:]


def config(rate_hz, acc=2, gyr=1, kind=1, samples=10):
    return struct.pack("<HBBBBH", rate_hz, acc, gyr, kind, samples, 0).hex()


def session(*script, mtu=247, written=None):
    return [f"connect {mtu}", *([f"write 0003 {written}"] if written else []), "subscribe 0004", *script]


def decoded(packets, rate_hz):
    decoder = OpenImuDecoder(rate_hz)
    parts = [decoder.feed(packet) for packet in packets]
    assert not [part.bad for part in parts if part.bad]
    return parts


def assert_alike(part, fed, packet):
    """The decoded samples are the ones read, to half a count, held at the ends of the range of the packet."""
    scales = (ACC_SCALES[packet[1] & 15], GYR_SCALES[packet[1] >> 4])
    for got, want, scale in zip((part.acc_g, part.gyr_dps), (fed[:, :3], fed[:, 3:]), scales, strict=True):
        held = np.clip(want, -32768 / scale, 32767 / scale)
        assert np.abs(got - held).max() * scale <= 0.5 + 1e-2  # the sketch reckons in 32-bit floats


# ---------------------------------------------------------------- the table


def test_gatt_table_name_and_model(program, board):
    ran = Ran(program, ["read 2A24"])
    table = {line[1][4:8] if line[1].startswith("0c43") else line[1]: int(line[2]) for line in ran.of("characteristic")}
    assert table == {"0002": 2, "0003": 10, "0004": 16, "0005": 12, "0006": 16, "2A24": 2}
    assert ran.of("name") == [["OPS-1a2b"]]
    assert ran.of("advertised") == [[open_imu.SERVICE]]
    assert OPEN_IMU.matches("OPS-1a2b", [])
    model = ran.value("2A24")[0].decode()
    assert model.split()[0].casefold() in board
    assert model in " ".join(OPEN_IMU.models)


@pytest.mark.parametrize("rate_hz", OPEN_IMU.rates_hz)
def test_the_driver_sets_the_sketch_up(program, board, rate_hz):
    """The driver's own steps, answered by the sketch."""
    info = Ran(program, ["read 0002"]).value("0002")[0]
    steps = OPEN_IMU.setup(rate_hz)
    next(steps)
    if board == "nano33" and rate_hz > 100:
        with pytest.raises(open_imu.SensorError, match="10 to 100 Hz"):
            steps.send(info)
        return
    command = steps.send(info)
    assert command.characteristic == open_imu.CONFIG
    ran = Ran(program, session("run 2000", "read 0003", written=command.payload.hex()))
    steps.send(b"")  # the command was written: now the driver reads back
    subscription = steps.send(ran.value("0003")[0])
    assert subscription.characteristic == OPEN_IMU.notify
    parts = decoded(ran.packets(), rate_hz)
    samples = sum(len(part.acc_g) for part in parts)
    assert abs(samples - 2 * rate_hz) <= command.payload[5] + 1
    assert {len(part.acc_g) for part in parts} == {command.payload[5]}
    assert command.payload[5] / rate_hz <= 0.1


def test_boot_id_differs(program):
    ids = {Ran(program, ["read 0002"], start_us=start).value("0002")[0][8:] for start in (0, 1, 77777)}
    assert len(ids) == 3


# ---------------------------------------------------------------- samples and time


@pytest.mark.parametrize("ranges", [(2, 1), (3, 0), (0, 4), (1, 3), (2, 2)])
def test_every_sample_comes_out_as_it_was_read(program, board, ranges):
    acc, gyr = (1, 0) if board == "nano33" else ranges
    ran = Ran(program, session("run 3000", "read 0003", written=config(100, acc, gyr)), since="subscribe")
    packets, (read_s, fed) = ran.packets(), ran.fed()
    assert len(packets) >= 29
    have = {"nano33": 0, "xiao": gyr, "esp32": min(gyr, 3)}[board]  # an MPU-6050 has no 125 deg/s
    assert ran.value("0003") == [bytes.fromhex(config(100, acc, have))]
    assert {packet[1] for packet in packets} == {acc | have << 4}
    parts = decoded(packets, 100.0)
    at = 0
    for part, packet in zip(parts, packets, strict=True):
        assert_alike(part, fed[at : at + 10], packet)
        # Read up to one loop after it was due: that is what the sketch promises.
        assert (np.abs(read_s[at : at + 10] - part.t_s - 0.0007) < 0.0008).all()
        at += 10
    assert [struct.unpack_from("<H", packet, 2)[0] for packet in packets] == list(range(len(packets)))
    assert np.allclose(np.diff(np.concatenate([part.t_s for part in parts])), 0.01, atol=1e-9)


def test_acceleration_alone(program, board):
    acc = 1 if board == "nano33" else 2
    ran = Ran(program, session("run 1000", written=config(50, acc, 0, kind=0, samples=5)), since="subscribe")
    parts, (_, fed) = decoded(ran.packets(), 50.0), ran.fed()
    assert len(parts) >= 9
    assert all(part.gyr_dps is None for part in parts)
    acc_g = np.concatenate([part.acc_g for part in parts])
    limit = 32768 / ACC_SCALES[acc]
    assert np.allclose(acc_g, np.clip(fed[: len(acc_g), :3], -limit, limit), atol=0.51 / ACC_SCALES[acc])


@pytest.mark.parametrize(("mtu", "samples"), [(23, 1), (185, 14), (247, 19), (512, 19)])
def test_packets_fill_the_link_and_no_more(program, board, mtu, samples):
    script = session("run 1500", mtu=mtu, written=config(100, 1 if board == "nano33" else 2, 0, samples=0))
    packets = Ran(program, script).packets()
    assert {len(packet) for packet in packets} == {8 + 12 * samples}
    assert len(packets) >= 1


def test_the_clock_wraps(program, board):
    """Started 1 s before 2^32 us."""
    script = session("run 1500", written=config(100, 1 if board == "nano33" else 2))
    ran = Ran(program, script, start_us=2**32 - 1_000_000)
    times_us = [struct.unpack_from("<I", packet, 4)[0] for packet in ran.packets()]
    assert max(times_us) > 2**32 - 200_000
    assert times_us[-1] < 1_000_000
    t_s = np.concatenate([part.t_s for part in decoded(ran.packets(), 100.0)])
    assert np.allclose(np.diff(t_s), 0.01, atol=1e-9)


def test_packet_numbers_wrap(wired):
    ran = Ran(wired, session("run 330000", written=config(200, samples=1)))
    packets = ran.packets()
    numbers = np.array([struct.unpack_from("<H", packet, 2)[0] for packet in packets], dtype=int)
    assert len(packets) > 65_900
    assert np.array_equal(numbers, np.arange(len(numbers)) % 65536)
    assert not any(packet[0] & 8 for packet in packets)


def test_the_first_packet_of_a_boot_says_that_the_clock_is_new(program):
    ran = Ran(program, session("run 900", "unsubscribe 0004", "run 500", "subscribe 0004", "run 900"))
    packets = ran.packets()
    assert len(packets) >= 4
    assert [bool(packet[0] & 16) for packet in packets] == [True] + [False] * (len(packets) - 1)
    numbers = [struct.unpack_from("<H", packet, 2)[0] for packet in packets]
    assert numbers == list(range(len(packets)))


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "64",
        config(100)[:14],
        config(0),
        config(9),
        config(201),
        config(100, acc=4),
        config(100, acc=255),
        config(100, gyr=5),
        config(100, kind=2),
    ],
)
def test_wrong_configurations_change_nothing(program, board, wrong):
    good = config(50, 1 if board == "nano33" else 2, 0, samples=5)
    ran = Ran(program, session(f"write 0003 {wrong}", "read 0003", "run 1000", written=good))
    assert ran.value("0003") == [bytes.fromhex(good)]
    assert {len(part.acc_g) for part in decoded(ran.packets(), 50.0)} == {5}
    assert len(ran.packets()) >= 9


def test_bytes_behind_what_is_known_are_left_out(program):
    good = config(25, 1, 0, samples=2)
    script = ["connect 247", f"write 0003 {good}0102", "read 0003", f"write 0005 {cue_hex('light')}03", "run 50"]
    ran = Ran(program, script, since="run")
    assert ran.value("0003") == [bytes.fromhex(good)]
    assert len([line for line in ran.of("pin") if int(line[0]) > 0]) == 1


def test_a_range_that_the_board_lacks_is_refused(board, program):
    refused = Ran(program, ["connect 247", f"write 0003 {config(100, acc=2)}", "read 0003"]).value("0003")[0]
    assert (refused == bytes.fromhex(config(100))) == (board != "nano33")


def test_rate_changes_while_streaming(program, board):
    acc, gyr = (1, 0) if board == "nano33" else (2, 1)
    script = session(
        "run 1000", f"write 0003 {config(25, acc, gyr, samples=2)}", "run 1000", written=config(100, acc, gyr)
    )
    packets = Ran(program, script).packets()
    decoder = OpenImuDecoder(25.0)
    parts = [decoder.feed(packet) for packet in packets]
    slow = [part for part in parts if len(part.acc_g) == 2]
    assert len([part for part in parts if len(part.acc_g) == 10]) >= 9
    assert 11 <= len(slow) <= 13
    assert np.allclose(np.diff(np.concatenate([part.t_s for part in slow])), 0.04, atol=1e-9)


def test_a_full_radio_drops_packets_and_the_next_one_says_so(program, board):
    acc, gyr = (1, 0) if board == "nano33" else (2, 1)
    script = session("run 500", "busy 1", "run 2000", "busy 0", "run 1000", written=config(100, acc, gyr))
    ran = Ran(program, script, since="subscribe")
    packets, (read_s, fed) = ran.packets(), ran.fed()
    parts = decoded(packets, 100.0)
    flagged = [k for k, packet in enumerate(packets) if packet[0] & 8]
    assert len(flagged) == 1
    jump_s = parts[flagged[0]].t_s[0] - parts[flagged[0] - 1].t_s[-1]
    assert 1.0 < jump_s < 1.5  # of 2 s, 8 packets of 0.1 s were kept
    for part, packet in zip(parts, packets, strict=True):
        first = int(np.searchsorted(read_s, part.t_s[0] - 1e-6))
        assert_alike(part, fed[first : first + len(part.acc_g)], packet)
    assert [struct.unpack_from("<H", packet, 2)[0] for packet in packets] == list(range(len(packets)))


def test_a_stalled_board_ends_its_packet_and_says_so(program, board):
    acc, gyr = (1, 0) if board == "nano33" else (2, 1)
    script = session("run 545", "stall 200", "run 500", written=config(100, acc, gyr))
    ran = Ran(program, script, since="subscribe")
    packets, (read_s, fed) = ran.packets(), ran.fed()
    parts = decoded(packets, 100.0)
    flagged = [k for k, packet in enumerate(packets) if packet[0] & 8]
    assert len(flagged) == 1
    assert len(parts[flagged[0] - 1].acc_g) < 10
    assert 0.19 < parts[flagged[0]].t_s[0] - parts[flagged[0] - 1].t_s[-1] < 0.22
    for part, packet in zip(parts, packets, strict=True):
        first = int(np.searchsorted(read_s, part.t_s[0] - 1e-6))
        assert_alike(part, fed[first : first + len(part.acc_g)], packet)


def test_a_configuration_that_comes_while_a_packet_is_being_sent(program, board):
    """The radio serves its host while it takes a packet: the queue is emptied under the sender's hands."""
    acc, gyr = (1, 0) if board == "nano33" else (2, 1)
    nested = f"nest 0003 {config(25, acc, gyr, samples=2)}"
    script = session("run 250", "busy 1", "run 450", nested, "busy 0", "run 1000", written=config(100, acc, gyr))
    packets = Ran(program, script).packets()
    numbers = [struct.unpack_from("<H", packet, 2)[0] for packet in packets]
    assert numbers == list(range(len(packets)))
    assert {len(packet) for packet in packets[3:]} == {8 + 2 * 12}
    assert len(packets) > 10


def test_nothing_is_sent_unasked_or_after_the_link_is_lost(program):
    assert not Ran(program, ["connect 247", "run 1000"]).packets()
    lost = Ran(program, session("run 1000", "disconnect", "run 2000"), since="disconnect")
    assert lost.packets()
    assert not lost.of("notify", after=True)
    assert not lost.of("sample", after=True)


# ---------------------------------------------------------------- cues and events


def pulses(lines, pin):
    """(ms since the first, value) of what happened on a pin."""
    mine = [(int(line[0]), int(line[2])) for line in lines if line[1] == str(pin)]
    return [(round((at - mine[0][0]) / 1000), value) for at, value in mine]


def near(got, want):
    assert [value for _, value in got] == [value for _, value in want]
    assert all(abs(a - b) <= 3 * (k + 1) for k, ((a, _), (b, _)) in enumerate(zip(got, want, strict=True)))


def cue_hex(kind):
    return OPEN_IMU.cues[kind][0].payload.hex()


def test_the_light_cue_lights_three_times(program, board):
    on = LED_ON[board]
    ran = Ran(program, [f"write 0005 {cue_hex('light')}", "run 3000"], since="write")
    near(pulses(ran.of("pin", after=True), LED_PIN[board]), [(250 * k, on if k % 2 == 0 else 1 - on) for k in range(6)])


@pytest.mark.parametrize("kind", ["motor", "buzzer"])
def test_what_is_not_wired_is_replaced_by_the_light(program, board, kind):
    ran = Ran(program, [f"write 0005 {cue_hex(kind)}", "run 3000"], since="write")
    assert [value for _, value in pulses(ran.of("pin", after=True), LED_PIN[board])] == [
        LED_ON[board],
        1 - LED_ON[board],
    ] * 2


def test_motor_and_buzzer(wired):
    assert Ran(wired, ["read 0002"]).value("0002")[0][1] == 0b111111
    motor = Ran(wired, [f"write 0005 {cue_hex('motor')}", "run 3000"], since="write")
    near(pulses(motor.of("pwm"), 5), [(0, 255), (300, 0), (500, 255), (800, 0)])
    buzzer = Ran(wired, [f"write 0005 {cue_hex('buzzer')}", "run 3000"], since="write")
    near(pulses(buzzer.of("tone"), 6), [(0, 1000), (150, 0), (250, 1000), (400, 0)])
    assert not motor.of("pin", after=True) + buzzer.of("pin", after=True)


def test_a_cue_of_nothing_stops_the_running_one(wired):
    ran = Ran(wired, [f"write 0005 {cue_hex('motor')}", "run 100", "write 0005 " + bytes(8).hex(), "run 3000"])
    near(pulses(ran.of("pwm"), 5), [(0, 255), (100, 0)])


@pytest.mark.parametrize("wrong", ["", "02", cue_hex("motor")[:14]])
def test_wrong_cues_do_nothing(wired, wrong):
    assert not Ran(wired, [f"write 0005 {wrong}", "run 1000"]).of("pwm")


def test_events_of_button_cue_and_battery(wired):
    script = ["connect 247", "subscribe 0006", "run 100", "pin 7 0", "run 100", "pin 7 1", "run 100"]
    ran = Ran(wired, [*script, f"write 0005 {cue_hex('motor')}", "run 1000", "read 2A19"])
    events = [(event[0], event[1]) for event in ran.packets("0006")]
    assert events == [(1, 1), (1, 0), (3, 2)]
    # 2400 of 4095 at 6.6 V full scale: 3.868 V, 61 % of the way from 3.5 V to 4.1 V.
    assert ran.value("2A19") == [bytes([61])]
