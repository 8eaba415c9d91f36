"""SQLite passes the suites that every database must pass."""

import pytest

from plait_sql.conformance import (
    TestAccounts,
    TestCacheIndex,
    TestEventLog,
    TestLeases,
    TestRegistry,
    TestSchedules,
    TestUpkeep,
    TestViews,
)
from plait_sql.conformance import TestInbox as InboxSuite

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


@pytest.mark.usefixtures("nobody_looks")
class TestInbox(InboxSuite): ...
