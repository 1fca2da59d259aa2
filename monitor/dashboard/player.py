"""What the keys of a replay need."""

from typing import Protocol


class PlayerControls(Protocol):
    """What the keys of a replay do."""

    def pause(self) -> None:
        """Pause, or go on."""
        ...

    def faster(self) -> None:
        """One step faster."""
        ...

    def slower(self) -> None:
        """One step slower."""
        ...
