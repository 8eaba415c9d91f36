"""
``Engine``: launches executions, waits for them, signals and aborts them, and goes on with those it finds.

Public: embedded by programs, by the CLI, and by the server. Holds no globals; any number live in one process. What it uses
is given to it or found through plugins by settings.
"""

import atexit
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from uuid import uuid4

import attrs

from plait_core.authoring.entities import Entity
from plait_core.engine._assembly import Assembly, Plan
from plait_core.engine._calling import literals_of, raise_failure, values_of
from plait_core.engine._children import Ending
from plait_core.engine._clocks import HostClock
from plait_core.engine._driving import Driving
from plait_core.engine._gates import check_answer, misfit_of
from plait_core.engine._inbox import to_posted
from plait_core.engine._launching import check_asked, plan_launch
from plait_core.engine._loading import load
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.engine._stimuli import AbortAsked, Signalled, Stimulus
from plait_core.engine._targets import Targets
from plait_core.errors.engine import ExecutionExists, InvalidSignal, UnknownExecution
from plait_core.ir.executions import Closure, ExecutionMode, ExecutionSpec
from plait_core.ir.ids import EntityId, ExecutionId, NodeExecutionId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.clock import Clock
from plait_core.ports.databases import AuditLine, Database
from plait_core.ports.executors import Executor
from plait_core.ports.pools import local_pool
from plait_core.ports.specs import BlobAccess, ExecutorSpec
from plait_core.types import TypeEngine

if TYPE_CHECKING:
    from plait_core.ports.api import RerunPlan

Told: TypeAlias = Callable[[ExecutionId], AuditLine]
"""Makes the line of the audit trail about a new execution."""


class Engine:
    """
    Runs executions. Use as an async context manager.

    Args:
        settings: What to use; those of the plugins by default, else discovered from the working directory.
        plugins: What is installed; loaded by *settings* by default.
        types: Conversions; those that *plugins* offer by default.
        database: Where executions are recorded; opened by the settings' ``store`` URL by default, and closed with the engine.
        blobs: Finds blob stores; by plugins by default.
        clock: Time; the host's by default.
        executors: Executors by name, with their specs, in place of those that settings name.
        pool: Whose executions it drives; by default those of this process alone.
        adopts: Whether it drives what other engines of the pool leave, and leaves them what sleeps, as servers do.
        leaves_to_others: Whether it leaves to other engines of the pool what is launched through it.

    Raises ``ExecutorNotIsolated`` when it opens, if tasks would run in its own process although the pool is a shared one.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        plugins: Plugins | None = None,
        types: TypeEngine | None = None,
        database: Database | None = None,
        blobs: BlobAccess | None = None,
        clock: Clock | None = None,
        executors: Sequence[tuple[ExecutorSpec, Executor]] | None = None,
        pool: str = "",
        adopts: bool = False,
        leaves_to_others: bool = False,
    ) -> None:
        self._plugins = plugins or Plugins.load(settings)
        self._settings = settings or self._plugins.settings
        self._types = types or TypeEngine(self._plugins.transformer_specs, self._plugins.dataset_format_specs)
        self._targets = Targets(self._settings, self._types)
        self._plan = Plan(
            plugins=self._plugins,
            settings=self._settings,
            types=self._types,
            clock=clock or HostClock(),
            pool=pool or local_pool(),
            adopts=adopts,
            entities=self._targets.entities,
            database=database,
            blobs=blobs,
            executors=executors,
        )
        self.leaves_to_others = leaves_to_others
        """Whether what is launched here is for other engines of the pool to drive."""
        self._open: Assembly | None = None

    async def __aenter__(self) -> Self:
        """Connect to the store; executors are made when a unit needs them."""
        parts = Assembly(self._plan)
        await parts.open(self, owns=not self.leaves_to_others)
        self._open = parts
        self._returned = self._types.context(f"{self._services.blobs_root}/raw/outputs", self.blobs)
        atexit.register(self._returned.close)  # what is returned outlives the engine, and may be looked at any time
        return self

    async def __aexit__(self, *_: object) -> None:
        """
        Stop driving. What was committed stays, and other engines of the pool go on with it at once.

        Attempts go on where their executor outlives the engine; an execution of this process alone can be resumed.
        """
        await self._parts.close()
        self._open = None

    async def stop_renewing(self) -> None:
        """Let the lease run out, as a process does that is stopped for a while. For tests of what others make of it."""
        await self._parts.lessee.stop(releases=False)

    async def vanish(self) -> None:
        """Close as a crash would: without giving the lease up. For tests of what others make of it."""
        await self._parts.close(gives_lease_up=False)
        self._open = None

    @property
    def _parts(self) -> Assembly:
        assert self._open is not None, "use the engine as an async context manager"
        return self._open

    @property
    def _services(self) -> Services:
        return self._parts.services

    @property
    def _driving(self) -> Driving:
        return self._parts.driving

    @property
    def database(self) -> Database:
        """The store, for reading; it says at once when it is unavailable."""
        return self._parts.database

    @property
    def settings(self) -> Settings:
        """What the engine was told to use."""
        return self._settings

    @property
    def executor_specs(self) -> Sequence[ExecutorSpec]:
        """The executors that tasks are placed on, in order of preference."""
        return self._services.executor_specs

    @property
    def plugins(self) -> Plugins:
        """What is installed."""
        return self._plugins

    @property
    def clock(self) -> Clock:
        """Time."""
        return self._plan.clock

    @property
    def blobs(self) -> BlobAccess:
        """Finds the blob store of a URI."""
        return self._services.blobs

    @property
    def pool(self) -> str:
        """Whose executions it drives, or leaves to others."""
        return self._plan.pool

    @property
    def types(self) -> TypeEngine:
        """Conversions between Python values and literals, with this engine's plugins."""
        return self._services.types

    # ── executions ───────────────────────────────────────────────────────────

    async def launch(
        self,
        target: Entity[Any, Any] | Closure,
        inputs: LiteralMap,
        *,
        options: ExecutionOptions = ExecutionOptions(),  # noqa: B008  # frozen
        name: str = "",
        mode: ExecutionMode = ExecutionMode.MANUAL,
        principal: str = "",
        scheduled_at_ns: int | None = None,
        reference: ExecutionId | None = None,
        rerun: Sequence[NodeId] | None = None,
        project: str = "",
        domain: str = "",
        audit: Told | None = None,
    ) -> ExecutionId:
        """
        Record an execution and begin to drive it, or leave it to others; from the return on, nothing of it is lost.

        Args:
            target: An entity of this process, or templates alone (whose code executors can reach).
            inputs: By input name; defaults and fixed values are merged in.
            options: Labels, limits, cache and more.
            name: Of the execution; made up by default.
            mode: Who asks for it.
            principal: On whose behalf.
            scheduled_at_ns: The tick that asked for it.
            reference: The execution that is repeated; see ``recover``, ``rerun`` and ``relaunch``, which name it.
            rerun: Reuse what succeeded in *reference*, but for these nodes and what depends on them; ``None`` reuses nothing.
            project: Where the execution belongs; by default, where the settings say.
            domain: The same.
            audit: Makes the line of the audit trail that is left along with it.

        Raises:
            CompileFailed: the graph has faults, or nothing can run one of its tasks.
            InvalidInputs: inputs are missing, unknown or fixed.
            InvalidLaunch: a name or an option is nothing that can be recorded, or means nothing.
            ExecutionExists: the name is taken.
        """
        planned = await self._planned(
            target,
            inputs,
            options=options,
            name=name,
            project=project,
            domain=domain,
            mode=mode,
            principal=principal,
            scheduled_at_ns=scheduled_at_ns,
            reference=reference,
            reuses=rerun is not None,
            rerun=tuple(rerun or ()),
        )
        line = audit(planned[0]) if audit else None
        await (
            self._driving.enlist(*planned, audit=line)
            if self.leaves_to_others
            else self._driving.begin(*planned, audit=line)
        )
        return planned[0]

    async def enlist(
        self,
        target: Entity[Any, Any] | Closure,
        inputs: LiteralMap,
        *,
        options: ExecutionOptions = ExecutionOptions(),  # noqa: B008  # frozen
        name: str = "",
        project: str = "",
        domain: str = "",
        **spec: Any,
    ) -> ExecutionId:
        """
        Record an execution for whichever engine of the pool claims it first; the arguments are those of ``launch``.

        Raises what ``launch`` raises.
        """
        planned = await self._planned(
            target, inputs, options=options, name=name, project=project, domain=domain, **spec
        )
        await self._driving.enlist(*planned)
        return planned[0]

    async def wait(self, execution: ExecutionId) -> Ending:
        """
        Return how an execution of this engine, or of the pool that it shares, ended, once it has.

        Raises ``UnknownExecution``, and what stopped the drive if something did.
        """
        if not (self._plan.adopts or self.leaves_to_others or execution in self._driving.runs):
            raise UnknownExecution(execution=str(execution))
        return await self._driving.ending(execution)

    async def run(self, target: Entity[Any, Any] | Closure, inputs: LiteralMap, **rest: Any) -> Ending:
        """Launch and wait; forgets the execution afterwards. The arguments are those of ``launch``."""
        execution = await self.launch(target, inputs, **rest)
        try:
            return await self.wait(execution)
        finally:
            self.forget(execution)

    async def call(self, entity: Entity[Any, Any], args: Sequence[Any], kwargs: Mapping[str, Any], **rest: Any) -> Any:
        """
        Run *entity* with Python values and return what it returns; *rest* goes to ``launch``.

        Raises the task's own exception when one made the execution fail, else ``ExecutionFailed``.
        """
        services = self._services
        prefix = f"{services.blobs_root}/raw/inputs/{uuid4().hex}"
        with closing(services.types.context(prefix, services.blobs)) as context:
            inputs = literals_of(entity, args, kwargs, services.types, context)
        ending = await self.run(entity, inputs, **rest)
        raise_failure(ending)
        assert ending.outputs is not None
        return await self.values(entity, ending.outputs)

    async def values(self, entity: Entity[Any, Any], outputs: LiteralMap) -> Any:
        """Convert the outputs of an execution of *entity* to what a call of it returns."""
        return await values_of(entity, outputs, self._types, self._returned)

    async def resume(self, execution: ExecutionId, *, target: Entity[Any, Any] | None = None) -> None:
        """
        Take over an execution whose engine is gone, and go on from its last committed turn.

        *target* is the entity it was launched from, where tasks are not importable by their location.

        Raises ``UnknownExecution``, and ``ExecutionOwned`` while another engine drives it.
        """
        if target is not None:
            self._targets.traced(target)
        await self._driving.resume(execution)

    async def plan_rerun(self, execution: ExecutionId, nodes: Sequence[NodeId] = ()) -> "RerunPlan":
        """
        Say what ``rerun`` would reuse of an execution that has ended and what it would run again; without *nodes*, ``recover``.

        Raises ``UnknownExecution``, ``NotRepeatable`` and ``UnknownNodes``.
        """
        from plait_core.engine._rerunning import plan_rerun

        return plan_rerun(await self.state(execution), nodes)

    async def recover(self, execution: ExecutionId, **rest: Any) -> ExecutionId:
        """Launch an execution that takes over what succeeded in a failed one and runs the rest again; see ``rerun``."""
        return await self.rerun(execution, (), **rest)

    async def rerun(
        self,
        execution: ExecutionId,
        nodes: Sequence[NodeId],
        *,
        target: Entity[Any, Any] | None = None,
        name: str = "",
        principal: str = "",
        audit: Told | None = None,
    ) -> ExecutionId:
        """
        Launch an execution that repeats an earlier one from *nodes*: templates, inputs and options are those it had.

        *target* is the entity it was launched from, where tasks are not importable by their location. Raises what ``plan_rerun`` raises.
        """
        await self.plan_rerun(execution, nodes)
        return await self._repeat(
            execution,
            {},
            target,
            mode=ExecutionMode.RECOVERED,
            rerun=nodes,
            name=name,
            principal=principal,
            audit=audit,
        )

    async def relaunch(
        self,
        execution: ExecutionId,
        inputs: LiteralMap = MappingProxyType({}),
        *,
        options: ExecutionOptions = ExecutionOptions(),  # noqa: B008  # frozen
        target: Entity[Any, Any] | None = None,
        name: str = "",
        principal: str = "",
        audit: Told | None = None,
    ) -> ExecutionId:
        """
        Launch what an earlier execution ran, with its user inputs; *inputs* replace those of the same name.

        Its options hold but for those that *options* set, and but for overwriting the cache, which is asked for each time.
        """
        return await self._repeat(
            execution,
            inputs,
            target,
            asked=options,
            mode=ExecutionMode.RELAUNCH,
            name=name,
            principal=principal,
            audit=audit,
        )

    async def _repeat(
        self,
        execution: ExecutionId,
        inputs: LiteralMap,
        target: Entity[Any, Any] | None,
        *,
        asked: ExecutionOptions | None = None,
        **rest: Any,
    ) -> ExecutionId:
        from plait_core.engine._rerunning import asked_again, repeated

        if asked is not None:
            check_asked(asked)
        if target is not None:
            self._targets.traced(target)
        closure, spec = repeated(await self.state(execution))
        inputs = {**spec.user_inputs, **inputs}
        return await self.launch(
            closure,
            inputs,
            options=spec.options if asked is None else asked_again(spec.options, asked),
            reference=execution,
            project=execution.project,
            domain=execution.domain,
            **rest,
        )

    async def signal(
        self,
        execution: ExecutionId,
        signal_id: str,
        value: Literal,
        *,
        principal: str = "",
        audit: AuditLine | None = None,
    ) -> None:
        """
        Hand a value to a gate, wherever the execution is driven; one that comes before its gate waits for it.

        Raises ``UnknownExecution``, and ``InvalidSignal`` when the gate waits for a value of another type.
        """
        check_answer(str(execution), signal_id, value, principal)
        for node in (await self.state(execution)).waiting.get(signal_id, ()):
            if not node.is_terminal and (reason := misfit_of(node, value)):
                raise InvalidSignal(execution=str(execution), signal=signal_id, reason=reason)
        now = self._services.clock.now_ns()
        await self._deliver(execution, f"signal:{signal_id}", Signalled(now, signal_id, value, principal), audit)

    async def abort(
        self, execution: ExecutionId, *, reason: str, principal: str = "", audit: AuditLine | None = None
    ) -> None:
        """Ask an execution to end, wherever it is driven; its attempts are stopped."""
        now = self._services.clock.now_ns()
        await self._deliver(execution, "abort", AbortAsked(now, str(reason), str(principal)), audit)

    async def state(self, execution: ExecutionId) -> ExecutionState:
        """
        Return an execution's state, folded from its log: for reading only.

        One that is driven here may be ahead of the log by the turn that is being committed, but not by the one that ends it.
        """
        run = self._driving.runs.get(execution)
        if run is not None and run.has_ended == run.state.is_terminal:
            return run.state
        if await self._services.database.views.execution(execution) is None:
            raise UnknownExecution(execution=str(execution))
        return await load(self._services, execution)

    def run_bodies_in(self, run_body: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        """Have *run_body* run the bodies of plain functions: for a loop in a thread that no user code should notice."""
        self._parts.worker = attrs.evolve(self._parts.worker, run_body=run_body)

    def driving(self) -> Sequence[ExecutionId]:
        """Return the executions that this engine drives, in order of their beginning."""
        return self._driving.recorded()

    def forget(self, execution: ExecutionId) -> None:
        """Drop what is kept in memory of an execution that has ended."""
        self._driving.forget(execution)

    # ── children ─────────────────────────────────────────────────────────────

    async def run_child(
        self,
        execution: ExecutionId,
        closure: Closure,
        plan: EntityId,
        inputs: LiteralMap,
        *,
        parent: NodeExecutionId,
        spec: ExecutionSpec,
        reference: ExecutionId | None = None,
    ) -> Ending:
        """Start *plan* on behalf of a node unless that was done before, and wait for its end, whoever drives it."""
        if execution not in self._driving.runs and await self._services.database.views.execution(execution) is None:
            launch = plan_launch(
                attrs.evolve(closure, main=plan),
                inputs,
                attrs.evolve(spec.options, max_parallelism=None, tags=()),
                mode=ExecutionMode.CHILD_WORKFLOW,
                principal=spec.principal,
                nesting=spec.nesting + 1,
                parent=parent,
                reference=reference,
                reuses=reference is not None,
            )
            with suppress(ExecutionExists):  # an earlier owner of the parent started it, and was not heard
                await self._driving.begin(execution, launch.closure, launch.spec)
        return await self._driving.child_ending(execution)

    # ── inside ───────────────────────────────────────────────────────────────

    async def _planned(
        self,
        target: Entity[Any, Any] | Closure,
        inputs: LiteralMap,
        *,
        options: ExecutionOptions,
        name: str,
        project: str,
        domain: str,
        **spec: Any,
    ) -> tuple[ExecutionId, Closure, ExecutionSpec]:
        """Name a new execution and say what it is to run; *spec* are further fields of its ``ExecutionSpec``."""
        execution = ExecutionId(
            project=project or self._settings.project,
            domain=domain or self._settings.domain,
            name=name or "f" + uuid4().hex[:19],
        )
        check_asked(options, execution, spec)
        registry = self._services.database.registry
        launch = await self._targets.launch(target, inputs, options, blobs=self.blobs, registry=registry, **spec)
        if name and await self._services.database.views.execution(execution) is not None:
            raise ExecutionExists(execution=name)
        return execution, launch.closure, launch.spec

    async def _deliver(self, execution: ExecutionId, key: str, stimulus: Stimulus, audit: AuditLine | None) -> None:
        """Leave a message where it outlives this process; without a durable store there is nobody but a run to tell."""
        run = self._driving.runs.get(execution)
        if run is not None and not self._services.database.is_durable:
            run.tell(stimulus)
            if audit is not None:
                await self._services.database.accounts.audit(audit)
        else:
            await self._services.database.inbox.post(execution, to_posted(key, stimulus), audit=audit)
