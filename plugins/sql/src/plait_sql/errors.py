"""
SQLite's failures as plait's errors, in one table.

Called by ``plait_sql.sqlite`` only, with the name SQLite gives a failure (``SQLITE_FULL``). Extended names fall back on their
first two words: ``SQLITE_IOERR_WRITE`` is an ``SQLITE_IOERR``.
"""

from collections.abc import Callable

from plait_core.errors import PlaitError
from plait_core.errors.stores import StoreCorrupt, StoreReadOnly, StoreUnavailable

LOCKED = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED"})
"""What passes once another process has finished writing."""


def translate(name: str, detail: str, *, url: str) -> PlaitError | None:
    """Return the error for a failure, or ``None`` for one that only a bug of plait_sql can cause."""
    make = _TABLE.get(family(name))
    return make(url, detail) if make else None


def family(name: str) -> str:
    """Return the first two words of an extended name."""
    return "_".join(name.split("_")[:2])


def _unavailable(hint: str) -> Callable[[str, str], PlaitError]:
    return lambda url, detail: StoreUnavailable(url=url, detail=detail, hint=hint)


def _corrupt(url: str, detail: str) -> PlaitError:
    return StoreCorrupt(url=url, detail=detail)


def _read_only(url: str, detail: str) -> PlaitError:
    return StoreReadOnly(url=url, detail=detail)


_BUSY = _unavailable("another process is writing to it; end that process, or wait for it and try again")
_TABLE: dict[str, Callable[[str, str], PlaitError]] = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_FULL": _unavailable("free space on its disk, then try again; what was recorded before is intact"),
    "SQLITE_IOERR": _unavailable("look at the state of its disk, then try again; what was recorded before is intact"),
    "SQLITE_NOMEM": _unavailable("free memory, then try again"),
    "SQLITE_CORRUPT": _corrupt,
    "SQLITE_NOTADB": _corrupt,
    "SQLITE_READONLY": _read_only,
    "SQLITE_PERM": _read_only,
    "SQLITE_CANTOPEN": _read_only,
}
