"""What the keys and the bar of a replay need."""

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

    def seek(self, position_s: float) -> None:
        """Go to this position, s from the start; held within the recording."""
        ...

    def skip(self, seconds: float) -> None:
        """Go ahead by so much, or back where it is negative."""
        ...

    def next_bout(self, step: int) -> str:
        """Go to the next change of posture (1) or the one before (-1); '' or a sentence why that cannot be."""
        ...

    def next_alert(self, step: int) -> str:
        """Go to the next alert (1) or the one before (-1); '' or a sentence why that cannot be."""
        ...
