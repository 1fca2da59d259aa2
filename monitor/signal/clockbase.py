"""Sample times for sensors with a clock of their own: their clock laid onto the session's, streaming, no clock read.

Model. A sample that the sensor's clock puts at d was taken at a + b·d of the session; the radio delivers it late, never
early. So, as in `timebase`, the line under the points (d of a packet's last sample, arrival) is the mapping: the least
delayed packet of each second is kept for a minute, and the line below all of them that is nearest to them (Moon, Skelly
and Towsley 1999) gives b, which drifts with temperature. The smallest delay itself cannot be known and is left in, but
where packets wait for each other its likeliest value is taken off (`waiting`).

What the clock gives beside: losses are known exactly, packets that come twice or in the wrong order are put right
(those ahead of their turn wait for the missing one, `hold_packets` long), and a packet whose time cannot be is refused
unless the next ones agree with it: then the sensor's clock has begun anew.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.signal.timebase import hull_slope, round_t
from monitor.signal.waiting import least_delay_s
from monitor.stream import Floats, Gap, Samples

LOOK_FITS: Final = 5  # the least delay is looked for with every fifth fit: every five seconds
TWICE: Final = "a packet that came twice, or after its time was given up as lost"
NO_TIME: Final = "a time by the sensor's clock that cannot be"


@dataclass(frozen=True, slots=True)
class ClockParams:
    """What may be tuned.

    window_s       : length of the lower envelope: a crystal stays the same for minutes, and the longer it is looked at
                     the surer some packet came almost undelayed
    fit_after_s    : span of the envelope from which on the rate is fitted; before, it is 1
    fits           : number of fits, one a second, over which the rate is averaged, each by how sure it is
    least_unsure   : no fit is surer of the rate than this
    rate_tolerance : a crystal is wrong by 0.02 % at most, the RC oscillator of a cheap chip by 1 %
    slew           : fraction by which output time may run fast or slow to reach the line
    hold_packets   : so many packets wait for one that is missing
    hold_s         : and no longer than this
    early_s, late_s: a packet so much before, or so much behind, what the line expects has a time that cannot be
    agree          : so many such packets in a row that agree with each other: the clock has begun anew
    gap_periods    : steps longer than this many sample periods are a loss
    """

    window_s: float = 180.0
    fit_after_s: float = 5.0
    fits: float = 120.0
    least_unsure: float = 1e-5
    rate_tolerance: float = 0.01
    slew: float = 0.02
    hold_packets: int = 4
    hold_s: float = 1.0
    early_s: float = 2.0
    late_s: float = 30.0
    agree: int = 3
    gap_periods: float = 1.6


@dataclass(frozen=True, slots=True, eq=False)
class _Packet:
    arrival_s: float
    samples: Samples  # its times are the sensor's


class ClockTimebase:
    """One sensor's packets, timed by its own clock, in; samples in the session's time, and what is missing, out."""

    def __init__(self, rate_hz: float, params: ClockParams = ClockParams()) -> None:
        """rate_hz: samples a second by the session's clock, within some per cent. ValueError outside 0.1 to 10000."""
        if not 0.1 <= rate_hz <= 10_000.0:
            raise ValueError(f"a rate of {rate_hz} Hz is outside 0.1 to 10000 Hz")
        self._params, self._period_s = params, 1.0 / rate_hz
        self._slope = 1.0
        self._last_s: float | None = None  # session time of the last sample given out
        self._cause = "link lost"
        self._forget()

    def reset(self, cause: str = "link lost") -> None:
        """Forget the sensor's clock after a lost link; the Gap that the next push tells has this cause."""
        self._forget()
        self._cause = cause

    def push(self, arrival_s: float, samples: Samples) -> Iterator[Samples | Gap | str]:
        """Take one packet (times by the sensor's clock, increasing, unwrapped), at its arrival in session time.

        yields : Samples in session time, strictly increasing over all calls; a Gap before them where some are missing;
                 the reason, as text, where the packet is refused
        """
        if not len(samples):
            return
        packet = _Packet(arrival_s, samples)
        if self._cannot_be(packet):
            self._odd.append(packet)
            if not self._agree():
                if len(self._odd) == self._params.agree:
                    self._odd.popleft()
                    yield NO_TIME
                return
            again = list(self._odd)
            yield from self._release_all()
            self.reset("the sensor's clock began anew")
            for each in again:
                yield from self.push(each.arrival_s, each.samples)
            return
        for _ in self._odd:
            yield NO_TIME
        self._odd.clear()
        self._note(packet)
        yield from self._in_turn(packet)

    def flush(self, now_s: float) -> Iterator[Samples | Gap]:
        """Give out what has waited too long for a missing packet. To be called about once a second."""
        if self._held and now_s - self._held[0].arrival_s > self._params.hold_s:
            yield from self._release_all()

    def drain(self) -> Iterator[Samples | Gap]:
        """Give out all that waits: the link is lost, nothing more will come."""
        yield from self._release_all()

    # ------------------------------------------------------------ order

    def _in_turn(self, packet: _Packet) -> Iterator[Samples | Gap | str]:
        """Packets in the sensor's order: at once, after waiting, or refused because that time is over."""
        if self._due_s is not None and float(packet.samples.t_s[-1]) < self._due_s - 0.5 * self._period_s:
            yield TWICE
            return
        if any(held.samples.t_s[0] == packet.samples.t_s[0] for held in self._held):
            yield TWICE
            return
        self._held.append(packet)
        self._held.sort(key=lambda each: float(each.samples.t_s[0]))
        yield from self._release_ready()
        oldest_s = min((each.arrival_s for each in self._held), default=packet.arrival_s)
        if len(self._held) > self._params.hold_packets or packet.arrival_s - oldest_s > self._params.hold_s:
            yield from self._release(self._held.pop(0))
            yield from self._release_ready()

    def _release_ready(self) -> Iterator[Samples | Gap]:
        while self._held and (
            self._due_s is None
            or float(self._held[0].samples.t_s[0]) - self._due_s < (self._params.gap_periods - 1.0) * self._period_s
        ):
            yield from self._release(self._held.pop(0))

    def _release_all(self) -> Iterator[Samples | Gap]:
        held, self._held = self._held, []
        for packet in held:
            yield from self._release(packet)

    def _release(self, packet: _Packet) -> Iterator[Samples | Gap]:
        """One packet whose turn it is, cut where the sensor itself left samples out."""
        samples = packet.samples
        if self._due_s is not None:
            samples = samples.part(slice(int(np.searchsorted(samples.t_s, self._due_s - 0.5 * self._period_s)), None))
        jumps = np.flatnonzero(np.diff(samples.t_s) > self._params.gap_periods * self._period_s) + 1
        for first, end in zip((0, *jumps.tolist()), (*jumps.tolist(), len(samples)), strict=True):
            if end > first:
                yield from self._out(samples.part(slice(first, end)))

    # ------------------------------------------------------------ time

    def _out(self, samples: Samples) -> Iterator[Samples | Gap]:
        """Session times for samples without a hole, and the Gap before them."""
        t_s, last_s = samples.t_s, self._last_s
        wanted_s = self._line(t_s)
        if last_s is None or self._given_s is None:  # the first of a link: where the line says, never before the last
            least_s = 0.0 if last_s is None else last_s + self._period_s
            out_s = wanted_s + max(least_s - float(wanted_s[0]), 0.0)
            cause = self._cause
        elif float(t_s[0]) - self._given_s > self._params.gap_periods * self._period_s:
            out_s = wanted_s + max(last_s + self._period_s - float(wanted_s[0]), 0.0)
            cause = "packets lost"
        else:
            span_s = self._slope * (t_s - self._given_s)
            error_s = float(wanted_s[-1]) - (last_s + float(span_s[-1]))
            limit_s = self._params.slew * float(span_s[-1])
            out_s = last_s + span_s * (1.0 + min(max(error_s, -limit_s), limit_s) / float(span_s[-1]))
            cause = ""
        out_s = np.array([round_t(each) for each in out_s.tolist()], dtype=np.float64)
        if cause and last_s is not None:
            due_s = round_t(last_s + self._period_s)
            if float(out_s[0]) - due_s > 0.5 * self._period_s:
                yield Gap(due_s, float(out_s[0]), cause)
        self._last_s, self._given_s = float(out_s[-1]), float(t_s[-1])
        self._due_s = self._given_s + self._period_s
        yield Samples(out_s, samples.acc_g, samples.gyr_dps)

    def _line(self, device_s: Floats) -> Floats:
        return self._base_s - self._bias_s + self._slope * (device_s - self._origin_s)

    def _lateness(self, packet: _Packet) -> float:
        return packet.arrival_s - (self._base_s + self._slope * (float(packet.samples.t_s[-1]) - self._origin_s))

    def _note(self, packet: _Packet) -> None:
        """Enter a packet into the envelope; an earlier one than the line pulls the line down at once."""
        device_s = float(packet.samples.t_s[-1])
        if not self._seconds:
            self._origin_s, self._base_s = device_s, packet.arrival_s
        late_s = self._lateness(packet)
        self._base_s += min(late_s, 0.0)
        self._points.append((device_s - self._origin_s, packet.arrival_s - (device_s - self._origin_s)))
        self._step_s = len(packet.samples) * self._period_s
        second = int(packet.arrival_s)
        point = (second, device_s - self._origin_s, packet.arrival_s)
        if not self._seconds or second > self._seconds[-1][0]:
            while self._seconds and self._seconds[0][0] < second - self._params.window_s:
                self._seconds.popleft()
            if self._seconds:
                self._fit()
            self._seconds.append(point)
        elif max(late_s, 0.0) < self._seconds[-1][2] - self._base_s - self._slope * self._seconds[-1][1]:
            self._seconds[-1] = point

    def _fit(self) -> None:
        least: dict[float, float] = {}
        for _, x, arrival in self._seconds:
            least[x] = min(arrival - x, least.get(x, arrival - x))
        points = sorted(least.items())
        if points[-1][0] - points[0][0] >= self._params.fit_after_s and len(points) > 2:
            tolerance = self._params.rate_tolerance
            fitted = 1.0 + min(max(hull_slope(points), -tolerance), tolerance)
            rests = np.array([rest - (fitted - 1.0) * x for x, rest in points])
            unsure = float(np.median(rests - rests.min())) / (points[-1][0] - points[0][0])
            if abs(fitted - 1.0) < 2.0 * unsure:
                fitted = 1.0  # crystals are true to a hair: what may as well be jitter is jitter
            # As much weight as it is sure: a short span is worth little, and so is a minute of jitter after a calm one.
            weight = 1.0 / max(unsure, self._params.least_unsure) ** 2
            self._weight = self._weight * (1.0 - 1.0 / self._params.fits) + weight
            self._slope += (fitted - self._slope) * weight / self._weight
        self._base_s = min(arrival - self._slope * x for _, x, arrival in self._seconds)
        while self._points[0][0] < self._points[-1][0] - self._params.window_s:
            self._points.popleft()
        self._unlooked += 1
        if self._unlooked >= LOOK_FITS:
            self._unlooked, self._bias_s = 0, self._least_delay()

    def _least_delay(self) -> float:
        """How late the line itself is, s, where packets wait for each other."""
        x, rest = np.array(self._points).T
        return least_delay_s(rest - (self._slope - 1.0) * x - self._base_s, self._step_s)

    # ------------------------------------------------------------ odd times

    def _cannot_be(self, packet: _Packet) -> bool:
        if not self._seconds:
            return False
        return not -self._params.early_s <= self._lateness(packet) <= self._params.late_s

    def _agree(self) -> bool:
        """True for enough odd packets whose offsets from arrival are alike."""
        offsets = [each.arrival_s - float(each.samples.t_s[-1]) for each in self._odd]
        return len(offsets) >= self._params.agree and max(offsets) - min(offsets) < self._params.early_s

    def _forget(self) -> None:
        self._seconds: deque[tuple[int, float, float]] = deque()  # (second, sensor's time from origin, arrival)
        self._odd: deque[_Packet] = deque()
        self._points: deque[tuple[float, float]] = deque()  # of each packet: sensor's time from origin, arrival less it
        self._unlooked = 0  # fits since the least delay was looked for
        self._step_s = self._period_s
        self._weight = self._bias_s = 0.0
        self._held: list[_Packet] = []
        self._origin_s = self._base_s = 0.0
        self._given_s: float | None = None  # sensor's time of the last sample given out
        self._due_s: float | None = None
