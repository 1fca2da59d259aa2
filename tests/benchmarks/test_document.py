"""What stands at the head of a generated document."""


def test_verdicts(load):
    document = load("document")
    assert (document.verdict(2.0, 2.0), document.verdict(2.1, 2.0)) == ("met", "missed")


def test_the_machine_is_named_without_any_path(load):
    document = load("document")
    assert "numpy" in document.machine()
    assert "/" not in document.machine()
