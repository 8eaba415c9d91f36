"""The upkeep of a store on SQL: executions that are over are hidden or deleted, and templates that nobody needs."""

from collections.abc import Sequence

from plait_core.errors.stores import ExecutionUnfinished, ExecutionUnknown
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.databases import AuditLine, StoredClosure
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.trail import leave

_ENDED = frozenset(phase.value for phase in TERMINAL_EXECUTION)
_PARTS = ("events", "nodes", "attempts", "snapshots", "inbox", "reservations")
"""Tables that name an execution by its key."""
_FIND = "SELECT key, phase FROM executions WHERE project = ? AND domain = ? AND name = ? {once_unlocked}"


class SqlUpkeep:
    """``Upkeep`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def archive(self, execution: ExecutionId, *, is_archived: bool, audit: AuditLine | None = None) -> None:
        def mark(transaction: Transaction) -> None:
            found = self._find(transaction, execution)
            if found is None:
                raise ExecutionUnknown(id=str(execution))
            key, phase = found
            if phase not in _ENDED:
                raise ExecutionUnfinished(id=str(execution), phase=phase)
            transaction.execute("UPDATE executions SET is_archived = ? WHERE key = ?", (int(is_archived), key))
            leave(transaction, audit)

        await self._connection.write(mark)

    async def delete(
        self, executions: Sequence[ExecutionId], *, audit: AuditLine | None = None
    ) -> Sequence[ExecutionId]:
        in_one_order = sorted(executions, key=str)  # or two who delete the same would wait for each other

        def erase(transaction: Transaction) -> set[ExecutionId]:
            deleted = {execution for execution in in_one_order if self._delete(transaction, execution)}
            leave(transaction, audit if deleted else None)
            return deleted

        deleted = await self._connection.write(erase)
        return [execution for execution in executions if execution in deleted]

    async def delete_snapshots(self, executions: Sequence[ExecutionId]) -> None:
        def forget(transaction: Transaction) -> None:
            for execution in sorted(executions, key=str):
                found = self._find(transaction, execution)
                if found is not None and found[1] in _ENDED:
                    transaction.execute("DELETE FROM snapshots WHERE execution = ?", (found[0],))

        await self._connection.write(forget)

    def _delete(self, transaction: Transaction, execution: ExecutionId) -> bool:
        found = self._find(transaction, execution)
        if found is None or found[1] not in _ENDED:
            return False
        for table in _PARTS:
            transaction.execute(f"DELETE FROM {table} WHERE execution = ?", (found[0],))
        transaction.execute("DELETE FROM executions WHERE key = ?", (found[0],))
        return True

    def _find(self, transaction: Transaction, execution: ExecutionId) -> Row | None:
        """Return the key of an execution and its phase; nobody else changes it or refers to it before this transaction ends."""
        named = (execution.project, execution.domain, execution.name)
        return transaction.query_one(_FIND.format_map(self._connection.words), named)

    async def closures(self) -> Sequence[StoredClosure]:
        rows = await self._connection.read(
            lambda transaction: transaction.query(
                "SELECT digest, length(closure), put_at_ns FROM closures ORDER BY digest"
            )
        )
        return [
            StoredClosure(digest=digest, size_bytes=size_bytes, put_at_ns=put_at_ns)
            for digest, size_bytes, put_at_ns in rows
        ]

    async def delete_closures(
        self, digests: Sequence[str], *, put_before_ns: int, audit: AuditLine | None = None
    ) -> None:
        def erase(transaction: Transaction) -> None:
            deleted = [
                transaction.execute("DELETE FROM closures WHERE digest = ? AND put_at_ns < ?", (digest, put_before_ns))
                for digest in digests
            ]
            leave(transaction, audit if any(deleted) else None)

        await self._connection.write(erase)
