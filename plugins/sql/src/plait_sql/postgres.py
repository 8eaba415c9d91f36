"""
PostgreSQL: the connection over a few links, each used by one thread at a time, so that no event loop ever waits for the network.

What fails in passing – a deadlock, a server that restarts – is tried again for ``lock_timeout_s``. A COMMIT whose answer was
lost is not repeated on suspicion: the server is asked what became of that transaction. Why: docs/adr/postgresql-in-threads.md
"""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TypeVar, cast
from uuid import uuid4

from plait_core.ports.urls import shown_url
from plait_sql.connections import Durability, Transaction, Work
from plait_sql.links import READ, WRITE, Link, LinkFailure
from plait_sql.listener import Listener
from plait_sql.postgres_errors import is_getting_ready, is_passing, translate
from plait_sql.settings import SqlSettings
from plait_sql.workers import Workers

T = TypeVar("T")

_SYNCHRONOUS_COMMIT = {"normal": "local", "full": "on"}
_HAS_TABLE = "SELECT 1 FROM pg_tables WHERE tablename = ? AND schemaname = ANY (current_schemas(false))"
"""Unlike ``to_regclass``, it does not remember that a table was missing before another process made it."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5
_LONGEST_SILENCE_MS = 60_000
"""After so long without a word, the server gives up on a client that froze within a transaction."""


class PostgresConnection:
    """``Connection`` to the database at *url*. *now_ns* stands in for the server's clock in tests."""

    words = MappingProxyType(
        {
            "key": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "text": 'TEXT COLLATE "C"',
            "blob": "BYTEA",
            "clustered": "",
            "once_unlocked": "FOR UPDATE OF executions",
            "unless_locked": "FOR NO KEY UPDATE OF executions SKIP LOCKED",
        }
    )

    def __init__(
        self, url: str, *, durability: Durability, settings: SqlSettings, now_ns: Callable[[], int] | None = None
    ) -> None:
        self.url = shown_url(url)
        self._patience_s = settings.lock_timeout_s
        server_settings = {
            "synchronous_commit": _SYNCHRONOUS_COMMIT[durability],
            "lock_timeout": str(max(1, int(1000 * settings.lock_timeout_s))),
            "idle_in_transaction_session_timeout": str(_LONGEST_SILENCE_MS),
        }
        self._connect = partial(Link, url, settings=server_settings, origin=uuid4().hex, now_ns=now_ns)
        self._idle: deque[Link] = deque()
        self._workers = Workers(settings.n_connections, name="plait-sql")
        self._listener: Listener | None = None

    async def open(self) -> None:
        await self._workers.do(self._try_out)

    def _try_out(self) -> None:
        """Connect, now that somebody waits: a server that is getting ready is waited for, one that is not there is not."""
        give_up_at = time.monotonic() + self._patience_s
        while True:
            try:
                self._idle.append(self._connect())
            except LinkFailure as failure:
                if not is_getting_ready(str(failure)) or time.monotonic() >= give_up_at:
                    raise self._error(failure) from failure
            else:
                return
            time.sleep(_FIRST_PAUSE_S)

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.stop()
        self._workers.stop()
        while self._idle:
            self._idle.pop().close()

    def listen(self, hear: Callable[[str], None]) -> None:
        if self._listener is None:
            self._listener = Listener(self._connect)
        self._listener.add(hear)

    async def read(self, work: Work[T]) -> T:
        return await self._call(READ, work)

    async def glance(self, work: Work[T]) -> T:
        return await self.read(work)

    async def write(self, work: Work[T], *, is_brief: bool = False) -> T:
        return await self._call(WRITE, work)

    def has_table(self, transaction: Transaction, name: str) -> bool:
        return transaction.query_one(_HAS_TABLE, (name,)) is not None

    async def _call(self, begin: str, work: Work[T]) -> T:
        return await self._workers.do(partial(self._patiently, begin, work))

    def _patiently(self, begin: str, work: Work[T]) -> T:
        """Run *work* to its end; what fails in passing is tried again after growing pauses."""
        give_up_at, pause_s = time.monotonic() + self._patience_s, _FIRST_PAUSE_S
        unanswered: LinkFailure | None = None
        while True:
            try:
                fate = self._fate(unanswered.in_doubt) if unanswered else "aborted"
                if unanswered and fate == "committed":
                    return cast("T", unanswered.result)
                if fate == "aborted":
                    return self._within(begin, work)
            except LinkFailure as failure:
                unanswered = failure if failure.in_doubt else unanswered
                if not _is_passing(failure) or time.monotonic() >= give_up_at:
                    raise self._error(failure) from failure
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _fate(self, transaction_id: str) -> str:
        """Ask what became of a transaction: ``committed``, ``aborted`` or ``in progress``."""
        row = self._within(
            READ, lambda transaction: transaction.query_one("SELECT pg_xact_status(?::xid8)", (transaction_id,))
        )
        return row[0] if row else ""

    def _within(self, begin: str, work: Work[T]) -> T:
        try:
            link = self._idle.pop()
        except IndexError:
            link = self._connect()
        try:
            return link.within(begin, work)
        finally:
            if not link.is_lost:
                self._idle.append(link)

    def _error(self, failure: LinkFailure) -> Exception:
        return translate(failure.sqlstate, str(failure), url=self.url) or failure


def _is_passing(failure: LinkFailure) -> bool:
    return is_passing(failure.sqlstate, str(failure), is_lost=failure.is_lost)
