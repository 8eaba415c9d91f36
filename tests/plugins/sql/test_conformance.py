"""SQLite passes the suites that every database must pass."""

from plait_sql.conformance import (
    TestAccounts,
    TestCacheIndex,
    TestEventLog,
    TestInbox,
    TestLeases,
    TestRegistry,
    TestSchedules,
    TestUpkeep,
    TestViews,
)

__all__ = [
    "TestAccounts",
    "TestCacheIndex",
    "TestEventLog",
    "TestInbox",
    "TestLeases",
    "TestRegistry",
    "TestSchedules",
    "TestUpkeep",
    "TestViews",
]
