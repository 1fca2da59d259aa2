"""Faulty lines: what they do to bytes, and that no byte goes missing unasked."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.virtual.twins.faults import Faults, FaultyLine

PAYLOAD = bytes(range(80))


def sent(faults: Faults, payload: bytes = PAYLOAD, limit: int = 244) -> list[bytes]:
    return [part.payload for part in FaultyLine(faults, seed=3).parts(payload, limit)]


def test_healthy_line_passes_all_through():
    assert sent(Faults()) == [PAYLOAD]


def test_split():
    assert sent(Faults(split_at_bytes=27)) == [PAYLOAD[:27], PAYLOAD[27:]]
    assert sent(Faults(split_at_bytes=80)) == [PAYLOAD]


def test_garbage_is_random_but_repeatable():
    (dirty,) = sent(Faults(garbage_prefix_bytes=7))
    assert dirty[7:] == PAYLOAD
    assert sent(Faults(garbage_prefix_bytes=7)) == [dirty]
    noise, clean = sent(Faults(garbage_bytes=13))
    assert (len(noise), clean) == (13, PAYLOAD)


def test_duplicate():
    assert sent(Faults(duplicate=True)) == [PAYLOAD, PAYLOAD]


def test_every_nth():
    line = FaultyLine(Faults(duplicate=True, every=3), seed=0)
    assert [len(line.parts(PAYLOAD, 244)) for _ in range(6)] == [1, 1, 2, 1, 1, 2]


@given(
    st.binary(min_size=1, max_size=300),
    st.integers(20, 244),
    st.integers(0, 300),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_parts_fit_and_together_are_the_payload(payload, limit, split, prefix, noise):
    faults = Faults(split_at_bytes=split, garbage_prefix_bytes=prefix, garbage_bytes=noise)
    parts = FaultyLine(faults, seed=0).parts(payload, limit)
    assert all(0 < len(part.payload) <= limit for part in parts)
    assert b"".join(part.payload[len(part.payload) - (part.end - part.start) :] for part in parts) == payload
    assert sum(part.end - part.start for part in parts) == len(payload)
    assert sum(len(part.payload) for part in parts) == len(payload) + prefix + noise
