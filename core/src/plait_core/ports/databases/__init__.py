"""
Databases: small ports over one transactional store, a module for each.

What an engine decides for an execution (events, consumed messages, cache entries, rows that people see) is one ``Append``, and is
committed as a whole or not at all.
"""

from plait_core.ports.databases.accounts import Accounts, Project, Token
from plait_core.ports.databases.audit import AuditLine
from plait_core.ports.databases.cache import CacheEntry, CacheIndex, CacheKey, Reservation
from plait_core.ports.databases.database import Database
from plait_core.ports.databases.inbox import RELEASE, Inbox, Posted, word_of_release
from plait_core.ports.databases.leases import NOBODY, Lease, Leases
from plait_core.ports.databases.lists import EVERY_NODE, ExecutionFilter, ExecutionOrder, NodeFilter, Page
from plait_core.ports.databases.log import Append, EventLog, Snapshot
from plait_core.ports.databases.registry import Registry
from plait_core.ports.databases.rows import NEVER_NS, NODE_KINDS, AttemptPlace, AttemptRow, ExecutionRow, NodeRow
from plait_core.ports.databases.schedules import Schedules, ScheduleState
from plait_core.ports.databases.upkeep import StoredClosure, Upkeep
from plait_core.ports.databases.views import Census, NodeCount, Views

__all__ = [
    "EVERY_NODE",
    "NEVER_NS",
    "NOBODY",
    "NODE_KINDS",
    "RELEASE",
    "Accounts",
    "Append",
    "AttemptPlace",
    "AttemptRow",
    "AuditLine",
    "CacheEntry",
    "CacheIndex",
    "CacheKey",
    "Census",
    "Database",
    "EventLog",
    "ExecutionFilter",
    "ExecutionOrder",
    "ExecutionRow",
    "Inbox",
    "Lease",
    "Leases",
    "NodeCount",
    "NodeFilter",
    "NodeRow",
    "Page",
    "Posted",
    "Project",
    "Registry",
    "Reservation",
    "ScheduleState",
    "Schedules",
    "Snapshot",
    "StoredClosure",
    "Token",
    "Upkeep",
    "Views",
    "word_of_release",
]
