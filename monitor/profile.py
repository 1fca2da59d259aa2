"""Every parameter of the computation, in one place."""

from dataclasses import dataclass, field, replace

from monitor.signal.alignment import Alignment
from monitor.signal.autoalign import AutoAlignParams
from monitor.signal.calibration import Calibration
from monitor.signal.epochs import EpochParams
from monitor.signal.gait import GaitParams
from monitor.signal.orientation import OrientationParams
from monitor.signal.reference import ReferenceParams
from monitor.states.bouts import BoutParams
from monitor.states.posture import PostureParams
from monitor.states.restless import RestlessParams
from monitor.states.rules import AlertSettings
from monitor.states.transitions import TransitionParams
from monitor.states.wear import WearParams


@dataclass(frozen=True, slots=True)
class Profile:
    """Every parameter of the computation.

    anterior_axis : the sensor axis that points forward, a key of alignment.AXES
    alignment     : how the sensor sits, from a guided alignment; it goes before anterior_axis
    calibration   : the accelerometer's own errors
    settled       : the prompts are these throughout: changes that the stream tells of are passed over
    prompts       : rules, bands, budget, quiet times and profiles; [[alert]], [band], [budget], … in a profile.toml
    """

    anterior_axis: str = "-z"
    alignment: Alignment | None = None
    calibration: Calibration = field(default_factory=Calibration)
    orientation: OrientationParams = field(default_factory=OrientationParams)
    epochs: EpochParams = field(default_factory=EpochParams)
    gait: GaitParams = field(default_factory=GaitParams)
    reference: ReferenceParams = field(default_factory=ReferenceParams)
    autoalign: AutoAlignParams = field(default_factory=AutoAlignParams)
    posture: PostureParams = field(default_factory=PostureParams)
    wear: WearParams = field(default_factory=WearParams)
    transitions: TransitionParams = field(default_factory=TransitionParams)
    bouts: BoutParams = field(default_factory=BoutParams)
    restless: RestlessParams = field(default_factory=RestlessParams)
    prompts: AlertSettings = field(default_factory=AlertSettings)
    settled: bool = False


def with_styles(profile: Profile) -> Profile:
    """The profile with the sitting styles of its guided alignment as the posture model's angles, if it names none."""
    if profile.posture.sitting_styles_deg or profile.alignment is None:
        return profile
    styles = tuple(abs(tilt) for tilt in profile.alignment.sitting_styles_deg if tilt)  # a style at the zero is none
    return replace(profile, posture=replace(profile.posture, sitting_styles_deg=styles))
