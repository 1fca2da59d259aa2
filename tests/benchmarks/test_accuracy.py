"""The report on accuracy: where the data is looked for, and what the document is made of."""

from monitor.evaluation.tables import Table


def test_the_data_is_found_where_it_is_named_and_missed_where_it_is_not(load, tmp_path, monkeypatch):
    accuracy = load("accuracy")
    monkeypatch.delenv(accuracy.ENVIRONMENT, raising=False)
    assert accuracy.locate(tmp_path) is None
    (tmp_path / "broad").mkdir()
    assert accuracy.locate(tmp_path) == tmp_path.resolve()
    monkeypatch.setenv(accuracy.ENVIRONMENT, str(tmp_path))
    assert accuracy.locate(None) == tmp_path.resolve()


def test_the_document_holds_the_tables_of_the_sets_that_were_measured_and_what_was_not(load):
    accuracy = load("accuracy")
    page = accuracy.document({"voisard": [Table("Steps", ("way", "error"), [("a", "1.0")])]})
    assert "| a | 1.0 |" in page
    assert "voisard" in page
    assert "## Inclination" not in page
    assert "HARTH" in page.partition("## Not measured")[2]
