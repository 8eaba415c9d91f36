"""
The audit trail on SQL: lines that are left in the transaction of what they tell.

Used by every port that takes a line along with a change; ``SqlAccounts`` reads them.
"""

from plait_core.ir.codec import dumps
from plait_core.ports.databases import AuditLine
from plait_sql.connections import Transaction

_INSERT = "INSERT INTO audit (at_ns, principal, action, subject, detail) VALUES (?, ?, ?, ?, ?)"


def leave(transaction: Transaction, line: AuditLine | None) -> None:
    """Add a line, if there is one."""
    if line is not None:
        values = (line.at_ns, line.principal, line.action, line.subject, dumps(line.detail))
        transaction.execute(_INSERT, values)
