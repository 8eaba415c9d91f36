"""
Links: single connections to PostgreSQL. The only module that imports psycopg.

Called by ``plait_sql.postgres``, in threads that may block. Statements that return nothing are sent without waiting for their
answers (libpq's pipeline mode), so that a turn of the engine costs two exchanges with the server, however many statements
it has. Any failure of psycopg leaves this module as a ``LinkFailure``, but for values that the server cannot hold: these are ``NotStorable``.
"""

import select
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper

from plait_core.errors.stores import NotStorable
from plait_sql.connections import Row, Work

T = TypeVar("T")

READ, WRITE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN"
CHANNEL = "plait"
_DEFAULTS: Mapping[str, Any] = {
    "application_name": "plait",
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""What the URL may say otherwise. A host that is gone without a word is missed within half a minute; the system alone would take hours."""
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint"


class LinkFailure(Exception):
    """
    What psycopg raised.

    ``sqlstate`` is the server's code, empty when it did not answer. ``is_lost`` says that the link is of no more use. When
    COMMIT was sent and not answered, ``in_doubt`` is the transaction's number and ``result`` what its work returned.
    """

    def __init__(self, error: psycopg.Error, *, is_lost: bool, in_doubt: str = "", result: Any = None) -> None:
        super().__init__(str(error).strip())
        self.sqlstate = error.sqlstate or ""
        self.is_lost = is_lost
        self.in_doubt = in_doubt if is_lost else ""
        self.result = result


class Link:
    """``Transaction`` on one connection, which serves one thread at a time. *origin* marks what it announces."""

    def __init__(
        self, url: str, *, settings: Mapping[str, str], origin: str, now_ns: Callable[[], int] | None = None
    ) -> None:
        """Connect, and put *settings* of the server in force. *now_ns* stands in for its clock in tests."""
        self._origin = origin
        self._now_ns = now_ns
        try:
            self._handle = _connected(url)
            for name, value in settings.items():
                self._handle.execute("SELECT set_config(%s, %s, false)", (name, value))
        except psycopg.Error as error:
            raise LinkFailure(error, is_lost=True) from error

    def within(self, begin: str, work: Work[T]) -> T:
        """Run *work* in a transaction that begins with *begin*, and commit it. Raises ``LinkFailure``."""
        in_doubt, result = "", None
        try:
            with self._handle.pipeline() as self._pipeline:
                self._send(begin)
                own_id = self._send("SELECT pg_current_xact_id()::text") if begin == WRITE else None
                result = work(self)
                if own_id is not None:
                    (in_doubt,) = own_id.fetchone() or ("",)
                self._send("COMMIT")
            return result
        except psycopg.Error as error:
            self._undo()
            if isinstance(error, psycopg.DataError):  # found by the client or by the server
                raise _not_storable(error) from error
            failure = LinkFailure(error, is_lost=self.is_lost, in_doubt=in_doubt, result=result)
            if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                self.close()  # another one may lead to a server that has taken over, or to this one when it takes writes again
            raise failure from error
        except (UnicodeEncodeError, OverflowError) as error:
            self._undo()
            raise _not_storable(error) from error
        except BaseException:
            self._undo()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether it is of no more use."""
        return self._handle.closed

    def _undo(self) -> None:
        with suppress(psycopg.Error):  # then the link is lost, and the server undoes by itself
            if self._handle.info.transaction_status != TransactionStatus.IDLE:
                self._handle.execute("ROLLBACK")

    def _send(self, statement: str, parameters: Sequence[Any] = ()) -> psycopg.Cursor[Row]:
        return self._handle.execute(_spoken(statement), parameters, binary=True)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        cursor = self._send(statement, parameters)
        self._pipeline.sync()
        return cursor.rowcount

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self._handle.cursor().executemany(_spoken(statement), rows)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._send(statement, parameters).fetchall()

    def query_one(self, statement: str, parameters: Sequence[Any] = ()) -> Row | None:
        return self._send(statement, parameters).fetchone()

    def now_ns(self) -> int:
        if self._now_ns is not None:
            return self._now_ns()
        ((now_ns,),) = self.query(_NOW)
        return int(now_ns)

    def lock(self, subject: str) -> None:
        self._send("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (subject,))

    def announce(self, subject: str) -> None:
        self._send(f"SELECT pg_notify('{CHANNEL}', ?)", (f"{self._origin} {subject}",))

    def announcements(self, stop: socket.socket) -> Iterator[str]:
        """Yield what others announce, until *stop* can be read. Raises ``LinkFailure``."""
        with _failures(self._handle):
            self._handle.execute(f"LISTEN {CHANNEL}")
        while stop.fileno() not in select.select([self._handle.fileno(), stop.fileno()], [], [])[0]:
            with _failures(self._handle):
                self._handle.pgconn.consume_input()
                heard = list(iter(self._handle.pgconn.notifies, None))
            for notice in heard:
                origin, _, subject = notice.extra.decode().partition(" ")
                if origin != self._origin:
                    yield subject

    def close(self) -> None:
        """Disconnect."""
        self._handle.close()


def _connected(url: str) -> psycopg.Connection[Row]:
    handle = psycopg.connect(_conninfo(url), autocommit=True, prepare_threshold=1)
    for kind in (int, bool):  # as one type whatever their size, so that a statement is prepared once
        handle.adapters.register_dumper(kind, Int8Dumper)
    return handle


def _conninfo(url: str) -> str:
    try:
        return make_conninfo(**{**_DEFAULTS, **conninfo_to_dict(url)}, client_encoding="utf8")
    except psycopg.ProgrammingError:  # whose text may quote the password
        raise psycopg.OperationalError("this is no URL of PostgreSQL") from None


def _not_storable(error: Exception) -> NotStorable:
    return NotStorable(kind="text or number", detail=str(error))


@contextmanager
def _failures(handle: psycopg.Connection[Row]) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise LinkFailure(error, is_lost=handle.closed) from error


@lru_cache(maxsize=512)
def _spoken(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()
