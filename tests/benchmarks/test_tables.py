"""Tables as text and as Markdown."""


def test_columns_line_up_in_the_terminal(tables):
    table = tables.Table("Title", ("way", "figure"), [("a", "1"), ("longer", "100.5")], "Note.")
    lines = table.text().splitlines()
    assert lines[0] == "Title"
    assert lines[-1] == "Note."
    assert len({len(line) for line in lines[1:-1]}) == 1
    assert lines[4] == "a            1"


def test_markdown_has_one_row_a_line(tables):
    table = tables.Table("Title", ("way", "figure"), [("a", "1")], "Note.")
    assert table.markdown() == "### Title\n\n| way | figure |\n|---|---:|\n| a | 1 |\n\nNote."


def test_figures_and_verdicts(tables):
    assert tables.number(0.12345) == "0.123"
    assert tables.number(float("nan")) == "–"
    assert (tables.verdict(2.0, 2.0), tables.verdict(2.1, 2.0)) == ("met", "missed")


def test_the_machine_is_named_without_any_path(tables):
    assert "numpy" in tables.machine()
    assert "/" not in tables.machine()
