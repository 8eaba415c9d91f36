"""The in-memory port by which a store is kept tidy."""

from collections.abc import Sequence

import attrs

from plait_core.errors.stores import ExecutionUnfinished
from plait_core.ir.codec import dumps
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.databases import AuditLine, StoredClosure
from plait_core.testing._memory_records import Records


class MemoryUpkeep:
    """``Upkeep`` over ``Records``."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def archive(self, execution: ExecutionId, *, is_archived: bool, audit: AuditLine | None = None) -> None:
        record = self._records.of(execution)
        if record.row.phase not in TERMINAL_EXECUTION:
            raise ExecutionUnfinished(id=str(execution), phase=record.row.phase.value)
        record.row = attrs.evolve(record.row, is_archived=is_archived)
        self._records.trail.leave(audit)

    async def delete(
        self, executions: Sequence[ExecutionId], *, audit: AuditLine | None = None
    ) -> Sequence[ExecutionId]:
        deleted = [execution for execution in executions if self._delete(execution)]
        self._records.trail.leave(audit if deleted else None)
        return deleted

    def _delete(self, execution: ExecutionId) -> bool:
        records = self._records
        record = records.executions.get(execution)
        if record is None or record.row.phase not in TERMINAL_EXECUTION:
            return False
        del records.executions[execution]
        for addressee, key in [place for place in records.arrivals if place[0] == execution]:
            del records.arrivals[addressee, key]
        for digest, held in [*records.reservations.items()]:
            if held.attempt.execution == execution:
                del records.reservations[digest]
        return True

    async def delete_snapshots(self, executions: Sequence[ExecutionId]) -> None:
        for execution in executions:
            record = self._records.executions.get(execution)
            if record is not None and record.row.phase in TERMINAL_EXECUTION:
                record.snapshot = None

    async def closures(self) -> Sequence[StoredClosure]:
        put_at_ns = self._records.closures_put_at_ns
        return [
            StoredClosure(digest=digest, size_bytes=len(dumps(closure)), put_at_ns=put_at_ns[digest])
            for digest, closure in sorted(self._records.closures.items())
        ]

    async def delete_closures(
        self, digests: Sequence[str], *, put_before_ns: int, audit: AuditLine | None = None
    ) -> None:
        put_at_ns = self._records.closures_put_at_ns
        doomed = [digest for digest in digests if put_at_ns.get(digest, put_before_ns) < put_before_ns]
        for digest in doomed:
            del self._records.closures[digest], put_at_ns[digest]
        self._records.trail.leave(audit if doomed else None)
