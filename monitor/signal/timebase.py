"""Sample times for sensors that send neither counter nor clock: from packet arrivals, streaming, no clock read here.

Model. Sample number k was taken at a + k·p. The radio delivers it late, never early: delay is one-sided and, within
seconds, some packet always comes almost undelayed. So the line under the arrivals (their lower envelope), not the line
through them, is the sensor's clock, but for the smallest delay itself, which cannot be known and is left in.

1. Each second keeps only its least delayed packet. Once a second a line is laid under those of the last 60 s: of all
   lines below every point the one nearest to them (an edge of the lower convex hull; Moon, Skelly and Towsley 1999).
   Its slope, averaged over the fits, may leave the starting rate by 1.5 % at most.
2. Output time runs at the line's rate and is slewed towards the line by at most 2 %: a better fit never makes it jump.
3. Lost packets leave no trace but this: from then on *every* arrival is late. A window's smallest lateness above what
   the same window showed over the last minute is a loss. Three windows, each a trade of speed against certainty:
   - 0.3 s after a silence of more than 0.5 s, unless the packets still catch up (a bunched delivery): large losses;
   - 1 s: losses clearly above the jitter, seen about 1 s late; where jitter is small that is a single packet;
   - 10 s: single packets under jitter of about a packet's length, seen about 10 s late.
   Until it is seen, samples after a loss are timed too early by its length; the Gap stands where it was *noticed*.
   What jitter hides (a single packet of 40 ms under 200 ms) is absorbed by the slew within a minute, uncounted.
   No skip takes a sample beyond its own arrival.
"""

import copy
import math
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from monitor.stream import Floats, Gap, Samples

TIME_STEP_S: Final = 1e-6
TIME_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class TimebaseParams:
    """What may be tuned.

    window_s          : length of the lower envelope
    fit_after_s       : span of arrivals from which on the rate is fitted; before, it is taken as given
    fits              : number of fits over the whole window, one a second, over which the rate is averaged
    rate_tolerance    : the fitted rate stays within this fraction of the starting rate
    slew              : fraction by which output time may run fast or slow to reach the line
    hurry_s, hurry    : if output is further off than this, the slew allowed instead (a sensor at another rate than
                        asked)
    silence_s         : no packet for longer than this arms the quick loss test
    quick_s, small_s  : windows of the quick and of the slow loss test; the middle one is 1 s
    margin_packets    : lateness beyond the worst of the last minute, in packets, that counts as a loss
    jitter_s          : lateness taken as usual until 40 s have been seen
    most_jitter_s     : no lateness beyond this ever passes for usual
    stall_s           : a sensor cannot hold back more than a few packets: after a silence longer than this, what comes
                        is taken as new and the silence as a Gap at once
    """

    window_s: float = 60.0
    fit_after_s: float = 5.0
    fits: float = 40.0
    rate_tolerance: float = 0.015
    slew: float = 0.02
    hurry_s: float = 0.5
    hurry: float = 0.5
    silence_s: float = 0.5
    quick_s: float = 0.3
    small_s: float = 10.0
    margin_packets: float = 0.75
    jitter_s: float = 0.2
    most_jitter_s: float = 0.5
    stall_s: float = 5.0


@dataclass(slots=True)
class TimebaseState:
    """All that moves. Points are (slot, sample number, arrival_s) of the least delayed packet of a slot.

    count    : number of the last sample, lost ones included
    line_s   : the envelope at sample 0 of this link; period_s its slope
    last_s   : time of the last sample given out, None before the first
    cause    : why the next first packet comes after a gap
    """

    period_s: float
    weight: float = 0.0
    count: int = 0
    line_s: float = 0.0
    last_s: float | None = None
    last_arrival_s: float | None = None
    seconds: deque[tuple[int, int, float]] = field(default_factory=deque[tuple[int, int, float]])
    tenths: deque[tuple[int, int, float]] = field(default_factory=deque[tuple[int, int, float]])
    sizes: deque[int] = field(default_factory=lambda: deque[int](maxlen=15))
    armed_s: float | None = None
    usual_1s: tuple[float, float] | None = None
    usual_small: tuple[float, float] | None = None
    cause: str = "link lost"


class ArrivalTimebase:
    """One sensor's packets: arrival times in, sample times out."""

    def __init__(self, rate_hz: float, params: TimebaseParams = TimebaseParams()) -> None:
        """rate_hz: the sensor's usual real rate, not the one on the box, within 1.5 %.

        ValueError outside 0.1 to 10000.
        """
        if not 0.1 <= rate_hz <= 10_000.0:
            raise ValueError(f"a rate of {rate_hz} Hz is outside 0.1 to 10000 Hz")
        self._params = params
        self._start_period_s = 1.0 / rate_hz
        self._state = TimebaseState(period_s=self._start_period_s)

    @property
    def rate_hz(self) -> float:
        """The sensor's real rate by the host's clock, as estimated so far."""
        return 1.0 / self._state.period_s

    @property
    def state(self) -> TimebaseState:
        """A copy of all that moves; assigning one puts it back."""
        return copy.deepcopy(self._state)

    @state.setter
    def state(self, state: TimebaseState) -> None:
        self._state = copy.deepcopy(state)

    def reset(self, cause: str = "link lost") -> None:
        """Forget the arrivals after a lost link; the next push tells the Gap. Rate and increasing times are kept."""
        old = self._state
        self._state = TimebaseState(period_s=old.period_s, weight=old.weight, last_s=old.last_s, cause=cause)

    def push(self, arrival_s: float, n: int) -> tuple[Floats, Gap | None, int]:
        """Times of the n samples of a packet that arrived at arrival_s (never earlier than the one before; else held).

        returns : (n,) s, strictly increasing over all calls, in steps of 1e-6 s; the Gap before them, if samples are
                  missing there; how many samples are judged lost in it
        """
        if n < 0 or not math.isfinite(arrival_s):
            raise ValueError(f"a packet of {n} samples at {arrival_s} s cannot be")
        if n == 0:
            return np.empty(0), None, 0
        state = self._state
        if state.last_arrival_s is None:
            return self._first(arrival_s, n)
        arrival_s = max(arrival_s, state.last_arrival_s)
        if arrival_s - state.last_arrival_s > self._params.stall_s:
            self.reset("sensor silent")
            return self._first(arrival_s, n)
        if arrival_s - state.last_arrival_s > self._params.silence_s:
            state.armed_s = arrival_s
        state.last_arrival_s = arrival_s
        lost = self._close_slots(arrival_s)
        state.count += n
        state.sizes.append(n)
        self._note(arrival_s)
        return self._give_out(n, lost)

    # ------------------------------------------------------------ output

    def _first(self, arrival_s: float, n: int) -> tuple[Floats, Gap | None, int]:
        """The first packet of a link: its last sample is taken as undelayed."""
        state = self._state
        period_s = state.period_s
        begin_s = max(arrival_s - (n - 1) * period_s, 0.0)
        gap, lost = None, 0
        if state.last_s is not None:
            begin_s = max(begin_s, state.last_s + period_s)
            due_s = round_t(state.last_s + period_s)
            if begin_s - due_s > 0.5 * period_s:
                gap = Gap(due_s, round_t(begin_s), state.cause)
                lost = round((begin_s - due_s) / period_s)
        state.count = n - 1
        state.line_s = arrival_s - state.count * period_s
        state.last_arrival_s = arrival_s
        state.sizes.append(n)
        self._note(arrival_s)
        times = _ramp(begin_s, period_s, n)
        state.last_s = float(times[-1])
        return times, gap, lost

    def _give_out(self, n: int, lost: int) -> tuple[Floats, Gap | None, int]:
        state, params = self._state, self._params
        assert state.last_s is not None
        period_s = state.period_s
        base_s = state.last_s + lost * period_s
        span_s = n * period_s
        error_s = state.line_s + state.count * period_s - (base_s + span_s)
        limit_s = (params.slew if abs(error_s) < params.hurry_s else params.hurry) * span_s
        step_s = (span_s + min(max(error_s, -limit_s), limit_s)) / n
        times = _ramp(base_s + step_s, step_s, n)
        gap = Gap(round_t(state.last_s + period_s), float(times[0]), "packets lost") if lost else None
        state.last_s = float(times[-1])
        return times, gap, lost

    # ------------------------------------------------------------ envelope

    def _note(self, arrival_s: float) -> None:
        """Enter the newest packet; a packet earlier than the line pulls the line down at once."""
        state = self._state
        lateness_s = arrival_s - self._line(state.count)
        if lateness_s < 0.0:
            state.line_s += lateness_s
        for points, width_s in ((state.seconds, 1.0), (state.tenths, 0.1)):
            slot = math.floor(arrival_s / width_s)
            if not points or points[-1][0] != slot:
                points.append((slot, state.count, arrival_s))
            elif lateness_s < points[-1][2] - self._line(points[-1][1]):
                points[-1] = (slot, state.count, arrival_s)

    def _line(self, count: int) -> float:
        return self._state.line_s + count * self._state.period_s

    def _close_slots(self, arrival_s: float) -> int:
        """Work due when arrivals enter a new second or tenth: fit, then look for losses. Returns samples lost."""
        state, params = self._state, self._params
        if state.seconds and math.floor(arrival_s) != state.seconds[-1][0]:
            oldest = math.floor(arrival_s - params.window_s)
            while state.seconds and state.seconds[0][0] < oldest:
                state.seconds.popleft()
            if state.seconds:
                self._fit()
            lost = self._small_loss(arrival_s)
            if lost:
                return lost
        if state.tenths and math.floor(arrival_s / 0.1) != state.tenths[-1][0]:
            oldest = math.floor((arrival_s - 1.0) / 0.1)
            while state.tenths and state.tenths[0][0] < oldest:
                state.tenths.popleft()
            return self._large_loss(arrival_s)
        return 0

    def _fit(self) -> None:
        """Lay the line under the seconds' least delayed packets, and note how late such packets usually are."""
        state, params = self._state, self._params
        start_s = self._start_period_s
        points = [(float(count), arrival - count * start_s) for _, count, arrival in state.seconds]
        slope = state.period_s - start_s
        span_s = state.seconds[-1][2] - state.seconds[0][2]
        if span_s >= params.fit_after_s and len(points) > 2:
            least, most = -params.rate_tolerance / (1 + params.rate_tolerance), params.rate_tolerance
            fitted = start_s * min(max(hull_slope(points) / start_s, least), most / (1 - most))
            # A crystal does not change its mind: the rate is an average of fits, so that one odd minute cannot bend it.
            # A fit over a short span is worth next to nothing.
            weight = (span_s / params.window_s) ** 3
            state.weight = min(state.weight + weight, params.fits)
            slope += (fitted - slope) * min(weight / state.weight, 1.0)
        state.period_s = start_s + slope
        above = np.array([rest - slope * count for count, rest in points])
        state.line_s = float(above.min())
        above -= state.line_s
        small = round(params.small_s)
        if len(above) >= 4 * small:
            # The last seconds may hold the very loss that is looked for. The median is that of the seconds before them
            # only: a slope that is slightly off must not add to the size of a loss.
            earlier = above[:-small]
            state.usual_1s = self._usual(earlier[-2 * small :], earlier)
            lows = np.lib.stride_tricks.sliding_window_view(earlier, small).min(axis=1)
            state.usual_small = self._usual(lows[-small:], lows)

    def _usual(self, recent: Floats, all_: Floats) -> tuple[float, float]:
        """Median and worst lateness, s, within reason."""
        most_s = self._params.most_jitter_s
        return min(float(np.median(recent)), most_s), min(float(all_.max()), most_s)

    # ------------------------------------------------------------ losses

    def _packet_samples(self) -> int:
        """Samples of a usual packet: the median of the last ones."""
        sizes = sorted(self._state.sizes)
        return sizes[len(sizes) // 2]

    def _large_loss(self, arrival_s: float) -> int:
        """The windows of 0.3 s (after a silence) and of 1 s."""
        state, params = self._state, self._params
        packet_s = self._packet_samples() * state.period_s
        usual_s, worst_s = state.usual_1s or (0.0, params.jitter_s)
        if state.armed_s is not None:
            since_s = max(state.armed_s, arrival_s - 1.0)
            if arrival_s - since_s < params.quick_s:
                return 0
            late = self._lateness(state.tenths, max(since_s, arrival_s - params.quick_s - 0.1) - 0.1)
            if _catches_up(late, packet_s):
                return 0
            state.armed_s = None
            least = min(late, default=0.0)
            if least > worst_s + 3.0 * packet_s:
                # Rather too few: a short window is late by luck as well, and the longer ones find the rest.
                return self._skip(round((least - worst_s) / packet_s))
            return 0
        if not state.tenths or arrival_s - state.tenths[0][2] < 0.9:
            return 0
        late = self._lateness(state.tenths, arrival_s - 1.1)
        limit_s = worst_s + max(params.margin_packets * packet_s, 8.0 * usual_s)
        if min(late) > limit_s and not _catches_up(late, packet_s):
            return self._skip(max(round((min(late) - usual_s) / packet_s), 1))
        return 0

    def _small_loss(self, arrival_s: float) -> int:
        """The window of 5 s, looked at once a second."""
        state, params = self._state, self._params
        if state.usual_small is None or state.armed_s is not None:
            return 0
        packet_s = self._packet_samples() * state.period_s
        usual_s, worst_s = state.usual_small
        late = self._lateness(state.seconds, math.floor(arrival_s) - params.small_s)
        if len(late) < params.small_s or _catches_up(late, packet_s):
            return 0
        if min(late) > worst_s + max(params.margin_packets * packet_s, 2.0 * usual_s):
            return self._skip(max(round((min(late) - usual_s) / packet_s), 1))
        return 0

    def _lateness(self, points: deque[tuple[int, int, float]], since_s: float) -> list[float]:
        return [arrival - self._line(count) for _, count, arrival in points if arrival >= since_s]

    def _skip(self, packets: int) -> int:
        """Count so many packets as lost. Packets noted since then get their true number, lest they pass for usual."""
        state = self._state
        assert state.last_s is not None
        assert state.last_arrival_s is not None
        usual = self._packet_samples()
        room = (state.last_arrival_s - state.last_s) / (usual * state.period_s) - 1.0
        lost = max(min(packets, math.floor(room + 0.25)), 0) * usual
        if not lost:
            return 0
        late_s = 0.5 * lost * state.period_s
        for at in range(len(state.seconds) - 1, -1, -1):
            slot, count, arrival = state.seconds[at]
            if arrival - self._line(count) < late_s:
                break
            state.seconds[at] = (slot, count + lost, arrival)
        state.count += lost
        state.tenths.clear()
        return lost


def _catches_up(late: list[float], packet_s: float) -> bool:
    """True while lateness falls: packets were held up, not lost."""
    half = len(late) // 2
    return half > 0 and min(late[half:]) < min(late[:half]) - 0.5 * packet_s


def hull_slope(points: list[tuple[float, float]]) -> float:
    """Slope of the line below all points (x increasing) whose sum of distances to them is least."""
    hull: list[tuple[float, float]] = []
    for x, y in points:
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2:]
            if (y1 - y0) * (x - x0) < (y - y0) * (x1 - x0):
                break
            hull.pop()
        hull.append((x, y))
    middle = sum(x for x, _ in points) / len(points)
    for (x0, y0), (x1, y1) in pairwise(hull):
        if x1 >= middle:
            return (y1 - y0) / (x1 - x0)
    return 0.0


def round_t(t_s: float) -> float:
    """t_s in steps of 1e-6 s: what every time in sitwell is rounded to, at the door."""
    return round(t_s, TIME_DECIMALS)


def _ramp(first_s: float, step_s: float, n: int) -> Floats:
    return np.array([round_t(first_s + k * step_s) for k in range(n)], dtype=np.float64)


def split_at_gaps(samples: Samples, last_t_s: float | None, limit_s: float, cause: str) -> list[Samples | Gap]:
    """Cut a block wherever two successive samples are more than limit_s apart, with a Gap between the pieces.

    last_t_s : time of the sample before the block, None if there was none
    A Gap reaches from the first instant after a sample (1e-6 s later) to the next sample. No empty block comes out.
    """
    if not len(samples):
        return []
    t_s = samples.t_s
    before = np.concatenate(([t_s[0] if last_t_s is None else last_t_s], t_s[:-1]))
    out: list[Samples | Gap] = []
    begin = 0
    for cut in [*np.flatnonzero(t_s - before > limit_s).tolist(), len(samples)]:
        if cut > begin:
            out.append(samples.part(slice(begin, cut)))
        if cut < len(samples):
            out.append(Gap(round_t(float(before[cut]) + TIME_STEP_S), float(t_s[cut]), cause))
        begin = cut
    return out
