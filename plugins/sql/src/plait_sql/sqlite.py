"""
SQLite: the connection over Python's own ``sqlite3``, which only this module imports.

The file is in WAL mode, so readers and the writer do not wait for each other. With durability ``normal`` everything happens in
the caller's thread; with ``full`` a commit waits for the disk, in a thread of its own, together with what else is ready by then. Reads and long
writes then have a thread, too, and only glances and brief writes happen in the caller's. A lock held by another process is waited
for by asking again, so the event loop goes on. Why: docs/adr/commits-in-a-thread.md
"""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from plait_core.errors.stores import NotStorable, StoreReadOnly
from plait_sql.connections import Durability, Row, Transaction, Work
from plait_sql.errors import LOCKED, family, translate
from plait_sql.groups import Groups
from plait_sql.workers import Workers

T = TypeVar("T")

_LOCK_WAIT_MS = 5
_WAL_PAGES = 4000
"""After so many pages (16 MB) the log is merged into the file; SQLite's own 1000 would do so twenty times a second."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.002, 0.1
_NEVER_S = float("inf")
_LOOK_EVERY_S = 1.0
"""How soon it is noticed that somebody deleted or replaced the files. SQLite does not, and would go on writing where nobody looks."""


class SqliteConnection:
    """``Connection`` to one file; *path* may be ``:memory:``. *now_ns* stands in for the host's clock in tests."""

    words = MappingProxyType(
        {
            "key": "INTEGER PRIMARY KEY",
            "text": "TEXT",
            "blob": "BLOB",
            "clustered": "WITHOUT ROWID",
            "once_unlocked": "",
            "unless_locked": "",
        }
    )

    def __init__(
        self, path: str, *, durability: Durability, lock_timeout_s: float, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.url = f"sqlite:///{path}"
        self._now_ns = now_ns
        self._path = path if path == ":memory:" else os.path.abspath(path)  # noqa: PTH100  # it may be a link
        self._files: Sequence[tuple[int, int]] = ()
        """Which files are open, so that others of these names are not taken for them."""
        self._looked_at = _NEVER_S if path == ":memory:" else 0.0
        self._durability = durability
        self._lock_timeout_s = lock_timeout_s
        self._turn = threading.Lock()
        self._link: _Link | None = None
        self._reading_link: _Link | None = None
        self._glancing_link: _Link | None = None
        """Where commits wait for the disk, what is only read needs not wait for them, nor a glance for what reads much."""
        self._glances = threading.Lock()
        self._workers, self._readers = Workers(1, name="plait-sql"), Workers(1, name="plait-sql-reader")
        self._groups: Groups | None = None
        """Where commits wait for the disk, they do so together."""

    async def open(self) -> None:
        waits = self._durability == "full"
        await self._patiently(self._connect, partial(self._workers.do, self._connect) if waits else None)

    def _connect(self) -> None:
        try:
            if self._path != ":memory:":
                Path(self._path).parent.mkdir(parents=True, exist_ok=True)
                self._make_file()
        except OSError as error:
            raise StoreReadOnly(url=self.url, detail=str(error)) from error
        self._link = self._new_link()
        if self._durability == "full" and self._path != ":memory:":
            self._groups = Groups(self._workers, self._link)
            self._reading_link, self._glancing_link = self._new_link(), self._new_link()

    def _make_file(self) -> None:
        """
        Make the file if there is none; inputs and keys are its owner's alone.

        One that is there is not touched: to close any descriptor of a file ends all locks that this process has on it, those of
        another connection, too, and the next visitor would take the log for nobody's and delete it.
        """
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))

    def _new_link(self) -> "_Link":
        handle = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, cached_statements=256)
        link = _Link(handle, self._now_ns)
        try:
            link.execute(f"PRAGMA busy_timeout = {_LOCK_WAIT_MS}")
            link.execute("PRAGMA journal_mode = WAL")
            link.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
            link.execute(f"PRAGMA synchronous = {self._durability.upper()}")
            link.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            link.close()
            raise
        return link

    async def close(self) -> None:
        self._readers.stop()
        if self._groups is not None:
            self._groups.close()
        self._workers.stop()
        with self._turn, self._glances:
            for link in (self._glancing_link, self._reading_link, self._link):
                if link is not None:
                    link.close()
            self._link = self._reading_link = self._glancing_link = self._groups = None

    async def read(self, work: Work[T]) -> T:
        read = partial(self._reading, work)
        return await self._patiently(read, partial(self._readers.do, read) if self._reading_link else None)

    async def glance(self, work: Work[T]) -> T:
        return await self._patiently(partial(self._glancing, work))

    async def write(self, work: Work[T], *, is_brief: bool = False) -> T:
        together = partial(self._groups.write, work, is_brief=is_brief) if self._groups else None
        return await self._patiently(partial(self._writing, work), together)

    def has_table(self, transaction: Transaction, name: str) -> bool:
        return transaction.query_one("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)) is not None

    def listen(self, hear: Callable[[str], None]) -> None: ...

    def _reading(self, work: Work[T]) -> T:
        if self._reading_link is not None:
            return _within(self._reading_link, "BEGIN", work)
        with self._turn:
            return _within(self._link, "BEGIN", work)

    def _glancing(self, work: Work[T]) -> T:
        if self._glancing_link is None:
            return self._reading(work)
        with self._glances:
            return _within(self._glancing_link, "BEGIN", work)

    def _writing(self, work: Work[T]) -> T:
        with self._turn:
            return _within(self._link, "BEGIN IMMEDIATE", work)

    async def _patiently(self, act: Callable[[], T], act_aside: Callable[[], Awaitable[T]] | None = None) -> T:
        """Act here or, where there is a way, aside; while another process holds the lock, pause and start over, up to ``lock_timeout_s``."""
        give_up_at, pause_s = 0.0, _FIRST_PAUSE_S
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._look_for_files()
        while True:
            try:
                return act() if act_aside is None else await act_aside()
            except sqlite3.Error as error:
                name = getattr(error, "sqlite_errorname", "")
                give_up_at = give_up_at or time.monotonic() + self._lock_timeout_s
                if family(name) not in LOCKED or time.monotonic() >= give_up_at:
                    if known := translate(name, str(error), url=self.url):
                        raise known from error
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _look_for_files(self) -> None:
        """Raise ``StoreReadOnly`` when the database and its log are not, or not any more, the files that are open."""
        found = self._files_there()
        if self._files and found != self._files:
            detail = "its files were deleted or replaced while they were in use"
            hint = "put them back if they were moved; to go on with what is there now, start this process again"
            raise StoreReadOnly(url=self.url, detail=detail, hint=hint)
        if found:
            self._files, self._looked_at = found, time.monotonic()

    def _files_there(self) -> Sequence[tuple[int, int]]:
        """Return what tells the files from others; nothing before both are there."""
        try:
            found = [os.stat(self._path), os.stat(f"{self._path}-wal")]  # noqa: PTH116  # done beside turns, and a Path is dear
        except OSError:
            return ()
        return [(status.st_dev, status.st_ino) for status in found]


def _within(link: "_Link | None", begin: str, work: Work[T]) -> T:
    if link is None:
        raise sqlite3.ProgrammingError("the database is not open")
    result = link.begin(begin, work)
    link.commit()
    return result


class _Link:
    """``Transaction`` on one handle of ``sqlite3``."""

    def __init__(self, handle: sqlite3.Connection, now_ns: Callable[[], int]) -> None:
        self.now_ns = now_ns
        self._handle = handle
        self._run = handle.execute

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        return self._run(statement, parameters).rowcount

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self._handle.executemany(statement, rows)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._run(statement, parameters).fetchall()

    def query_one(self, statement: str, parameters: Sequence[Any] = ()) -> Row | None:
        row: Row | None = self._run(statement, parameters).fetchone()
        return row

    def lock(self, subject: str) -> None: ...

    def announce(self, subject: str) -> None: ...

    def carry_out(self, works: Sequence[Work[Any]]) -> list[Any]:
        return self.begin("BEGIN IMMEDIATE", lambda transaction: [work(transaction) for work in works])

    def begin(self, statement: str, work: Work[T]) -> T:
        """Run *work* in a transaction that is left open, or undone when it fails."""
        self._run(statement)
        try:
            return work(self)
        except (UnicodeEncodeError, OverflowError) as error:
            self._undo()
            raise NotStorable(kind="text or number", detail=str(error)) from error
        except BaseException:
            self._undo()
            raise

    def commit(self) -> None:
        """Commit, or undo everything and raise."""
        try:
            self._run("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._handle.in_transaction:
            self._run("ROLLBACK")

    def close(self) -> None:
        self._handle.close()
