"""The twins by their drivers' names. Importing this loads no bumble; `twin_class` does."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.virtual.twins.twin import Twin

TWINS: dict[str, str] = {
    "witmotion": "witmotion:WitMotionTwin",
    "metamotion": "metamotion:MetaMotionTwin",
    "movella-dot": "movella_dot:MovellaDotTwin",
    "polar-h10": "polar:PolarH10Twin",
    "polar-sense": "polar:PolarSenseTwin",
    "thingy52": "thingy52:Thingy52Twin",
    "open-imu": "open_imu:OpenImuTwin",
    "movesense": "movesense:MovesenseTwin",
    "microbit": "microbit:MicrobitTwin",
}


def twin_class(name: str) -> "type[Twin]":
    """The twin of the driver called `name`. LookupError where there is none."""
    if name not in TWINS:
        raise LookupError(f"no twin of {name!r}; there is: {', '.join(TWINS)}")
    module, kind = TWINS[name].split(":")
    return getattr(import_module(f"{__name__}.{module}"), kind)
