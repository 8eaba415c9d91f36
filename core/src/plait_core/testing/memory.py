"""
In-memory twins of the stores: a database and a blob store that end with the process.

Used by runs that record nothing, by tests and by the simulation. They hold the objects they are given and never
encode, so they are also what the conformance suites hold every other store against.
"""

from plait_core.ports.clock import Clock
from plait_core.testing._memory_blobs import MemoryBlobStore
from plait_core.testing._memory_catalog import Catalog, MemoryAccounts, MemoryRegistry, MemorySchedules
from plait_core.testing._memory_log import MemoryLog, MemoryViews
from plait_core.testing._memory_ownership import MemoryCache, MemoryInbox, MemoryLeases
from plait_core.testing._memory_records import Records
from plait_core.testing._memory_upkeep import MemoryUpkeep
from plait_core.testing.clocks import HostClock

__all__ = ["MemoryBlobStore", "MemoryDatabase"]


class MemoryDatabase:
    """
    ``Database`` in dicts.

    *clock* judges leases and waits, the host's by default. Without *has_views*, nobody can look:
    nodes are not listed, events are not kept, and executions are dropped when they end.
    """

    is_durable = False

    def __init__(self, clock: Clock | None = None, *, has_views: bool = True) -> None:
        self.has_views = has_views
        records = self._records = Records(clock or HostClock())
        catalog = Catalog(records.trail)
        self.log = MemoryLog(records, keeps_history=has_views)
        self.views = MemoryViews(records)
        self.leases = MemoryLeases(records)
        self.inbox = MemoryInbox(records)
        self.cache = MemoryCache(records)
        self.registry = MemoryRegistry(catalog)
        self.schedules = MemorySchedules(catalog)
        self.accounts = MemoryAccounts(records.trail)
        self.upkeep = MemoryUpkeep(records)

    async def open(self) -> None:
        """Do nothing: there is nothing to connect to."""

    async def close(self) -> None:
        """Keep what there is, so that an engine may be closed and another opened on it."""
