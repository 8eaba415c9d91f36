"""
Keys of executions, the integers by which other tables name them; and how it is announced that one may be claimed.

Used by every port that writes to a table of an execution. A key never changes, so it may be remembered.
"""

from typing import TypeAlias

from plait_core.errors.stores import ExecutionUnknown
from plait_core.ir.ids import ExecutionId
from plait_sql.connections import Transaction

Addressee: TypeAlias = tuple[str, str]
"""Who hears of an execution: its owner, or ``NOBODY``, and its pool."""

POOL = "pool"
"""Announces, with the name of a pool, that an execution of it may be claimed."""

_SELECT_KEY = "SELECT key FROM executions WHERE project = ? AND domain = ? AND name = ?"


def find_key(transaction: Transaction, execution: ExecutionId) -> int | None:
    """Return the key of an execution, or ``None``."""
    row = transaction.query_one(_SELECT_KEY, (execution.project, execution.domain, execution.name))
    return row[0] if row else None


def key_of(transaction: Transaction, execution: ExecutionId) -> int:
    """Return the key of an execution. Raises ``ExecutionUnknown``."""
    key = find_key(transaction, execution)
    if key is None:
        raise ExecutionUnknown(id=str(execution))
    return key
