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


class TestEventLog(OnSqlite, databases.EventLogConformance): ...


class TestViews(OnSqlite, databases.ViewsConformance): ...


class TestLeases(OnSqlite, databases.LeasesConformance): ...


class TestInbox(OnSqlite, databases.InboxConformance): ...


class TestRegistry(OnSqlite, databases.RegistryConformance): ...


class TestCacheIndex(OnSqlite, databases.CacheIndexConformance): ...


class TestSchedules(OnSqlite, databases.SchedulesConformance): ...


class TestAccounts(OnSqlite, databases.AccountsConformance): ...


class TestUpkeep(OnSqlite, databases.UpkeepConformance): ...
