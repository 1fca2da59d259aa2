"""What the tests of the verbs share."""

import pytest
from commands import started


@pytest.fixture
def headless(tmp_path):
    running = []

    def start(*arguments):
        running.append(started("demo", "--headless", "--speed", "10", "--json", *arguments, home=tmp_path))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()
