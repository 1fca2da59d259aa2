"""What a twin's notifications suffer on demand: cut, dirty, doubled, silent."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """Set any of these while the twin runs; the defaults are a healthy sensor.

    silence              : connected, but no data at all
    split_at_bytes       : cut a notification in two after so many bytes; may cut a sample
    garbage_prefix_bytes : so many random bytes in front of a notification
    garbage_bytes        : a notification of so many random bytes before a good one
    duplicate            : a notification twice
    reorder              : a notification after the one that follows it; every = 1 swaps them in pairs
    drop                 : a notification is never sent, and its samples count as taken
    every                : all but silence befall each n-th notification, 1 = all of them
    """

    silence: bool = False
    split_at_bytes: int = 0
    garbage_prefix_bytes: int = 0
    garbage_bytes: int = 0
    duplicate: bool = False
    reorder: bool = False
    drop: bool = False
    every: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what goes out: the bytes, and which of them (from `start`) of the healthy payload it carries."""

    payload: bytes
    start: int
    end: int


class FaultyLine:
    """Applies Faults to one notification after the other; its chance is seeded."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self._chance = random.Random(seed)
        self._count = 0

    def parts(self, payload: bytes, limit_bytes: int) -> list[Part]:
        """One healthy payload -> what is really notified, in order, each at most limit_bytes long."""
        faults = self.faults
        self._count += 1
        whole = Part(payload, 0, len(payload))
        if self._count % max(faults.every, 1):
            return _cut(whole, limit_bytes)
        parts = [whole]
        if 0 < faults.split_at_bytes < len(payload):
            cut = faults.split_at_bytes
            parts = [Part(payload[:cut], 0, cut), Part(payload[cut:], cut, len(payload))]
        if faults.garbage_prefix_bytes > 0:
            first = parts[0]
            parts[0] = Part(self._chance.randbytes(faults.garbage_prefix_bytes) + first.payload, first.start, first.end)
        if faults.garbage_bytes > 0:
            parts.insert(0, Part(self._chance.randbytes(faults.garbage_bytes), 0, 0))
        if faults.duplicate:
            parts = [part for part in parts for _ in range(2)]
        return [piece for part in parts for piece in _cut(part, limit_bytes)]


def _cut(part: Part, limit_bytes: int) -> list[Part]:
    """The part in pieces that fit a notification; what is garbage in front belongs to the first."""
    if len(part.payload) <= limit_bytes:
        return [part]
    garbage = len(part.payload) - (part.end - part.start)
    pieces: list[Part] = []
    for at in range(0, len(part.payload), limit_bytes):
        piece = part.payload[at : at + limit_bytes]
        start = part.start + max(at - garbage, 0)
        pieces.append(Part(piece, start, part.start + max(at + len(piece) - garbage, 0)))
    return pieces
