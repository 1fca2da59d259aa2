"""Prompts: rules over three running measures, with hysteresis, hold and repeat on each.

idle -> counting  when the measure reaches the limit; counting -> raised after hold_s at or above it;
raised -> idle    when the measure has been at or below `clear` for hold_s, or the wearer dismisses or snoozes it;
raised again      after repeat_s while the limit is still exceeded. Nothing is raised while walking, lying, not worn
or unknown, and none of the two clocks asks one who has already changed between sitting and standing.

Prompts have a budget, for people switch off what asks too often: so many in any hour, and never two close together. Of
several that are due, the one farthest beyond its limit comes; the others wait, and are dropped if what they ask about
is over by then. So after a snooze there is one prompt to catch up, not a burst.

Exposure is accumulated, not instant (fewer cues and less bad posture: JEMS lab trial in the facts, section 4.6):
degrees beyond the wearer's own band are summed a second at a time, and leak away while within it. The band is
centred on the wearer's usual tilt, tracked slowly apart for sitting and standing, because the pelvis rolls back some
18 degrees on sitting (Endo 2012).
"""

import math
from collections import deque
from dataclasses import dataclass, field

from monitor.stream import AlertCleared, AlertRaised, Epoch, Event, Posture, Wearer

MEASURES = {"tilt_exposure_deg_s": "deg·s", "sitting_s": "s", "standing_s": "s"}
HOUR_S = 3600.0
ABSENT = (Posture.NO_DATA, Posture.NOT_WORN)
BANDED = (Posture.SITTING, Posture.STANDING)
ASKED_IN = {"tilt_exposure_deg_s": BANDED, "sitting_s": (Posture.SITTING,), "standing_s": (Posture.STANDING,)}


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule. measure: a key of MEASURES, which gives the unit of `limit` and `clear`; all times in s."""

    name: str
    measure: str
    limit: float
    clear: float
    hold_s: float
    repeat_s: float
    message: str


@dataclass(frozen=True, slots=True)
class BandParams:
    """The wearer's own band.

    usual_*: where the slow tracking starts, deg against the zero; step_deg_s: how fast it follows.
    """

    half_width_deg: float = 10.0
    usual_sitting_deg: float = -15.0
    usual_standing_deg: float = 0.0
    step_deg_s: float = 0.003
    leak_deg_s: float = 10.0


@dataclass(frozen=True, slots=True)
class BudgetParams:
    """most_per_hour: prompts in any hour, repeats counted; apart_s: from one prompt to the next, at least."""

    most_per_hour: int = 4
    apart_s: float = 120.0


@dataclass(slots=True)
class _RuleState:
    raised: bool = False
    over_s: float = 0.0  # seconds at or beyond the limit in one go
    under_s: float = 0.0  # seconds at or below `clear` in one go
    blank_s: float = 0.0  # seconds without data or not worn in one go
    quiet_until_s: float = -1.0


@dataclass(slots=True)
class Alerts:
    """Feeds on confirmed epochs and on what the wearer does."""

    rules: tuple[AlertRule, ...]
    band: BandParams
    budget: BudgetParams = BudgetParams()
    exposure_deg_s: float = 0.0
    beyond_s: float = 0.0  # seconds beyond the band in this build-up
    snoozed_until_s: float = -1.0
    usual_deg: dict[Posture, float] = field(default_factory=dict[Posture, float])
    _states: dict[str, _RuleState] = field(default_factory=dict[str, _RuleState])
    _exposure_cap_deg_s: float = 0.0
    _asked_s: deque[float] = field(default_factory=deque[float])  # when prompts came in the last hour
    _next_s: float = -math.inf  # no prompt before

    def __post_init__(self) -> None:
        self.usual_deg = {
            Posture.SITTING: self.band.usual_sitting_deg,
            Posture.STANDING: self.band.usual_standing_deg,
        }
        self._states = {rule.name: _RuleState() for rule in self.rules}
        # No more than any rule asks for is kept, so that an hour's slump is forgiven as soon as a minute's.
        limits = [rule.limit for rule in self.rules if rule.measure == "tilt_exposure_deg_s"]
        self._exposure_cap_deg_s = max(limits, default=0.0)

    def band_deg(self, posture: Posture) -> tuple[float, float]:
        """(low, high) tilt of the wearer's band in this posture; that of standing where it has none of its own."""
        middle = self.usual_deg.get(posture, self.usual_deg[Posture.STANDING])
        return middle - self.band.half_width_deg, middle + self.band.half_width_deg

    def push(self, epoch: Epoch, sitting_s: float, standing_s: float, *, tilt_good: bool = True) -> list[Event]:
        """Take one confirmed second with the two clocks after it. tilt_good: False while the zero is in doubt."""
        if tilt_good:
            self._expose(epoch)
        else:
            self.exposure_deg_s = self.beyond_s = 0.0
        values = {"tilt_exposure_deg_s": self.exposure_deg_s, "sitting_s": sitting_s, "standing_s": standing_s}
        now = epoch.t_s + 1.0
        events: list[Event] = []
        due: list[AlertRule] = []
        for rule in self.rules:
            state, value = self._states[rule.name], values[rule.measure]
            state.over_s = state.over_s + 1.0 if value >= rule.limit else 0.0
            state.under_s = state.under_s + 1.0 if value <= rule.clear else 0.0
            state.blank_s = state.blank_s + 1.0 if epoch.posture in ABSENT else 0.0
            if state.raised and state.blank_s >= rule.hold_s:
                state.raised = False
                events.append(AlertCleared(now, rule.name, "no data"))
            if state.raised and state.under_s >= rule.hold_s:
                state.raised = False
                events.append(AlertCleared(now, rule.name, "recovered"))
            over = state.over_s >= rule.hold_s and now >= max(state.quiet_until_s, self.snoozed_until_s)
            if over and epoch.posture in ASKED_IN[rule.measure]:
                due.append(rule)
        if due and self._may_ask(now):
            rule = max(due, key=lambda each: values[each.measure] / each.limit)
            state = self._states[rule.name]
            state.raised = True
            state.quiet_until_s = now + rule.repeat_s
            self._asked_s.append(now)
            self._next_s = now + self.budget.apart_s
            events.append(self._raise(rule, now, values[rule.measure], epoch))
        return events

    def _may_ask(self, now: float) -> bool:
        while self._asked_s and self._asked_s[0] <= now - HOUR_S:
            self._asked_s.popleft()
        return now >= self._next_s and len(self._asked_s) < self.budget.most_per_hour

    def act(self, wearer: Wearer) -> list[Event]:
        """The wearer snoozed all prompts, or dismissed those on screen."""
        if wearer.action == "snooze":
            self.snoozed_until_s = self._next_s = wearer.t_s + wearer.seconds  # asked for: it comes back then
        events: list[Event] = []
        for rule in self.rules:
            state = self._states[rule.name]
            if not state.raised:
                continue
            state.raised = False
            cause = "snoozed" if wearer.action == "snooze" else "dismissed"
            if wearer.action == "snooze":
                state.quiet_until_s = self.snoozed_until_s
            events.append(AlertCleared(wearer.t_s, rule.name, cause))
        return events

    def _expose(self, epoch: Epoch) -> None:
        """Sum degrees beyond the band; follow the usual tilt. Without a tilt, the exposure waits."""
        if epoch.posture not in BANDED or math.isnan(epoch.tilt_deg):
            if epoch.posture in {Posture.WALKING, Posture.LYING, Posture.NOT_WORN}:
                self.exposure_deg_s = self.beyond_s = 0.0
            return
        low, high = self.band_deg(epoch.posture)
        beyond = max(low - epoch.tilt_deg, epoch.tilt_deg - high, 0.0)
        if beyond > 0.0:
            self.exposure_deg_s = min(self.exposure_deg_s + beyond, self._exposure_cap_deg_s)
            self.beyond_s += 1.0
        else:
            self.exposure_deg_s = max(0.0, self.exposure_deg_s - self.band.leak_deg_s)
            if self.exposure_deg_s <= 0.0:
                self.beyond_s = 0.0
        if epoch.still:
            usual = self.usual_deg[epoch.posture]
            self.usual_deg[epoch.posture] = usual + self.band.step_deg_s * (1.0 if epoch.tilt_deg > usual else -1.0)

    def _raise(self, rule: AlertRule, now: float, value: float, epoch: Epoch) -> AlertRaised:
        low, high = self.band_deg(epoch.posture)
        explain: dict[str, float | str] = {
            "posture": str(epoch.posture),
            "posture_p": round(epoch.posture_p, 2),
            "over_limit_s": self._states[rule.name].over_s,
        }
        if rule.measure == "tilt_exposure_deg_s":
            explain |= {
                "tilt_deg": round(epoch.tilt_deg, 1),
                "tilt_sd_deg": round(epoch.tilt_sd_deg, 1),
                "band_low_deg": round(low, 1),
                "band_high_deg": round(high, 1),
                "beyond_band_s": self.beyond_s,
            }
        explain["setting"] = f"[[alert]] name = '{rule.name}', limit = {rule.limit:g} {MEASURES[rule.measure]}"
        return AlertRaised(now, rule.name, rule.message, value, rule.limit, MEASURES[rule.measure], explain)
