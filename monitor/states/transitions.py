"""What a movement was: getting up, sitting down, lying down or a bow, told by the height gained between two rests.

From rest to rest in a few seconds the pelvis rises (sit-to-stand), sinks (stand-to-sit) or comes back to its height. A
deep lean that comes back is a bow or a pick-up. Where movement goes on, as when one rises and walks away, only one end
rests: there a template has to explain the signal, and the trunk has to lean, as it does in every rise. Lying before
or after is told by the angle to the zero. states/movements.py finds the movements.
"""

from dataclasses import dataclass, field

import numpy as np

from monitor.signal.alignment import Vec, angle_deg, tilt_obliquity_deg
from monitor.signal.movement import RestParams
from monitor.stream import Floats, Transition


@dataclass(frozen=True, slots=True)
class TransitionParams:
    """What makes a transition; lengths in m, angles in deg, times in s.

    From rest to rest
    least_m, most_m, winding : height gained, and the most way travelled for each metre of it
    shortest_s, longest_s    : of the movement
    brief_s, *_lean_deg      : a lean that makes it one; up to brief_s less will do; half where sure_m are gained
    slow_s, upright_deg, turned_deg, slow_lean_deg : a sit-down whose height was lost: so slow, from so upright, into a
                               pose that differs by turned_deg, through a lean from both ends
    bow_deg, seen_bow_deg    : a lean from both ends that no rise has; the least lean that is told as a bow
    With one end at rest
    explained, least_template_m, most_template_m, least_gained_m, leaning_deg : what template, height and lean must show
    Lying
    reclined_deg, lying_deg  : angles to the zero beyond which one does not sit, and lies
    bed_deg                  : least change of the angle between lying and sitting
    seat_m, recline_s, surely_lying_deg : who moves by seat_m within recline_s (nobody lies down sooner) sits
                               down even beyond reclined_deg, up to surely_lying_deg
    The clip
    slip_deg, slip_acc_only_deg : a turn that is a step of the clip, with and without gyroscope
    slip_mg                  : spread of |acc| that shows the body at rest meanwhile
    """

    least_m: float = 0.12
    most_m: float = 1.0
    winding: float = 3.5
    shortest_s: float = 0.8
    longest_s: float = 6.0
    brief_s: float = 4.0
    brief_lean_deg: float = 8.0
    long_lean_deg: float = 18.0
    explained: float = 0.6
    leaning_deg: float = 22.0
    least_template_m: float = 0.18
    most_template_m: float = 0.9
    least_gained_m: float = 0.1
    bent_deg: float = 30.0
    straight: float = 0.6
    bow_deg: float = 60.0
    seen_bow_deg: float = 30.0
    reclined_deg: float = 50.0
    lying_deg: float = 65.0
    surely_lying_deg: float = 78.0
    bed_deg: float = 35.0
    seat_m: float = 0.2
    sure_m: float = 0.35
    recline_s: float = 3.3
    slip_deg: float = 5.0
    slip_acc_only_deg: float = 7.5
    slip_mg: float = 12.0
    slow_s: float = 4.0
    upright_deg: float = 15.0
    turned_deg: float = 10.0
    slow_lean_deg: float = 15.0
    rest: RestParams = field(default_factory=RestParams)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A movement that may be a transition, as measured; its name depends on the zero.

    known_k        : the second with which it became known
    before, after  : up at rest on either side, or the best there is, (3,), sensor frame
    gained_m       : height gained; moved: whether that is a change of height, and not noise
    whole          : the same from the rest before, where that in between was a mere pause
    slipped        : up turned within a tenth of a second while |acc| stayed quiet: the sensor turned, the body did not
    lean_deg       : largest angle of the trunk from both ends; leaning_deg: from the upright end
    path           : (N, 3) up on the way
    """

    known_k: int
    start_s: float
    end_s: float
    before: Floats
    after: Floats
    gained_m: float
    moved: bool
    p: float
    lean_deg: float
    leaning_deg: float
    path: Floats
    from_rest_to_rest: bool = True
    slipped: bool = False
    whole: "Found | None" = None


def named(found: Found, zero: Vec | None, p: TransitionParams, frame: Floats | None = None) -> Transition | None:
    """What the movement was, or None.

    zero  : up of the wearer's zero, sensor frame, None while there is none
    frame : sensor to body, (3, 3), where the front is known
    """
    one = _named(found, zero, p, frame)
    if one is None and found.whole and found.whole.gained_m < 0.0:
        return _named(found.whole, zero, p, frame)
    return one


def _named(found: Found, zero: Vec | None, p: TransitionParams, frame: Floats | None) -> Transition | None:
    lay, lies = _angle(found.before, zero), _angle(found.after, zero)
    most = max(lay, lies)
    if not found.from_rest_to_rest:
        return None if most > p.surely_lying_deg else _transition(_by_height(found), found, found.p)
    if frame is not None and _bends(found, frame, p):
        return (
            _transition("bow", found, min(1.0, lies / 90.0)) if lies > lay else None
        )  # coming up again is no second one
    length_s = found.end_s - found.start_s
    limit_deg = p.surely_lying_deg if length_s <= p.recline_s else p.lying_deg if found.gained_m > 0.0 else 0.0
    seat = found.moved and abs(found.gained_m) >= p.seat_m and most <= limit_deg
    if most > p.reclined_deg and not seat:
        if most <= p.lying_deg or abs(lay - lies) < p.bed_deg:
            return None  # neither seat nor bed, as a sensor in the hand; or turned over
        return _transition("lie-to-sit" if lay > lies else "sit-to-lie", found, min(1.0, abs(lay - lies) / 90.0))
    if _sat_slowly(found, lay, lies, p):
        return _transition("stand-to-sit", found, 0.6)
    if found.lean_deg > p.bow_deg or (not found.moved and found.lean_deg >= p.seen_bow_deg):
        return _transition("bow", found, min(1.0, found.lean_deg / 90.0))
    least_lean = p.brief_lean_deg if length_s <= p.brief_s else p.long_lean_deg
    if abs(found.gained_m) >= p.sure_m:
        least_lean /= 2.0
    if not found.moved or found.leaning_deg < least_lean:
        return None
    return _transition(_by_height(found), found, found.p)


def _bends(found: Found, frame: Floats, p: TransitionParams) -> bool:
    """Straight from upright to a forward lean, or back: who sits down or rises leans beyond both ends on the way."""
    turned_deg = float(angle_deg(found.before[None, :], found.after)[0])
    tilt_deg = max(float(tilt_obliquity_deg(each[None, :], frame)[0][0]) for each in (found.before, found.after))
    return (
        tilt_deg >= p.bent_deg
        and turned_deg >= p.bent_deg
        and found.lean_deg < p.straight * turned_deg
        and abs(found.gained_m) < p.sure_m
    )


def _sat_slowly(found: Found, lay: float, lies: float, p: TransitionParams) -> bool:
    """Over seconds of slow movement the height is lost in the seat's jolt: then the lean tells, and the new pose."""
    return (
        not found.moved
        and found.end_s - found.start_s >= p.slow_s
        and lay <= p.upright_deg
        and lies >= lay
        and float(angle_deg(found.before[None, :], found.after)[0]) >= p.turned_deg
        and found.lean_deg >= p.slow_lean_deg
        and found.leaning_deg >= p.leaning_deg
    )


def _angle(up: Floats, zero: Vec | None) -> float:
    """deg; 0 while there is no zero: nothing is then taken for lying."""
    return float(angle_deg(up[None, :], np.asarray(zero))[0]) if zero else 0.0


def _by_height(found: Found) -> str:
    return "sit-to-stand" if found.gained_m > 0.0 else "stand-to-sit"


def _transition(kind: str, found: Found, p: float) -> Transition:
    return Transition(kind, round(found.start_s, 2), round(max(found.end_s, found.start_s + 0.02), 2), round(p, 4))
