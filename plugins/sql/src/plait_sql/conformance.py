"""Proof that the database does what every database has to; run by ``plait plugins check sql``."""

from pathlib import Path

from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database
from plait_core.testing import databases
from plait_sql.database import SqlDatabase
from plait_sql.sqlite import SqliteConnection


class OnSqlite:
    """A file of SQLite that takes the suite's clock for the time."""

    def make_database(self, directory: Path, clock: Clock) -> Database:
        """Make one in *directory*."""
        path = str(directory / "plait.db")
        return SqlDatabase(SqliteConnection(path, durability="normal", lock_timeout_s=1.0, now_ns=clock.now_ns))


class TestEventLog(OnSqlite, databases.EventLogConformance): ...  # noqa: D101  # named for the port


class TestViews(OnSqlite, databases.ViewsConformance): ...  # noqa: D101


class TestLeases(OnSqlite, databases.LeasesConformance): ...  # noqa: D101


class TestInbox(OnSqlite, databases.InboxConformance): ...  # noqa: D101


class TestRegistry(OnSqlite, databases.RegistryConformance): ...  # noqa: D101


class TestCacheIndex(OnSqlite, databases.CacheIndexConformance): ...  # noqa: D101


class TestSchedules(OnSqlite, databases.SchedulesConformance): ...  # noqa: D101


class TestAccounts(OnSqlite, databases.AccountsConformance): ...  # noqa: D101


class TestUpkeep(OnSqlite, databases.UpkeepConformance): ...  # noqa: D101
