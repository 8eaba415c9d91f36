"""
Following: what nodes start besides attempts, until it has ended: executions of launch plans, and what eager tasks call.

Used by ``Acting`` for one run.
"""

import asyncio
from collections.abc import Sequence

import attrs

from plait_core.compiler.completion import complete_known
from plait_core.engine import _commands as cmd
from plait_core.engine import _stimuli as st
from plait_core.engine._children import child_node_id
from plait_core.engine._errands import Errands
from plait_core.engine._failures import final
from plait_core.engine._growing import of_the_version_of
from plait_core.engine._host import Host
from plait_core.engine._inputs import Inputs
from plait_core.engine._references import Reference
from plait_core.engine._reuse import REUSABLE
from plait_core.engine._state import NodeState
from plait_core.errors import UserError
from plait_core.errors.running import EngineGone
from plait_core.errors.stores import ExecutionUnknown
from plait_core.ir import events as ev
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.ids import NodeExecutionId, NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.workflows import Array
from plait_core.ports.channels import ChildCall, ChildOutcome

CHILD_POLL_S = 1.0
"""How long to wait before a child that is to be stopped is looked for again."""


class Following:
    """The executions and nodes that nodes of one run started."""

    def __init__(self, run: Host, errands: Errands, inputs: Inputs, reference: Reference) -> None:
        self._run = run
        self._services = run.services
        self._state = run.state
        self._errands = errands
        self._inputs = inputs
        self._reference = reference
        self._callers: dict[NodeId, list[asyncio.Future[ChildOutcome]]] = {}
        """Eager tasks that wait for a node."""
        self._is_closed = False

    # ── executions of launch plans ───────────────────────────────────────────

    async def start_child(self, command: cmd.StartChild) -> None:
        """Start an execution, unless that was done before, and hear how it ends."""
        node = self._state.nodes[command.node]
        try:
            inputs = await self._inputs.of(node, command.element)
        except UserError as gone:
            error = attrs.evolve(final(gone), node=node.id)
            self._run.tell(st.ChildEnded(self._now(), node.id, None, error, command.element))
        else:
            self._errands.begin(self._follow_child(command, node, inputs))

    async def _follow_child(self, command: cmd.StartChild, node: NodeState, inputs: LiteralMap) -> None:
        target = node.node.target
        plan = target.target.id if isinstance(target, Array) else target.id  # type: ignore[union-attr]  # a launch plan
        spec = self._state.spec
        assert spec is not None
        parent = NodeExecutionId(execution=self._state.id, node=node.id)
        if command.element is not None:
            outputs = await self._reference.output_of(node, command.element)
            if outputs is not None:
                self._run.tell(st.ChildEnded(self._now(), node.id, outputs, element=command.element))
                return
        reference = await self._reference.child_of(node, command.element)
        try:
            ended = await self._run.children.run_child(
                command.execution,
                node.graph.closure.closure,
                plan,
                inputs,
                parent=parent,
                spec=spec,
                reference=reference,
            )
            outputs, error = ended.outputs, ended.error
            if ended.exception is not None:
                self._run.exceptions[node.id] = ended.exception
        except UserError as refusal:
            outputs = None
            error = final(refusal)
        if error is not None:
            error = attrs.evolve(error, node=node.id)
        self._run.tell(st.ChildEnded(self._now(), node.id, outputs, error, command.element))

    async def abort_child(self, command: cmd.AbortChild) -> None:
        """Have an execution end."""
        self._errands.begin(self._stop_child(command))

    async def _stop_child(self, command: cmd.AbortChild) -> None:
        """Ask for the end of a child, once it is there to be asked: its start may still be on the way."""
        while command.key in self._state.open:
            try:
                await self._run.children.abort(command.execution, reason=f"its parent {self._state.id} stops")
            except ExecutionUnknown:
                await self._services.clock.sleep_until(self._now() + int(CHILD_POLL_S * 1e9))
            else:
                return

    # ── calls of eager tasks ─────────────────────────────────────────────────

    async def call(self, caller: NodeId, n: int, call: ChildCall) -> ChildOutcome:
        """
        Run a child of an eager task, or find the one that answered the same call before, and wait for it.

        Raises ``EngineGone`` when this run is not driven any more; the attempt may go on for whoever drives the execution next.
        """
        if self._is_closed:
            raise EngineGone(asked="call")
        node = self._state.nodes[caller]
        child = child_node_id(self._state, node, call.key, n)
        known = self._state.nodes.get(child)
        if known is not None and known.is_terminal:
            return self._outcome(known)
        waiter: asyncio.Future[ChildOutcome] = asyncio.get_running_loop().create_future()
        self._callers.setdefault(child, []).append(waiter)
        called = await complete_known(of_the_version_of(node.template, call.closure), self._services.database.registry)
        digest, kept = await self._services.keep(called)
        self._run.closures[digest] = kept
        placements, target = self._services.place(kept.closure), kept.closure.main
        self._run.tell(st.Called(self._now(), caller, n, call.key, target, call.inputs, digest, placements))
        return await waiter

    def settle(self, decisions: Sequence[ev.Decision]) -> None:
        """Answer eager tasks that wait for nodes which *decisions* end."""
        if not self._callers:
            return
        for decision in decisions:
            if isinstance(decision, ev.NodeSucceeded | ev.NodeRecovered | ev.NodeEnded):
                for caller in self._callers.pop(decision.node, ()):
                    if not caller.done():
                        caller.set_result(self._outcome(self._state.nodes[decision.node]))

    def _outcome(self, node: NodeState) -> ChildOutcome:
        if node.error is None and node.phase in REUSABLE:
            return ChildOutcome(outputs=node.outputs)
        error = node.error or TaskError(code="Aborted", message=f"{node.id} was aborted", fault=Fault.SYSTEM)
        return ChildOutcome(error=error, exception=self._run.exceptions.get(NodeId(error.node or node.id)))

    def close(self) -> None:
        """Have nobody wait any longer. Who asked is told: an attempt in another process would wait for ever."""
        self._is_closed = True
        for callers in self._callers.values():
            for caller in callers:
                if not caller.done():
                    caller.set_exception(EngineGone(asked="call"))

    def _now(self) -> int:
        return self._services.clock.now_ns()
