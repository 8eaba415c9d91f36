"""
The reference of a run: what the execution that it repeats came to, looked up for one node at a time.

Made by ``Acting``, once per run. The reference's state is folded when the first node asks. What cannot be found again, because
its execution or a blob was deleted, is not reused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from plait_core.engine._children import Children, child_execution
from plait_core.engine._reuse import REUSABLE, counterpart
from plait_core.engine._state import SUCCEEDED, ExecutionState, NodeState
from plait_core.engine._stimuli import ReferenceLookedUp
from plait_core.errors.engine import UnknownExecution
from plait_core.ir.ids import ExecutionId, NodeExecutionId
from plait_core.ir.literals import LiteralMap


class Reference:
    """
    What there is to reuse for one execution.

    Args:
        state: The execution that reuses.
        children: Knows other executions.
        is_whole: Says whether all that outputs refer to is still there.
        blobs_root: The URI under which checkpoints are stored.
    """

    def __init__(
        self,
        state: ExecutionState,
        children: Children,
        is_whole: Callable[[LiteralMap], Awaitable[bool]],
        blobs_root: str,
    ) -> None:
        self._state = state
        self._children = children
        self._is_whole = is_whole
        self._blobs_root = blobs_root
        self._folding = asyncio.Lock()
        self._is_folded = False
        self._reference: ExecutionState | None = None

    async def look_up(self, node: NodeState, at_ns: int) -> ReferenceLookedUp:
        """Say what the node did, and with which outputs where these can be reused."""
        known = await self._counterpart(node)
        if known is None:
            return ReferenceLookedUp(at_ns, node.id)
        source = NodeExecutionId(execution=self._id, node=known.id)
        if known.phase in REUSABLE and await self._is_whole(known.outputs):
            return ReferenceLookedUp(at_ns, node.id, source, known.outputs, known.deck_uri)
        return ReferenceLookedUp(at_ns, node.id, source, checkpoint_uri=self._checkpoint(known))

    async def output_of(self, node: NodeState, element: int) -> LiteralMap | None:
        """Return what an element of a map node made, as a map of at most one; ``None`` where it cannot be reused."""
        known = await self._counterpart(node) if node.repeats else None
        if known is None or known.array is None or known.array.phases[element] != SUCCEEDED:
            return None
        output = known.array.outputs[element]
        outputs = {} if output is None else {"": output}
        return outputs if await self._is_whole(outputs) else None

    async def child_of(self, node: NodeState, element: int | None) -> ExecutionId | None:
        """Name the execution that the node, or its element, started there."""
        known = await self._counterpart(node) if node.repeats else None
        return child_execution(self._id, known.id, element) if known is not None else None

    @property
    def _id(self) -> ExecutionId:
        spec = self._state.spec
        assert spec is not None
        assert spec.reference is not None, "only what has a reference reuses"
        return spec.reference

    async def _counterpart(self, node: NodeState) -> NodeState | None:
        async with self._folding:
            if not self._is_folded:
                with suppress(UnknownExecution):
                    self._reference = await self._children.state(self._id)
                self._is_folded = True
        return counterpart(self._reference, node) if self._reference is not None else None

    def _checkpoint(self, known: NodeState) -> str:
        """Where its last attempt saved, as it said or, of one that was lost or cancelled, where it would have."""
        if known.checkpoint or known.attempt is None:
            return known.checkpoint
        return f"{self._blobs_root}/checkpoints/{self._id}/{known.id}/{known.attempt}"
