"""The database: all of these ports over one store."""

from typing import Protocol

from plait_core.ports.databases.accounts import Accounts
from plait_core.ports.databases.cache import CacheIndex
from plait_core.ports.databases.inbox import Inbox
from plait_core.ports.databases.leases import Leases
from plait_core.ports.databases.log import EventLog
from plait_core.ports.databases.registry import Registry
from plait_core.ports.databases.schedules import Schedules
from plait_core.ports.databases.upkeep import Upkeep
from plait_core.ports.databases.views import Views


class Database(Protocol):
    """The ports over one store, opened once and shared."""

    @property
    def is_durable(self) -> bool:
        """Whether what is committed outlives the process; without that there is nobody to hold a lease against."""
        ...

    @property
    def has_views(self) -> bool:
        """Whether anybody may look at nodes and attempts; if not, appends carry no rows of them."""
        ...

    @property
    def log(self) -> EventLog: ...
    @property
    def views(self) -> Views: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def cache(self) -> CacheIndex: ...
    @property
    def schedules(self) -> Schedules: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def upkeep(self) -> Upkeep: ...

    async def open(self) -> None:
        """Connect, and migrate to the present schema. Raises ``StoreUnavailable``, ``StoreCorrupt``, ``StoreTooNew``."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...
