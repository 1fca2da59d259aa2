"""States of a replayed session, kept on the way, so that a seek back need not begin at the start."""

import copy
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.pipeline import Pipeline
    from monitor.summary import Summary

CHECKPOINT_S = 600.0  # half a second of computing away, and 300 kB


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The session after the records up to number `seq`, all of which end by t_s."""

    seq: int
    t_s: float
    pipeline: "Pipeline"
    summary: "Summary"

    def state(self) -> "tuple[Pipeline, Summary]":
        """A copy to go on from; the checkpoint stays as it is."""
        return self.pipeline.copy(), copy.deepcopy(self.summary)


class Checkpoints:
    """In the order of time, at least `every_s` apart; the first is the start of the session."""

    def __init__(self, start_s: float, pipeline: "Pipeline", summary: "Summary", every_s: float = CHECKPOINT_S) -> None:
        self._every_s = every_s
        self._kept = [Checkpoint(0, start_s, pipeline.copy(), copy.deepcopy(summary))]

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, seq: int, t_s: float, pipeline: "Pipeline", summary: "Summary") -> None:
        """Keep a copy of this state if it is far enough from those kept."""
        if t_s >= self._kept[-1].t_s + self._every_s:
            self._kept.append(Checkpoint(seq, t_s, pipeline.copy(), copy.deepcopy(summary)))

    def before(self, t_s: float) -> Checkpoint:
        """The last one that holds nothing from t_s on; the start if there is none."""
        return self._kept[max(bisect_left(self._kept, t_s, key=lambda each: each.t_s) - 1, 0)]
