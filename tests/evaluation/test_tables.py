"""Tables as text and as Markdown."""

from monitor.evaluation.tables import Table, interval, number, percent


def test_columns_line_up_in_the_terminal():
    table = Table("Title", ("way", "figure"), [("a", "1"), ("longer", "100.5")], "Note.")
    lines = table.text().splitlines()
    assert lines[0] == "Title"
    assert lines[-1] == "Note."
    assert len({len(line) for line in lines[1:-1]}) == 1
    assert lines[4] == "a            1"


def test_a_long_note_is_wrapped_in_the_terminal_only():
    table = Table("Title", ("way", "figure"), [("a", "1")], "word " * 100)
    assert max(map(len, table.text().splitlines())) <= 80
    assert ("word " * 100) in table.markdown()


def test_markdown_has_one_row_a_line():
    table = Table("Title", ("way", "figure"), [("a", "1")], "Note.")
    assert table.markdown() == "### Title\n\n| way | figure |\n|---|---:|\n| a | 1 |\n\nNote."


def test_figures_that_are_not_there_are_dashes():
    nan = float("nan")
    assert (number(0.12345), number(nan)) == ("0.123", "–")
    assert (percent(0.1234), percent(nan)) == ("12.3 %", "–")
    assert interval({"low": 0.25, "high": nan}, 2) == "0.25––"
