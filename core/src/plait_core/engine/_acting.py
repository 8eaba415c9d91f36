"""
Carrying out commands: the only place where a run touches the world.

Called by ``Run``, one command at a time and in the order decided. Whatever takes long becomes a task of its own and
answers by a stimulus; what ends at once answers at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import attrs

from plait_core.compiler.closures import CompiledClosure
from plait_core.compiler.completion import complete_known
from plait_core.engine import _commands as cmd
from plait_core.engine import _stimuli as st
from plait_core.engine._bindings import NoSuchPart, part_of
from plait_core.engine._cache import KeyedInputs
from plait_core.engine._children import Children, child_node_id
from plait_core.engine._lines import Lines
from plait_core.engine._lookups import Lookups
from plait_core.engine._policies import cache_policy
from plait_core.engine._references import Reference
from plait_core.engine._reuse import REUSABLE
from plait_core.engine._services import Services
from plait_core.engine._state import SCHEDULED, ExecutionState, NodeState
from plait_core.engine._units import attempt_id, outputs_prefix, unit_for
from plait_core.errors import PlaitError, UserError
from plait_core.errors.compiling import CompileFailed
from plait_core.errors.running import Saturated
from plait_core.errors.stores import BlobUnavailable, ExecutionUnknown
from plait_core.ir import events as ev
from plait_core.ir.executions import Closure, Fault, TaskError
from plait_core.ir.ids import LOCAL_VERSION, AttemptId, NodeExecutionId, NodeId
from plait_core.ir.literals import Collection, Literal, LiteralMap, Offloaded, UnionValue
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.types import NONE, CollectionType, LiteralType
from plait_core.ir.units import Result, Unit
from plait_core.ir.workflows import Array
from plait_core.ports.blobs import BlobStore, on_behalf_of
from plait_core.ports.channels import ChildCall, ChildOutcome
from plait_core.ports.executors import Ended, Executor, Report
from plait_core.types.offloading import fetch, offload

FLUSH_AFTER_NS = 50_000_000
"""How long successes of elements may wait for company before they are recorded."""

RESERVATION_POLL_S = 10.0
"""How long a node waits before it asks again for a value that somebody else was making, should no word of it come."""

CHILD_POLL_S = 1.0
"""How long to wait before a child that is to be stopped is looked for again."""

CANCEL_GRACE_S = 10.0


class Host(Protocol):
    """The run that commands are carried out for: where answers go, and what is kept between commands."""

    services: Services
    state: ExecutionState
    children: Children
    exceptions: dict[NodeId, BaseException]
    keyed: dict[tuple[NodeId, int | None], KeyedInputs]
    released: list[tuple[NodeId, int | None]]
    has_reserved: bool
    closures: dict[str, CompiledClosure]

    def tell(self, stimulus: st.Stimulus) -> None:
        """Take an answer."""
        ...

    def recall(self, command: cmd.Command, *, first: bool = False) -> None:
        """Put a command back in line."""
        ...

    def look_again(self, node: NodeId) -> None:
        """Ask again what *node* waits for."""
        ...

    def break_off(self, failure: BaseException) -> None:
        """Stop driving because of *failure*."""
        ...

    def hear(self, report: Report) -> None:
        """Take an executor's report."""
        ...

    def end(self, attempt: AttemptId, stimulus: st.Stimulus) -> None:
        """Take word that an attempt is over, which the next commit makes safe."""
        ...

    def release_later(self, attempt: AttemptId) -> None:
        """Let the executor forget an attempt after the next commit."""
        ...


class Acting:
    """Carries out the commands of one run."""

    def __init__(self, run: "Host") -> None:
        self._run = run
        self._services = run.services
        self._state = run.state
        self._cache = Lookups(run)
        self._reference = Reference(run.state, run.children, self._cache.is_whole, run.services.blobs_root)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines = Lines(run, self._spawn)
        self._lists: dict[NodeId, LiteralMap] = {}
        self._callers: dict[NodeId, list[asyncio.Future[ChildOutcome]]] = {}
        self._looking: dict[asyncio.Event, NodeId] = {}
        """What is set when a key is released for which a node waits, or is about to."""
        self._out: dict[tuple[NodeId, int | None, int], AttemptId] = {}
        """Attempts that an executor has and has not reported the end of."""
        self._acts: dict[type, Callable[[Any], Awaitable[None]]] = {
            cmd.Submit: self._submit,
            cmd.SubmitElements: self._submit_elements,
            cmd.Cancel: self._cancel,
            cmd.CancelElements: self._cancel_elements,
            cmd.LoadValue: self._load_value,
            cmd.LookUpReference: self._look_up_reference,
            cmd.LookUpCache: self._look_up_cache,
            cmd.LookUpElements: self._look_up_elements,
            cmd.StartChild: self._start_child,
            cmd.AbortChild: self._abort_child,
            cmd.CompileFragment: self._compile_fragment,
            cmd.AssembleOutputs: self._assemble_outputs,
        }

    async def carry_out(self, command: cmd.Command) -> None:
        """Do what the command says; its answer comes as a stimulus, now or later. Storage that does not answer is asked again."""
        try:
            await self._acts[type(command)](command)
        except BlobUnavailable as busy:
            self._spawn(self._try_again(command, busy.delay_s))

    async def close(self) -> None:
        """End what is still going on for this run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for callers in self._callers.values():
            for caller in callers:
                caller.cancel()

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
                inputs = node.inputs() if element is None else await self._element_inputs(node, element)
                self._cache.remember(node, element, inputs)

    def dismiss(self, attempt: AttemptId) -> None:
        """Know that an attempt is over."""
        self._out.pop((attempt.node, attempt.element, attempt.n), None)

    @property
    def has_attempts_out(self) -> bool:
        """Whether an executor owes us a report."""
        return bool(self._out)

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on for this run outside."""
        return not self._out and not self._tasks

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

    def settle(self, decisions: Sequence[ev.Decision]) -> None:
        """Answer eager tasks that wait for nodes which *decisions* end."""
        if not self._callers:
            return
        for decision in decisions:
            if isinstance(decision, ev.NodeSucceeded | ev.NodeRecovered | ev.NodeEnded):
                for caller in self._callers.pop(decision.node, ()):
                    if not caller.done():
                        caller.set_result(self._outcome(self._state.nodes[decision.node]))

    def _now(self) -> int:
        return self._services.clock.now_ns()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._run.break_off(failure)

    # ── attempts ─────────────────────────────────────────────────────────────

    def _executor(self, node: NodeState) -> Executor:
        return self._services.executors[self._state.executor_of(node.template.id)]

    async def _submit(self, command: cmd.Submit) -> None:
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
        inputs = node.inputs() if element is None else await self._element_inputs(node, element)
        self._cache.remember(node, element, inputs)
        attempt, services = attempt_id(self._state, node, n, element), self._services
        return unit_for(self._state, node, attempt, inputs, services.render, blobs=services.blobs_root)

    def _refuse(self, node: NodeState, n: int, element: int | None, refusal: UserError) -> None:
        """Give an attempt up that cannot be submitted, now or later."""
        self._run.tell(st.AttemptGone(self._now(), node.id, n, _final(refusal), element))

    async def _try_again(self, command: cmd.Command, delay_s: float) -> None:
        clock = self._services.clock
        await clock.sleep_until(clock.now_ns() + int(delay_s * 1e9))
        self._run.recall(command)

    async def _submit_elements(self, command: cmd.SubmitElements) -> None:
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
                self._spawn(self._try_again(cmd.SubmitElements(node.id, elements[position:]), busy.delay_s))
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

    async def _element_inputs(self, node: NodeState, element: int) -> dict[str, Literal]:
        target = node.node.target
        assert isinstance(target, Array)
        lists = self._lists.get(node.id)
        if lists is None:
            lists = {name: await self._whole(value) for name, value in node.inputs().items()}
            self._lists[node.id] = lists
        return {
            name: value if name in target.bound_inputs else _elements_of(value)[element]
            for name, value in lists.items()
        }

    async def _whole(self, literal: Literal) -> Literal:
        return await fetch(literal, self._named) if isinstance(literal.value, Offloaded) else literal

    async def _cancel(self, command: cmd.Cancel) -> None:
        node = self._state.nodes[command.node]
        await self._stop(node, [(command.element, command.n)])

    async def _cancel_elements(self, command: cmd.CancelElements) -> None:
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

    # ── values ───────────────────────────────────────────────────────────────

    def _named(self, uri: str) -> BlobStore:
        """Find the store of what a task has named, which need not be its own."""
        return on_behalf_of(self._state.id.project, self._services.blobs(uri))

    async def _load_value(self, command: cmd.LoadValue) -> None:
        self._spawn(self._read(command))

    async def _read(self, command: cmd.LoadValue) -> None:
        value, error = None, None
        try:
            whole = await fetch(_stored_at(command.uri), self._named)
            value = part_of(whole, command.path, {}) if command.path else whole
        except BlobUnavailable as busy:
            await self._try_again(command, busy.delay_s)
            return
        except (PlaitError, NoSuchPart) as failure:
            error = _final(failure)
        self._run.tell(st.ValueRead(self._now(), command.node, command.uri, command.path, value, error))

    async def _assemble_outputs(self, command: cmd.AssembleOutputs) -> None:
        node = self._state.nodes[command.node]
        array = node.array
        assert array is not None
        literal = Literal(value=Collection(literals=array.outputs.literals()))
        types = list(node.template.interface.output_types.values())
        if types:
            list_type = LiteralType(type=CollectionType(element=types[0]))
            prefix = outputs_prefix(self._state.id, node, self._services.blobs_root)
            literal = await offload(literal, list_type, prefix, self._services.blobs)
        self._lists.pop(node.id, None)
        self._run.tell(st.OutputsAssembled(self._now(), node.id, literal))

    # ── what there is already ────────────────────────────────────────────────

    async def _look_up_reference(self, command: cmd.LookUpReference) -> None:
        self._run.tell(await self._reference.look_up(self._state.nodes[command.node], self._now()))

    async def _look_up_cache(self, command: cmd.LookUpCache) -> None:
        node = self._state.nodes[command.node]
        released = self._listen(node.id)
        verdict, outputs, is_held = await self._cache.ask(node, None, node.inputs(), set())
        del self._looking[released]
        retry_at = None
        if is_held:
            retry_at = self._now() + (0 if released.is_set() else int(RESERVATION_POLL_S * 1e9))
        self._run.tell(st.CacheLookedUp(self._now(), node.id, verdict, outputs, retry_at))

    async def _look_up_elements(self, command: cmd.LookUpElements) -> None:
        node = self._state.nodes[command.node]
        released = self._listen(node.id)
        hits: list[tuple[int, Literal | None]] = []
        misses: list[int] = []
        held: list[int] = []
        making: set[str] = set()
        for element in command.elements:
            is_held = False
            outputs = await self._reference.output_of(node, element)
            if outputs is None and cache_policy(node) is not None:
                try:
                    inputs = await self._element_inputs(node, element)
                except UserError:  # they are gone, which is said when it is submitted
                    misses.append(element)
                    continue
                _, outputs, is_held = await self._cache.ask(node, element, inputs, making)
            if outputs is not None:
                hits.append((element, next(iter(outputs.values()), None)))
            else:
                (held if is_held else misses).append(element)
        if hits or misses:
            del self._looking[released]
            self._run.tell(st.ElementsLookedUp(self._now(), node.id, hits, tuple(misses), tuple(held)))
        else:
            self._spawn(self._look_up_later(command, released))

    async def _look_up_later(self, command: cmd.LookUpElements, released: asyncio.Event) -> None:
        """Ask again once a key is released, or after a while."""
        clock = self._services.clock
        ways = (released.wait(), clock.sleep_until(self._now() + int(RESERVATION_POLL_S * 1e9)))
        waits = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            del self._looking[released]
        self._run.recall(command)

    def _listen(self, node: NodeId) -> asyncio.Event:
        """Begin to hear of keys that *node* will wait for; word may come before the answer that it has to wait."""
        released = asyncio.Event()
        self._looking[released] = node
        return released

    def look_again(self, node: NodeId) -> None:
        """Hear that a key was released for which *node* waits."""
        for released, waiting in self._looking.items():
            if waiting == node:
                released.set()

    # ── children ─────────────────────────────────────────────────────────────

    async def _start_child(self, command: cmd.StartChild) -> None:
        node = self._state.nodes[command.node]
        try:
            inputs = node.inputs() if command.element is None else await self._element_inputs(node, command.element)
        except UserError as gone:
            error = attrs.evolve(_final(gone), node=node.id)
            self._run.tell(st.ChildEnded(self._now(), node.id, None, error, command.element))
        else:
            self._spawn(self._follow_child(command, node, inputs))

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
            error = _final(refusal)
        if error is not None:
            error = attrs.evolve(error, node=node.id)
        self._run.tell(st.ChildEnded(self._now(), node.id, outputs, error, command.element))

    async def _abort_child(self, command: cmd.AbortChild) -> None:
        self._spawn(self._stop_child(command))

    async def _stop_child(self, command: cmd.AbortChild) -> None:
        """Ask for the end of a child, once it is there to be asked: its start may still be on the way."""
        while command.key in self._state.open:
            try:
                await self._run.children.abort(command.execution, reason=f"its parent {self._state.id} stops")
            except ExecutionUnknown:
                await self._services.clock.sleep_until(self._now() + int(CHILD_POLL_S * 1e9))
            else:
                return

    def keep_fragment(self, attempt: AttemptId, result: Result) -> None:
        """Store the graph that an attempt made, and only then say that it has ended."""
        self._spawn(self._keep_fragment(attempt, result))

    async def _keep_fragment(self, attempt: AttemptId, result: Result) -> None:
        assert result.fragment is not None
        node, n, element = attempt.node, attempt.n, attempt.element
        fragment = _of_the_version_of(self._state.nodes[node].template, result.fragment)
        digest = await self._services.keep_fragment(fragment)
        self._run.end(attempt, st.AttemptEnded(self._now(), node, n, result, element, fragment=digest))

    async def _compile_fragment(self, command: cmd.CompileFragment) -> None:
        digest, placements, error = command.closure, {}, None
        try:
            digest, compiled = await self._services.complete(command.closure)
            self._run.closures[digest] = compiled
            placements = dict(self._services.place(compiled.closure))
        except CompileFailed as failure:
            error = TaskError(code="CompileFailed", message=str(failure), is_recoverable=False)
        self._run.tell(st.FragmentChecked(self._now(), command.node, command.n, digest, placements, error))

    async def call(self, caller: NodeId, n: int, call: ChildCall) -> ChildOutcome:
        """Run a child of an eager task, or find the one that answered the same call before, and wait for it."""
        node = self._state.nodes[caller]
        child = child_node_id(self._state, node, call.key, n)
        known = self._state.nodes.get(child)
        if known is not None and known.is_terminal:
            return self._outcome(known)
        waiter: asyncio.Future[ChildOutcome] = asyncio.get_running_loop().create_future()
        self._callers.setdefault(child, []).append(waiter)
        called = await complete_known(_of_the_version_of(node.template, call.closure), self._services.database.registry)
        digest, kept = await self._services.keep(called)
        self._run.closures[digest] = kept
        placements, target = self._services.place(kept.closure), kept.closure.main
        self._run.tell(st.Called(self._now(), caller, n, call.key, target, call.inputs, digest, placements))
        return await waiter

    def _outcome(self, node: NodeState) -> ChildOutcome:
        if node.error is None and node.phase in REUSABLE:
            return ChildOutcome(outputs=node.outputs)
        error = node.error or TaskError(code="Aborted", message=f"{node.id} was aborted", fault=Fault.SYSTEM)
        return ChildOutcome(error=error, exception=self._run.exceptions.get(NodeId(error.node or node.id)))


def _final(failure: Exception) -> TaskError:
    """Describe what no further attempt would change."""
    return TaskError(code=type(failure).__name__, message=str(failure), is_recoverable=False)


def _of_the_version_of(template: TaskTemplate, traced: Closure) -> Closure:
    """Give what a registered task traced while it ran the ids that the code around it was registered under, and the same bundle."""
    id_ = template.id
    if id_.version == LOCAL_VERSION:
        return traced
    from plait_core.compiler.versions import versioned

    (closure,) = versioned(
        [traced], project=id_.project, domain=id_.domain, version=id_.version, bundle=template.bundle
    )
    return closure


def _stored_at(uri: str) -> Literal:
    return Literal(value=Offloaded(uri=uri, size_bytes=0, type=NONE, digest=""))


def _elements_of(literal: Literal) -> Sequence[Literal]:
    value = literal.value
    while isinstance(value, UnionValue):
        value = value.value.value
    assert isinstance(value, Collection)
    return value.literals
