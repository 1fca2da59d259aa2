"""What a second process asks of a running session, through the session's own file: marks, snoozes, corrections.

The asker writes a row into table `requests`; the session reads it within about a second and makes it a record at that
moment, so that it is in the recording like anything the wearer does at the session's own screen.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from monitor.errors import RecordingError
from monitor.storage.codec import encode_item
from monitor.storage.schema import is_running
from monitor.stream import Mark, Wearer

Request: TypeAlias = Wearer | Mark

_WAIT_S = 5.0  # the session holds the file for milliseconds


def ask(path: Path, request: Request) -> None:
    """Put a request into the file of a running session. Raises RecordingError if none writes it any more."""
    if not is_running(path):
        raise RecordingError(f"The session of {path} has ended: nothing can be said to it any more.", path)
    kind, _, body = encode_item(request)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_WAIT_S)) as db, db:
            db.execute("INSERT INTO requests (kind, body) VALUES (?, ?)", (kind, body))
    except sqlite3.Error as error:
        raise RecordingError(f"{path} cannot be written ({error}): check its permissions and disk.", path) from error


def request_of(kind: str, body: str) -> Request | None:
    """What a row asks for, its t_s 0; None for what this version does not know."""
    try:
        said = json.loads(body)
        if kind == "wearer":
            return Wearer(0.0, str(said["action"]), float(said.get("seconds", 0.0)))
        if kind == "mark":
            return Mark(0.0, str(said["label"]), str(said.get("note", "")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return None
