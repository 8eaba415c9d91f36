"""
The in-memory database passes the suites that every database must pass.
"""

from pathlib import Path

from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database
from plait_core.testing import databases
from plait_core.testing.memory import MemoryDatabase


class InMemory:
    def make_database(self, directory: Path, clock: Clock) -> Database:
        return MemoryDatabase(clock)


class TestEventLog(InMemory, databases.EventLogConformance): ...


class TestViews(InMemory, databases.ViewsConformance): ...


class TestLeases(InMemory, databases.LeasesConformance): ...


class TestInbox(InMemory, databases.InboxConformance): ...


class TestRegistry(InMemory, databases.RegistryConformance): ...


class TestCacheIndex(InMemory, databases.CacheIndexConformance): ...


class TestSchedules(InMemory, databases.SchedulesConformance): ...


class TestAccounts(InMemory, databases.AccountsConformance): ...


class TestUpkeep(InMemory, databases.UpkeepConformance): ...
