"""
The log of a server: one JSON document a line, so that machines can read it, rendered for people where people look.

Called by the daemon when it starts, and by ``plait demo logs``. Whatever a record was given as ``extra`` is a field of its
document, and a traceback is inside of it, so that a line is always a whole record.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from plait_core.errors import PlaitError

STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""What every record has; anything else came as ``extra``."""

QUIET = {"uvicorn": logging.WARNING, "asyncio": logging.WARNING, "psycopg": logging.ERROR}
"""Loggers that only have to say what is wrong; of a connection that broke, our own errors say so."""


def log_as_json(stream: TextIO | None = None) -> None:
    """Have every logger of the process write to *stream*, standard error by default; a terminal is shown readable lines."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Readable() if stream.isatty() else _Documents())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)


def readable(line: str) -> str:
    """Render one line of a log for people; what is no document stays as it is."""
    try:
        record = json.loads(line)
        text = f"{record.pop('time')} {record.pop('level'):7} {record.pop('message')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return line.rstrip("\n")
    traceback = record.pop("traceback", "")
    del record["logger"]
    fields = "".join(f" {key}={value}" for key, value in record.items() if value != "")
    return f"{text}{fields}" + (f"\n{traceback}" if traceback else "")


class _Documents(logging.Formatter):
    """Makes a document of each record."""

    def format(self, record: logging.LogRecord) -> str:
        document = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{key: value for key, value in vars(record).items() if key not in STANDARD},
        }
        if record.exc_info and record.exc_info[1]:
            document |= self._failure(record)
        return json.dumps(document, default=str)

    def _failure(self, record: logging.LogRecord) -> dict[str, str]:
        assert record.exc_info
        error = record.exc_info[1]
        remedy = {"remedy": error.remedy} if isinstance(error, PlaitError) else {}
        return {"error": type(error).__name__, **remedy, "traceback": self.formatException(record.exc_info)}


class _Readable(_Documents):
    """Renders each document."""

    def format(self, record: logging.LogRecord) -> str:
        return readable(super().format(record))
