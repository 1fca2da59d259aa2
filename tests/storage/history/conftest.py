"""A folder of recordings and the history beside it."""

import pytest
from recorded import five

from monitor.storage.history.schema import history_path, open_history


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


@pytest.fixture
def paths(folder):
    """Five sessions in the folder."""
    return five(folder)


@pytest.fixture
def db(folder):
    with open_history(history_path(folder)) as db:
        yield db
