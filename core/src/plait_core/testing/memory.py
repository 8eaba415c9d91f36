"""
In-memory twins of the stores: a database and a blob store that end with the process.

Used by runs that record nothing, by tests and by the simulation. They hold the objects they are given and never
encode, so they are also what the conformance suites hold every other store against.
"""

import asyncio
import time

from plait_core.ir.ids import ExecutionId
from plait_core.ports.clock import Clock
from plait_core.testing._memory_blobs import MemoryBlobStore
from plait_core.testing._memory_catalog import Catalog, MemoryAccounts, MemoryRegistry, MemorySchedules
from plait_core.testing._memory_log import MemoryLog, MemoryViews
from plait_core.testing._memory_ownership import MemoryCache, MemoryInbox, MemoryLeases
from plait_core.testing._memory_records import Records

__all__ = ["MemoryBlobStore", "MemoryDatabase"]


class MemoryDatabase:
    """``Database`` in dicts. *clock* judges leases and waits, the host's by default; without *has_views*, nodes are not listed."""

    is_durable = False

    def __init__(self, clock: Clock | None = None, *, has_views: bool = True) -> None:
        self.has_views = has_views
        records = self._records = Records(clock or _HostClock())
        catalog = Catalog()
        self.log = MemoryLog(records)
        self.views = MemoryViews(records)
        self.leases = MemoryLeases(records)
        self.inbox = MemoryInbox(records)
        self.cache = MemoryCache(records)
        self.registry = MemoryRegistry(catalog)
        self.schedules = MemorySchedules(catalog)
        self.accounts = MemoryAccounts()

    async def open(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def forget(self, execution: ExecutionId) -> None:
        """Drop an execution; what it cached stays."""
        self._records.executions.pop(execution, None)

    async def close(self) -> None:
        """Keep what there is, so that an engine may be closed and another opened on it."""


class _HostClock:
    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, at_ns: int) -> None:
        await asyncio.sleep((at_ns - self.now_ns()) / 1e9)
