"""
The conformance suites of the database ports: one class per port, to be subclassed in pytest.

    class TestEventLog(EventLogConformance):
        def make_database(self, directory: Path, clock: Clock) -> Database:
            return open_sqlite(f"sqlite:///{directory}/plait.db")

A database passes when every suite passes. Each test opens a new database in an empty directory; *clock* is the time by
which it must judge leases.
"""

from plait_core.testing._samples import SIGNAL
from plait_core.testing.databases.accounts import AccountsConformance
from plait_core.testing.databases.cache import CacheIndexConformance
from plait_core.testing.databases.inbox import InboxConformance
from plait_core.testing.databases.leases import LeasesConformance
from plait_core.testing.databases.log import EventLogConformance
from plait_core.testing.databases.registry import RegistryConformance
from plait_core.testing.databases.schedules import SchedulesConformance
from plait_core.testing.databases.suite import LONG_S, DatabaseConformance, ShiftedClock
from plait_core.testing.databases.upkeep import UpkeepConformance
from plait_core.testing.databases.views import ViewsConformance

__all__ = [
    "LONG_S",
    "SIGNAL",
    "AccountsConformance",
    "CacheIndexConformance",
    "DatabaseConformance",
    "EventLogConformance",
    "InboxConformance",
    "LeasesConformance",
    "RegistryConformance",
    "SchedulesConformance",
    "ShiftedClock",
    "UpkeepConformance",
    "ViewsConformance",
]
