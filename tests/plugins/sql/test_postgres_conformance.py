"""PostgreSQL passes the suites that every database must pass."""

from pathlib import Path

import pytest

from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database
from plait_core.testing import databases
from plait_sql.database import SqlDatabase
from plait_sql.postgres import PostgresConnection
from plait_sql.settings import SqlSettings
from tests.postgres import Cluster


class OnPostgresql:
    """A new schema of the cluster, which takes the suite's clock for the time."""

    cluster: Cluster

    @pytest.fixture(autouse=True)
    def _cluster(self, postgres: Cluster) -> None:
        self.cluster = postgres

    def make_database(self, directory: Path, clock: Clock) -> Database:
        """Make one."""
        url = self.cluster.url_of_new_schema()
        settings = SqlSettings(lock_timeout_s=60.0)
        return SqlDatabase(PostgresConnection(url, durability="normal", settings=settings, now_ns=clock.now_ns))


class TestEventLog(OnPostgresql, databases.EventLogConformance): ...


class TestViews(OnPostgresql, databases.ViewsConformance): ...


class TestLeases(OnPostgresql, databases.LeasesConformance): ...


class TestInbox(OnPostgresql, databases.InboxConformance):
    pytestmark = pytest.mark.usefixtures("nobody_looks")


class TestRegistry(OnPostgresql, databases.RegistryConformance): ...


class TestCacheIndex(OnPostgresql, databases.CacheIndexConformance): ...


class TestSchedules(OnPostgresql, databases.SchedulesConformance): ...


class TestAccounts(OnPostgresql, databases.AccountsConformance): ...


class TestUpkeep(OnPostgresql, databases.UpkeepConformance): ...
