"""A server's log is one document a line, and people can read it."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from plait_core.errors.stores import StoreUnavailable
from plait_server.journal import log_as_json, readable


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged while a test runs; the loggers are as before afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:], _ = before
    root.setLevel(before[1])


def test_record_is_one_document(written: io.StringIO) -> None:
    """With its time in UTC, and what it was given as extra."""
    logging.getLogger("plait.engine").info("took over %s", "f1", extra={"owner": "me"})

    document = json.loads(written.getvalue())

    assert document.pop("time").endswith("+00:00")
    assert document == {"level": "info", "logger": "plait.engine", "message": "took over f1", "owner": "me"}


def test_traceback_is_inside_the_document(written: io.StringIO) -> None:
    """So that a line is a whole record, with the remedy of an error of ours."""
    try:
        raise StoreUnavailable(url="sqlite:///x", detail="locked")
    except StoreUnavailable:
        logging.getLogger("plait").exception("failed")

    (line,) = written.getvalue().splitlines()
    document = json.loads(line)

    assert document["error"] == "StoreUnavailable"
    assert document["remedy"] == "check that the database can be reached, then try again"
    assert document["traceback"].startswith("Traceback (most recent call last):\n")
    assert "locked" in document["traceback"]


def test_warnings_are_logged(written: io.StringIO) -> None:
    """A library that warns does not break the form of the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert "DeprecationWarning: old" in json.loads(written.getvalue())["message"]


def test_what_is_no_json_is_written_as_text(written: io.StringIO) -> None:
    """A field may be anything."""
    logging.getLogger("plait").info("x", extra={"path": {1}})

    assert json.loads(written.getvalue())["path"] == "{1}"


def test_terminal_is_shown_text() -> None:
    """Rendered from the same document."""
    line = json.dumps(
        {
            "time": "2026-01-02T03:04:05.678+00:00",
            "level": "error",
            "logger": "plait",
            "message": "failed",
            "request": "r1",
            "principal": "",
            "traceback": "Traceback …",
        }
    )

    assert readable(line) == "2026-01-02T03:04:05.678+00:00 error   failed request=r1\nTraceback …"


@pytest.mark.parametrize("line", ["Fatal Python error: Aborted\n", "[1]\n", "{}\n", '"text"\n'])
def test_what_is_no_record_stays_as_it_is(line: str) -> None:
    """What a process prints as it dies is worth reading."""
    assert readable(line) == line.rstrip("\n")
