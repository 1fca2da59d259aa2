"""The twins by name. Importing this loads bumble."""

from monitor.virtual.twins.witmotion import WitMotionTwin

TWINS: dict[str, type[WitMotionTwin]] = {"witmotion": WitMotionTwin}
