"""Whichever reader a block goes through, the numbers are the same to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.storage.importers import parsing
from monitor.storage.importers.parsing import Grid, read_fast, read_slowly, split

GRID = Grid(",", ("a", "b", "c"), (0, 2), (1,))
READERS = ["numpy", "arrow"]


@pytest.fixture(params=READERS)
def reader(request, monkeypatch):
    if request.param == "arrow":
        pytest.importorskip("pyarrow.csv")
        monkeypatch.setattr(parsing, "_ARROW_BYTES", 0)
        monkeypatch.setattr(parsing, "_with_numpy", lambda *_: None)
    else:
        monkeypatch.setattr(parsing, "arrow_csv", lambda: None)
    return request.param


def same(block, other):
    assert block.lines.tolist() == other.lines.tolist()
    assert block.numbers.tobytes() == other.numbers.tobytes()
    assert [text.tolist() for text in block.texts] == [text.tolist() for text in other.texts]


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=25, min_value=-1000, max_value=1000).map(str),
    st.tuples(st.integers(0, 10**22), st.integers(-330, 300)).map(lambda pair: f"{pair[0]}e{pair[1]}"),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(numbers, st.sampled_from(["x", "12:00", "7 up"]), numbers), min_size=1, max_size=20))
def test_numbers_round_as_pythons_do(rows):
    data = "".join(",".join(row) + "\n" for row in rows).encode()
    slow, fault = read_slowly(data, 5, GRID, None)
    if fault is None:
        assert slow.numbers.tolist() == [[float(a), float(c)] for a, _, c in rows]
    for with_one in (parsing._with_numpy, parsing._with_arrow):
        if with_one is parsing._with_arrow and parsing.arrow_csv() is None:
            continue
        found = with_one(data, ",", GRID)
        if found is not None and fault is None:
            assert found[0].tobytes() == slow.numbers.tobytes()
            assert found[1][0].tolist() == slow.texts[0].tolist()


@pytest.mark.parametrize(
    "data",
    [
        b"1,x,2\n3,y,4\n",
        b"1,x,2\r\n3,y,4\r\n",
        b"\n1,x,2\n\n \t\n3,y,4\n\n",
        b"1,,2\n3,y,4\n",
        b"-0.0,x,1e-320\n.5,y,5.\n",
    ],
)
def test_what_is_read_fast_is_what_is_read_slowly(reader, data):
    fast = read_fast(data, 3, GRID)
    assert fast is not None
    same(fast, read_slowly(data, 3, GRID, None)[0])


@pytest.mark.parametrize(
    "data",
    [
        b'"1",x,2\n',
        b"1,x\n",
        b"1,x,2,3\n",
        b"1,x,nan\n",
        b"1,x,inf\n",
        b"1,x,1e999\n",
        b"1,x,\n",
        b"1_0,x,2\n",
        b"0x1,x,2\n",
        b"1,x\0,2\n",
        b"1\r,x,2\n",
        b"1,x,2\n1,x\n1,x,2,3\n",
        b"1," + b"x" * 64 + b",2\n",
        "１,x,2\n".encode(),
        b"\xb2,x,2\n",
        b"1,x,2\n\xef\xbb\xbf1,x,2\n",
        b"\xef\xbb\xbf1,x,2\n",
    ],
)
def test_what_is_unusual_is_left_to_the_slow_reader(reader, data):
    assert read_fast(data, 0, GRID) is None


def test_runs_of_blanks_and_decimal_commas(reader):
    grid = Grid(" ", ("a", "b"), (0, 1), decimal_comma=True)
    block = read_fast(b"  1,5   2\n3\t \t4,25  \n", 0, grid)
    assert block.numbers.tolist() == [[1.5, 2.0], [3.0, 4.25]]


def test_an_empty_first_column_is_no_blank_line(reader):
    grid = Grid("\t", ("a", "b"), (1,))
    assert read_fast(b"\t1\n\t2\n", 0, grid).numbers.tolist() == [[1.0], [2.0]]


def test_missing_values_are_nan_where_that_is_allowed(tmp_path):
    grid = Grid(",", ("a", "b"), (0, 1), skip_missing=True)
    block, fault = read_slowly(b"1,\nNaN,2\n3,null\n4,5\n", 0, grid, tmp_path)
    assert fault is None
    assert np.isnan(block.numbers).sum() == 3


def test_the_rows_before_a_fault_are_kept(tmp_path):
    block, fault = read_slowly(b"1,x,2\n3,y\n5,z,6\n", 10, GRID, tmp_path / "f")
    assert block.lines.tolist() == [11]
    assert fault.line == 12


def test_quotes_are_taken_off():
    assert split('"a;b"; c ;"d"', ";") == ["a;b", "c", "d"]
    assert split(" a  b\tc ", " ") == ["a", "b", "c"]
