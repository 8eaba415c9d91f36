"""
PostgreSQL's failures as plait's errors, in one table.

Called by ``plait_sql.postgres`` only. Failures have the server's code (SQLSTATE, listed in appendix A of its manual); a code that
is not in the table falls back on its first two characters. A server that turns a client away says so in words only.
"""

from collections.abc import Callable

from plait_core.errors import PlaitError
from plait_core.errors.stores import StoreCorrupt, StoreReadOnly, StoreRefused, StoreUnavailable

_TURNED_AWAY = (
    "authentication failed",
    "no pg_hba.conf entry",
    "does not exist",
    "permission denied",
    "no password",
    "no URL",
)
_GETTING_READY = (
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting",
    "closed the connection",
    "terminating",
)
_NO_ROOM = ("too many", "connection slots are reserved")
_AGAIN = frozenset({"40001", "40P01", "23503"})
"""What passes when a transaction that met another one is run again: the last, when that one deleted what this one refers to."""


def translate(sqlstate: str, detail: str, *, url: str) -> PlaitError | None:
    """Return the error for a failure, or ``None`` for one that only a bug of plait_sql can cause."""
    if not sqlstate:
        if any(words in detail for words in _TURNED_AWAY):
            return _refused(url, detail)
        return (_CROWDED if any(words in detail for words in _NO_ROOM) else _GONE)(url, detail)
    make = _TABLE.get(sqlstate) or _TABLE.get(sqlstate[:2])
    return make(url, detail) if make else None


def is_passing(sqlstate: str, detail: str, *, is_lost: bool) -> bool:
    """Say whether the same may succeed in a moment, on this link or on another one."""
    error = translate(sqlstate, detail, url="")
    return sqlstate in _AGAIN or (is_lost and isinstance(error, StoreUnavailable))


def is_getting_ready(detail: str) -> bool:
    """Say whether a server that is there turned a client away only because it starts, stops or recovers."""
    return any(words in detail for words in _GETTING_READY)


def _unavailable(hint: str) -> Callable[[str, str], PlaitError]:
    return lambda url, detail: StoreUnavailable(url=url, detail=detail, hint=hint)


def _corrupt(url: str, detail: str) -> PlaitError:
    return StoreCorrupt(url=url, detail=detail)


def _read_only(url: str, detail: str) -> PlaitError:
    hint = "name a server that takes writes, and grant the user all rights on plait's tables"
    return StoreReadOnly(url=url, detail=detail, hint=hint)


def _refused(url: str, detail: str) -> PlaitError:
    return StoreRefused(url=url, detail=detail)


_GONE = _unavailable(
    "check that the server runs and can be reached, then try again; what was recorded before is intact"
)
_CROWDED = _unavailable("raise max_connections of the server, or lower n_connections in [plugins.sql]")
_TABLE: dict[str, Callable[[str, str], PlaitError]] = {
    "08": _GONE,  # connection exceptions
    "25006": _read_only,  # a standby, or default_transaction_read_only
    "25P03": _GONE,  # idle_in_transaction_session_timeout
    "25P04": _GONE,  # transaction_timeout
    "28": _refused,  # invalid authorization
    "3D": _refused,  # no such database
    "3F": _refused,  # no such schema
    "40": _unavailable("try again: other processes were writing the same things"),
    "42501": _read_only,  # insufficient privilege
    "53": _unavailable("give the server what it lacks, then try again; what was recorded before is intact"),
    "53100": _unavailable("free space on the server's disk, then try again; what was recorded before is intact"),
    "53300": _CROWDED,
    "55P03": _unavailable("another process is writing to it; end that process, or wait for it and try again"),
    "57": _GONE,  # the server shuts down, starts, or was told to end this connection
    "57014": _unavailable("raise the server's statement_timeout for this user if that happens often, then try again"),
    "58": _unavailable("look at the state of the server's disk, then try again; what was recorded before is intact"),
    "XX001": _corrupt,
    "XX002": _corrupt,
}
