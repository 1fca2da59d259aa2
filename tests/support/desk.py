"""A day at a desk, told to the prompts second by second with the real clocks."""

from dataclasses import replace

from monitor.states.alerts import Alerts
from monitor.states.bouts import BoutParams, Bouts
from monitor.states.rules import AlertRule, AlertSettings, Band, BandParams, Place, QuietParams
from monitor.stream import AlertCleared, AlertDue, AlertRaised, Epoch, Posture, Started, Wearer

SIT, STAND, WALK = Posture.SITTING, Posture.STANDING, Posture.WALKING
POSTURE = AlertRule("posture", "tilt_exposure_deg_s", 900.0, 300.0, 5.0, 900.0, "Another tilt?")
SIDEWAYS = AlertRule("sideways", "sideways_exposure_deg_s", 900.0, 300.0, 5.0, 900.0, "Both hips?")
SITTING = AlertRule("sitting", "sitting_s", 1800.0, 60.0, 5.0, 900.0, "Stand up.", "Up and moving.")
STANDING = AlertRule("standing", "standing_s", 2400.0, 60.0, 5.0, 900.0, "Walk a little.", "A change.")
SHIFT = AlertRule("shift", "unshifted_s", 1200.0, 5.0, 5.0, 1200.0, "Shift.", cue="desktop")
BREAKS = AlertRule("breaks", "break_debt_s", 900.0, 600.0, 5.0, 3600.0, "A walk?", "That counted.")
RULES = (POSTURE, SITTING, STANDING)
FIXED = BandParams(Band(usual_tilt_deg=-15.0), step_deg_s=0.0)  # does not follow: -25 to -5 sitting, -10 to 10 standing
AT_ONCE = QuietParams(settle_s=0.0)


def wanted(rules=RULES, band=FIXED, **sections):
    """Settings with these rules at the desk and no other profile; sections: as in AlertSettings."""
    return AlertSettings((Place("desk", (), tuple(rules), band),), **sections)


def with_place(settings, name, hours=(), rules=None, **band):
    """The settings with one more profile, made of the desk's."""
    desk = settings.places[0]
    rules = desk.rules if rules is None else tuple(rules)
    return replace(settings, places=(*settings.places, Place(name, hours, rules, replace(desk.band, **band))))


class Desk:
    """Alerts fed a second at a time by the real clocks; events: all that came."""

    def __init__(self, settings=None, started=None):
        self.alerts, self.bouts = Alerts(settings or wanted()), Bouts(BoutParams())
        self.t_s, self.events = 0.0, []
        if started:
            self.alerts.start(started)

    def spend(self, seconds, posture=SIT, tilt_deg=-15.0, *, sideways_deg=0.0, still=True, p=0.9, placed=True):
        """What these seconds led to."""
        new = []
        if posture in {STAND, WALK}:
            self.bouts.rose(self.t_s)
        for _ in range(int(seconds)):
            steps = 2 if posture is WALK else 0
            epoch = Epoch(
                self.t_s, posture, p, tilt_deg, sideways_deg, 1.2, still, motion_mg=1.0, steps=steps, placed=placed
            )
            self.bouts.push(epoch)
            new += self.alerts.push(epoch, self.bouts.sitting_s, self.bouts.standing_s)
            self.t_s += 1.0
        return self._came(new)

    def says(self, action, seconds=0.0):
        return self._came(self.alerts.act(Wearer(self.t_s, action, seconds)))

    def chooses(self, label):
        return self._came(self.alerts.choose(self.t_s, label))

    def changes(self, settings):
        return self._came(self.alerts.change(self.t_s, settings))

    def _came(self, new):
        self.events += new
        return new


def started(at="08:00", weekday=0, **known):
    """A session that begins at this local time, in a week long after the first days."""
    hours, minutes = at.split(":")
    known.setdefault("days_worn", 100)
    return Started(0.0, int(hours) * 3600.0 + int(minutes) * 60.0, weekday, **known)


def raised(events):
    return [(e.name, e.t_s) for e in events if isinstance(e, AlertRaised)]


def due(events):
    return [(e.name, e.held, e.t_s) for e in events if isinstance(e, AlertDue)]


def cleared(events):
    return [(e.name, e.cause, e.t_s) for e in events if isinstance(e, AlertCleared)]


def only(events, kind):
    return [e for e in events if isinstance(e, kind)]
