"""Upkeep: putting away what is over."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from plait_core.ir.ids import ExecutionId
from plait_core.ir.shapes import Shape
from plait_core.ports.databases.audit import AuditLine


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StoredClosure(Shape):
    """What is known of a stored closure without reading it; ``put_at_ns`` is when it was last put."""

    digest: str
    size_bytes: int
    put_at_ns: int


class Upkeep(Protocol):
    """Putting away what is over. Only executions that have ended are touched, and these never change again."""

    async def archive(self, execution: ExecutionId, *, is_archived: bool, audit: AuditLine | None = None) -> None:
        """Hide an execution from lists, or show it again. Raises ``ExecutionUnknown`` and ``ExecutionUnfinished``."""
        ...

    async def delete(
        self, executions: Sequence[ExecutionId], *, audit: AuditLine | None = None
    ) -> Sequence[ExecutionId]:
        """
        Delete executions with their events, snapshots, rows and messages, in one transaction; what they cached stays.

        Returns those that are deleted: the ones that are known and have ended.
        """
        ...

    async def delete_snapshots(self, executions: Sequence[ExecutionId]) -> None:
        """Forget the snapshots of those *executions* that have ended; their logs say the same."""
        ...

    async def closures(self) -> Sequence[StoredClosure]:
        """List the closures that the log keeps, ordered by digest."""
        ...

    async def delete_closures(
        self, digests: Sequence[str], *, put_before_ns: int, audit: AuditLine | None = None
    ) -> None:
        """Delete closures, but for those that were put again since *put_before_ns*: somebody is about to use them."""
        ...
