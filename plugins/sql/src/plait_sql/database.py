"""The database: all ports over one connection, and the factories that hooks name."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from plait_core.errors.stores import StoreDriverMissing
from plait_core.ir.ids import ExecutionId
from plait_core.ports.databases import NOBODY
from plait_sql.cache import SqlCache
from plait_sql.connections import Connection, Durability
from plait_sql.inbox import SqlInbox
from plait_sql.leases import SqlLeases
from plait_sql.log import SqlLog
from plait_sql.migrations import migrate
from plait_sql.settings import SqlSettings
from plait_sql.sqlite import SqliteConnection
from plait_sql.views import SqlViews

if TYPE_CHECKING:
    from plait_sql.accounts import SqlAccounts
    from plait_sql.registry import SqlRegistry, SqlSchedules
    from plait_sql.upkeep import SqlUpkeep


class SqlDatabase:
    """``Database`` over a connection, which is opened and closed with it. A run needs some of the ports only, and does not wait for the others."""

    is_durable = True
    has_views = True

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.leases = SqlLeases(connection, on_move=self._hand_over)
        self.inbox = SqlInbox(connection, on_orphan=self.leases.ring)
        self.log = SqlLog(connection, on_orphan=self.leases.ring, on_mail=self.inbox.tell)
        self.views = SqlViews(connection)
        self.cache = SqlCache(connection)

    @cached_property
    def registry(self) -> "SqlRegistry":
        from plait_sql.registry import SqlRegistry

        return SqlRegistry(self._connection)

    @cached_property
    def schedules(self) -> "SqlSchedules":
        from plait_sql.registry import SqlSchedules

        return SqlSchedules(self._connection)

    @cached_property
    def accounts(self) -> "SqlAccounts":
        from plait_sql.accounts import SqlAccounts

        return SqlAccounts(self._connection)

    @cached_property
    def upkeep(self) -> "SqlUpkeep":
        from plait_sql.upkeep import SqlUpkeep

        return SqlUpkeep(self._connection)

    def _hand_over(self, owner: str, executions: Sequence[ExecutionId]) -> None:
        self.log.forget(executions)
        if owner != NOBODY:
            self.inbox.ring(owner)

    async def open(self) -> None:
        await self._connection.open()
        await migrate(self._connection)

    async def close(self) -> None:
        await self._connection.close()


def open_sqlite(url: str, settings: SqlSettings | None = None, durability: Durability = "normal") -> SqlDatabase:
    """
    Make the database at *url*, not yet open.

    Args:
        url: ``sqlite:///relative/path.db``, ``sqlite:////absolute/path.db`` or ``sqlite:///:memory:``. The file and its
            directory are made by ``open``.
        settings: The table ``[plugins.sql]``.
        durability: ``normal`` survives a crash of the process, ``full`` one of the machine.
    """
    path = url.removeprefix("sqlite://").removeprefix("/")
    lock_timeout_s = (settings or SqlSettings()).lock_timeout_s
    return SqlDatabase(SqliteConnection(path, durability=durability, lock_timeout_s=lock_timeout_s))


def open_postgresql(url: str, settings: SqlSettings | None = None, durability: Durability = "normal") -> SqlDatabase:
    """
    Make the database at *url*, not yet open. Raises ``StoreDriverMissing``.

    Args:
        url: ``postgresql://user:password@host:port/name?option=…``, as libpq reads it.
        settings: The table ``[plugins.sql]``.
        durability: ``normal`` waits for the server's disk, ``full`` for what it replicates to, too.
    """
    try:
        from plait_sql.postgres import PostgresConnection
    except ImportError as error:
        raise StoreDriverMissing(scheme="postgresql", library="plait[postgres]") from error
    return SqlDatabase(PostgresConnection(url, durability=durability, settings=settings or SqlSettings()))
