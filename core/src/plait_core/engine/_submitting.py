"""
Submitting: the attempts of a run, from the moment they are handed to an executor until that has reported their end.

Used by ``Acting`` for one run. What an executor is too busy for waits in line (``_lines``); what it can never do fails.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from plait_core.engine import _commands as cmd
from plait_core.engine import _stimuli as st
from plait_core.engine._errands import Errands
from plait_core.engine._failures import final
from plait_core.engine._host import Host
from plait_core.engine._inputs import Inputs
from plait_core.engine._lines import Lines
from plait_core.engine._lookups import Lookups
from plait_core.engine._policies import cache_policy
from plait_core.engine._state import SCHEDULED, NodeState
from plait_core.engine._units import attempt_id, unit_for
from plait_core.errors import UserError
from plait_core.errors.running import Saturated
from plait_core.errors.stores import BlobUnavailable
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import AttemptId, NodeId
from plait_core.ir.literals import Literal
from plait_core.ir.units import Unit
from plait_core.ports.executors import Ended, Executor

FLUSH_AFTER_NS = 50_000_000
"""How long successes of elements may wait for company before they are recorded."""

CANCEL_GRACE_S = 10.0
"""How long an attempt may take to end by itself once it was asked to."""


class Submitting:
    """The attempts of one run that executors have, or are to have."""

    def __init__(self, run: Host, errands: Errands, inputs: Inputs, cache: Lookups) -> None:
        self._run = run
        self._services = run.services
        self._state = run.state
        self._errands = errands
        self._inputs = inputs
        self._cache = cache
        self._lines = Lines(run, errands.begin)
        self._out: dict[tuple[NodeId, int | None, int], AttemptId] = {}
        """Attempts that an executor has and has not reported the end of."""

    def adopt(self, attempt: AttemptId) -> None:
        """Know an attempt that an executor has."""
        self._out[attempt.node, attempt.element, attempt.n] = attempt

    async def take_back(self, attempt: AttemptId) -> None:
        """Know an attempt that was submitted in an earlier life, and where its outputs are to be kept."""
        node = self._state.nodes[attempt.node]
        self.adopt(attempt)
        if cache_policy(node) is not None:
            element = attempt.element
            with suppress(UserError):  # inputs that are gone: what comes of them is not cached
                inputs = await self._inputs.of(node, element)
                self._cache.remember(node, element, inputs)

    def dismiss(self, attempt: AttemptId) -> None:
        """Know that an attempt is over."""
        self._out.pop((attempt.node, attempt.element, attempt.n), None)

    @property
    def has_any_out(self) -> bool:
        """Whether an executor owes us a report."""
        return bool(self._out)

    async def reconcile(self) -> None:
        """Ask executors about every attempt whose end was not reported, in case a report was lost."""
        by_executor: dict[str, list[AttemptId]] = {}
        for attempt in self._out.values():
            by_executor.setdefault(self._state.executor_of(attempt.task), []).append(attempt)
        for name, attempts in by_executor.items():
            for report in await self._services.executors[name].reconcile(attempts):
                self._run.hear(report)

    async def release(self, ended: Mapping[str, Sequence[AttemptId]]) -> None:
        """Let executors, given by name, forget attempts whose results are committed."""
        for name, attempts in ended.items():
            await self._services.executors[name].release(attempts)

    async def submit(self, command: cmd.Submit) -> None:
        """Hand one attempt over, or have it wait in line."""
        node = self._state.nodes[command.node]
        n, element = command.n, command.element
        executor = self._state.executor_of(node.template.id)
        if self._lines.has_to_wait(executor, command):
            return
        try:
            unit = await self._unit(node, n, element)
            report = await self._services.executors[executor].submit(unit)
        except Saturated as full:
            self._lines.refused(executor, command, full.delay_s)
            return
        except UserError as refusal:
            self._refuse(node, n, element, refusal)
        except BlobUnavailable:
            self._lines.call_next(executor)
            raise
        else:
            if report is None:
                self.adopt(unit.attempt)
            else:
                self._run.hear(report)
        self._lines.call_next(executor)

    async def _unit(self, node: NodeState, n: int, element: int | None) -> Unit:
        """Put together what an executor is to run."""
        inputs = await self._inputs.of(node, element)
        self._cache.remember(node, element, inputs)
        attempt, services = attempt_id(self._state, node, n, element), self._services
        return unit_for(self._state, node, attempt, inputs, services.render, blobs=services.blobs_root)

    def _refuse(self, node: NodeState, n: int, element: int | None, refusal: UserError) -> None:
        """Give an attempt up that cannot be submitted, now or later."""
        self._run.tell(st.AttemptGone(self._now(), node.id, n, final(refusal), element))

    async def submit_elements(self, command: cmd.SubmitElements) -> None:
        """Submit elements in order; successes that come back at once are told in batches."""
        node = self._state.nodes[command.node]
        assert node.array is not None
        phases = node.array.phases
        executor = self._executor(node)
        outcomes: list[tuple[int, int, Literal | None]] = []
        flush_at = self._now() + FLUSH_AFTER_NS
        elements = command.elements
        for position, element in enumerate(elements):
            if phases[element] != SCHEDULED or element in node.array.retries or node.is_cancelling:
                continue
            try:
                unit = await self._unit(node, 0, element)
                report = await executor.submit(unit)
            except (Saturated, BlobUnavailable) as busy:
                self._errands.begin(self._errands.again(cmd.SubmitElements(node.id, elements[position:]), busy.delay_s))
                break
            except UserError as refusal:
                self._refuse(node, 0, element, refusal)
            else:
                if report is None:
                    self.adopt(unit.attempt)
                elif isinstance(report, Ended) and report.result.outputs is not None:
                    outcomes.append((element, 0, next(iter(report.result.outputs.values()), None)))
                    self._run.release_later(unit.attempt)
                else:
                    self._run.hear(report)
            if self._now() > flush_at:
                self._run.recall(cmd.SubmitElements(node.id, elements[position + 1 :]), first=True)
                break
        if outcomes:
            self._run.tell(st.ElementsEnded(self._now(), node.id, outcomes))

    async def cancel(self, command: cmd.Cancel) -> None:
        """Have one attempt stopped."""
        node = self._state.nodes[command.node]
        await self._stop(node, [(command.element, command.n)])

    async def cancel_elements(self, command: cmd.CancelElements) -> None:
        """Have the attempts of elements stopped."""
        node = self._state.nodes[command.node]
        array = node.array
        assert array is not None
        await self._stop(node, [(element, array.attempt_of(element)) for element in command.elements])

    async def _stop(self, node: NodeState, attempts: Sequence[tuple[int | None, int]]) -> None:
        """Stop what was handed over; what was not is gone at once."""
        running = []
        for element, n in attempts:
            attempt = self._out.get((node.id, element, n))
            if attempt is not None:
                running.append(attempt)
                continue
            error = TaskError(code="Cancelled", message="stopped before it was submitted", is_recoverable=False)
            self._run.tell(st.AttemptGone(self._now(), node.id, n, error, element, is_cancelled=True))
        if running:
            await self._executor(node).cancel(running, grace_s=CANCEL_GRACE_S)

    def _executor(self, node: NodeState) -> Executor:
        return self._services.executors[self._state.executor_of(node.template.id)]

    def _now(self) -> int:
        return self._services.clock.now_ns()
