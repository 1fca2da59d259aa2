"""sitwell: how you sit, from one Bluetooth IMU at the lower back. docs/concepts.md explains frames, units and words."""

__version__ = "0.1.0"
