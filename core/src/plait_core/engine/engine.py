"""
``Engine``: launches executions, waits for them, signals and aborts them, and goes on with those it finds.

Public: embedded by programs, by the CLI, and by the server. Holds no globals; any number live in one process. What it uses
is given to it or found through plugins by settings.
"""

import asyncio
import atexit
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import attrs

from plait_core.authoring.entities import Entity
from plait_core.authoring.interfaces import REQUIRED
from plait_core.authoring.secret_values import asking
from plait_core.engine._calling import literals_of, raise_failure, values_of
from plait_core.engine._channels import EngineChannel
from plait_core.engine._children import Ending
from plait_core.engine._clocks import HostClock
from plait_core.engine._connectors import ConnectorExecutor, connector_executor_spec
from plait_core.engine._executors import Executors
from plait_core.engine._gates import misfit_of
from plait_core.engine._inbox import stimulus_of, to_posted
from plait_core.engine._launching import plan_launch
from plait_core.engine._leases import Lessee
from plait_core.engine._patience import PatientDatabase
from plait_core.engine._recovery import reopen
from plait_core.engine._run import Run, load
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.engine._stimuli import AbortAsked, Launched, Signalled, Stimulus
from plait_core.errors.engine import (
    ExecutionExists,
    ExecutionOwned,
    InvalidSignal,
    OwnershipLost,
    UnknownExecution,
    UnknownExecutor,
)
from plait_core.ir.executions import Closure, ExecutionMode, ExecutionSpec
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeExecutionId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ir.units import Unit
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database, ExecutionRow
from plait_core.ports.executors import Executor, Performed, Report
from plait_core.ports.pools import is_abandoned, local_pool
from plait_core.ports.specs import BlobAccess, ConnectorSpec, ExecutorContext, ExecutorSpec
from plait_core.types import TypeEngine
from plait_core.worker import WorkerServices, perform

if TYPE_CHECKING:
    from plait_core.ports.api import RerunPlan

CHILD_POLL_NS = 1_000_000_000
"""How often an engine looks after a child execution that another engine drives."""


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
    ) -> None:
        self._plugins = plugins or Plugins.load(settings)
        self._settings = settings or self._plugins.settings
        self._types = types or TypeEngine(self._plugins.transformer_specs, self._plugins.dataset_format_specs)
        self._given = (database, blobs, clock or HostClock(), executors)
        self._entities: dict[EntityId, Entity[Any, Any]] = {}
        self._runs: dict[ExecutionId, Run] = {}
        self._drives: dict[ExecutionId, asyncio.Task[None]] = {}
        self._post: asyncio.Task[None] | None = None
        self._open: Services | None = None
        self._is_orderly = True

    async def __aenter__(self) -> Self:
        """Connect to the store; executors are made when a unit needs them."""
        database, blobs, clock, executors = self._given
        plugins, settings = self._plugins, self._settings
        database = database or plugins.database(settings.store)
        await database.open()
        self._database = database
        access = blobs or plugins.blob_store
        self._returned = self._types.context(f"{settings.blobs.rstrip('/')}/raw/outputs", access)
        atexit.register(self._returned.close)  # what is returned outlives the engine, and may be looked at any time
        specs, makers = self._executors(executors, access, clock)
        self._executor_set = Executors(makers, self._hear)
        owner = uuid4().hex
        self._open = Services(
            plugins=plugins,
            types=self._types,
            database=PatientDatabase(database, clock) if database.is_durable else database,
            blobs=access,
            blobs_root=settings.blobs.rstrip("/"),
            clock=clock,
            executors=self._executor_set,
            executor_specs=specs,
            pool=local_pool(),
            owner=owner,
            cache_mode=settings.cache,
        )
        self._worker = WorkerServices(
            plugins=plugins,
            types=self._types,
            blobs=access,
            secrets=asking(plugins.secret_providers),
            entities=self._entities,
            channel=self._channel,
            worker=f"inline:{os.getpid()}",
        )
        self._lessee = Lessee(database, clock, owner=owner, pool=self._open.pool)
        await self._lessee.start()
        if database.is_durable:
            self._post = asyncio.get_running_loop().create_task(self._read_post(), name="inbox")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop driving. What was committed stays; executions that are not done can be resumed."""
        tasks = [*self._drives.values(), *([self._post] if self._post else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._executor_set.close()
        await self._lessee.stop(releases=self._is_orderly)
        await self._services.database.close()
        self._open = None

    async def stop_renewing(self) -> None:
        """Let the lease run out, as a process does that is stopped for a while. For tests of what others make of it."""
        await self._lessee.stop(releases=False)

    async def vanish(self) -> None:
        """Close as a crash would: without giving the lease up. For tests of what others make of it."""
        self._is_orderly = False
        await self.__aexit__()

    @property
    def _services(self) -> Services:
        assert self._open is not None, "use the engine as an async context manager"
        return self._open

    @property
    def database(self) -> Database:
        """The store, for reading; it says at once when it is unavailable."""
        return self._database

    @property
    def settings(self) -> Settings:
        """What the engine was told to use."""
        return self._settings

    @property
    def plugins(self) -> Plugins:
        """What is installed."""
        return self._plugins

    @property
    def clock(self) -> Clock:
        """Time."""
        return self._given[2]

    @property
    def blobs(self) -> BlobAccess:
        """Finds the blob store of a URI."""
        return self._services.blobs

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
    ) -> ExecutionId:
        """
        Record an execution and begin to drive it; from the return on, nothing of it is lost.

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

        Raises:
            CompileFailed: the graph has faults, or nothing can run one of its tasks.
            InvalidInputs: inputs are missing, unknown or fixed.
            ExecutionExists: the name is taken.
        """
        closure = self._traced(target)
        if isinstance(target, Entity):
            inputs = {**self._defaults(target, inputs), **inputs}
        launch = plan_launch(
            closure,
            inputs,
            self._with_defaults(options),
            mode=mode,
            principal=principal,
            scheduled_at_ns=scheduled_at_ns,
            reference=reference,
            reuses=rerun is not None,
            rerun=tuple(rerun or ()),
        )
        id_ = ExecutionId(
            project=self._settings.project, domain=self._settings.domain, name=name or "f" + uuid4().hex[:19]
        )
        if name and await self._services.database.views.execution(id_) is not None:
            raise ExecutionExists(execution=name)
        run = await self._begin(id_, launch.closure, launch.spec)
        await self._committed(run)
        return id_

    async def wait(self, execution: ExecutionId) -> Ending:
        """
        Return how an execution of this engine ended, once it has.

        Raises ``UnknownExecution`` when this engine does not drive it, and what stopped the drive if something did.
        """
        if execution not in self._runs:
            raise UnknownExecution(execution=str(execution))
        await asyncio.shield(self._drives[execution])
        return self._runs[execution].ending()

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
            self._traced(target)
        drive = self._drives.get(execution)
        if drive is not None and (not drive.done() or self._runs[execution].state.is_terminal):
            return
        services = self._services
        row = await services.database.views.execution(execution)
        if row is None:
            raise UnknownExecution(execution=str(execution))
        if row.phase not in TERMINAL_EXECUTION:
            await self._claim(row)
        state = await load(services, execution)
        run = self._runs[execution] = Run(services, state, self)
        if not state.is_terminal:
            await reopen(run)
        run.committed.set()
        self._drives[execution] = asyncio.get_running_loop().create_task(run.drive(), name=str(execution))

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
    ) -> ExecutionId:
        """
        Launch an execution that repeats an earlier one from *nodes*: templates, inputs and options are those it had.

        *target* is the entity it was launched from, where tasks are not importable by their location. Raises what ``plan_rerun`` raises.
        """
        await self.plan_rerun(execution, nodes)
        return await self._repeat(
            execution, {}, target, mode=ExecutionMode.RECOVERED, rerun=nodes, name=name, principal=principal
        )

    async def relaunch(
        self,
        execution: ExecutionId,
        inputs: LiteralMap = MappingProxyType({}),
        *,
        target: Entity[Any, Any] | None = None,
        name: str = "",
        principal: str = "",
    ) -> ExecutionId:
        """Launch what an earlier execution ran, with its user inputs; *inputs* replace those of the same name."""
        return await self._repeat(
            execution, inputs, target, mode=ExecutionMode.RELAUNCH, name=name, principal=principal
        )

    async def _repeat(
        self, execution: ExecutionId, inputs: LiteralMap, target: Entity[Any, Any] | None, **rest: Any
    ) -> ExecutionId:
        from plait_core.engine._rerunning import repeated

        if target is not None:
            self._traced(target)
        closure, spec = repeated(await self.state(execution))
        inputs = {**spec.user_inputs, **inputs}
        return await self.launch(closure, inputs, options=spec.options, reference=execution, **rest)

    async def signal(self, execution: ExecutionId, signal_id: str, value: Literal, *, principal: str = "") -> None:
        """
        Hand a value to a gate, wherever the execution is driven; one that comes before its gate waits for it.

        Raises ``UnknownExecution``, and ``InvalidSignal`` when the gate waits for a value of another type.
        """
        for node in (await self.state(execution)).waiting.get(signal_id, ()):
            if not node.is_terminal and (reason := misfit_of(node, value)):
                raise InvalidSignal(execution=str(execution), signal=signal_id, reason=reason)
        now = self._services.clock.now_ns()
        await self._deliver(execution, f"signal:{signal_id}", Signalled(now, signal_id, value, principal))

    async def abort(self, execution: ExecutionId, *, reason: str, principal: str = "") -> None:
        """Ask an execution to end, wherever it is driven; its attempts are stopped."""
        now = self._services.clock.now_ns()
        await self._deliver(execution, "abort", AbortAsked(now, reason, principal))

    async def state(self, execution: ExecutionId) -> ExecutionState:
        """Return an execution's state, folded from its log: for reading only."""
        run = self._runs.get(execution)
        if run is not None:
            return run.state
        if await self._services.database.views.execution(execution) is None:
            raise UnknownExecution(execution=str(execution))
        return await load(self._services, execution)

    def run_bodies_in(self, run_body: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        """Have *run_body* run the bodies of plain functions: for a loop in a thread that no user code should notice."""
        self._worker = attrs.evolve(self._worker, run_body=run_body)

    def driving(self) -> Sequence[ExecutionId]:
        """Return the executions that this engine drives, in order of their beginning."""
        return [id_ for id_, drive in self._drives.items() if not drive.done()]

    def forget(self, execution: ExecutionId) -> None:
        """Drop what is kept in memory of an execution that has ended."""
        drive = self._drives.get(execution)
        if drive is not None and drive.done():
            del self._drives[execution]
            del self._runs[execution]

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
        if execution not in self._runs and await self._services.database.views.execution(execution) is None:
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
            await self._begin(execution, launch.closure, launch.spec)
        while True:
            try:
                await self.resume(execution)
                ending = await self.wait(execution)
            except (ExecutionOwned, OwnershipLost):
                self.forget(execution)
                clock = self._services.clock
                await clock.sleep_until(clock.now_ns() + CHILD_POLL_NS)
            else:
                self.forget(execution)
                return ending

    # ── inside ───────────────────────────────────────────────────────────────

    def _traced(self, target: Entity[Any, Any] | Closure) -> Closure:
        if isinstance(target, Closure):
            return target
        from plait_core.authoring.tracing import trace

        traced = trace(target)
        self._entities.update(traced.entities)
        return traced.closure

    def _with_defaults(self, options: ExecutionOptions) -> ExecutionOptions:
        if options.max_parallelism is None and self._settings.max_parallelism is not None:
            options = attrs.evolve(options, max_parallelism=self._settings.max_parallelism)
        if options.overwrite_cache is None and self._settings.cache == "overwrite":
            options = attrs.evolve(options, overwrite_cache=True)
        return options

    def _defaults(self, target: Entity[Any, Any], given: LiteralMap) -> LiteralMap:
        """Return the defaults of a task's own parameters; those of workflows and plans are in their templates."""
        if target.kind is not EntityKind.TASK:
            return {}
        context = self._types.context("", self.blobs)
        return {
            name: self._types.converter(declared.type).to_literal(declared.default, context)
            for name, declared in target.python_interface.inputs.items()
            if name not in given and declared.default is not REQUIRED
        }

    async def _begin(self, id_: ExecutionId, closure: Closure, spec: ExecutionSpec) -> Run:
        services = self._services
        digest = await services.keep(closure)
        placements = services.place(closure)
        state = ExecutionState(id=id_, library=services.library)
        run = self._runs[id_] = Run(services, state, self)
        run.tell(Launched(services.clock.now_ns(), spec, digest, placements))
        self._drives[id_] = asyncio.get_running_loop().create_task(run.drive(), name=str(id_))
        return run

    async def _claim(self, row: ExecutionRow) -> None:
        """Become the owner; the log says so from its next event on."""
        leases = self._services.database.leases
        owner = await leases.owner_of(row.id)
        if owner == self._services.owner:
            return
        if owner is not None and is_abandoned(row.pool):
            await leases.release(owner)  # its process is gone: no need to wait until the lease runs out
        if not await leases.claim(self._services.owner, pool=row.pool, limit=1, execution=row.id):
            raise ExecutionOwned(execution=str(row.id), pool=row.pool)

    async def _committed(self, run: Run) -> None:
        """Wait for the first commit, or for what prevented it."""
        drive = self._drives[run.state.id]
        committed = asyncio.ensure_future(run.committed.wait())
        try:
            await asyncio.wait([committed, drive], return_when=asyncio.FIRST_COMPLETED)
        finally:
            committed.cancel()
        if drive.done() and not run.committed.is_set():
            drive.result()

    async def _deliver(self, execution: ExecutionId, key: str, stimulus: Stimulus) -> None:
        run = self._runs.get(execution)
        if run is not None:
            run.tell(stimulus)
            return
        await self._services.database.inbox.post(execution, to_posted(key, stimulus))

    async def _read_post(self) -> None:
        inbox, owner = self._services.database.inbox, self._services.owner
        told: set[tuple[ExecutionId, str]] = set()
        while True:
            await inbox.wait(owner, timeout_s=1.0)
            for execution, posted in await inbox.pending(owner):
                run = self._runs.get(execution)
                if run is not None and (execution, posted.key) not in told:
                    told.add((execution, posted.key))
                    run.tell(stimulus_of(posted, self._services.clock.now_ns()), posted=posted.key)

    def _hear(self, report: Report) -> None:
        run = self._runs.get(report.attempt.execution)
        if run is not None:
            run.hear(report)

    def _perform(self, unit: Unit) -> Awaitable[Performed]:
        return perform(unit, self._worker)

    def _channel(self, attempt: AttemptId) -> EngineChannel:
        return EngineChannel(self._runs[attempt.execution], attempt)

    def _executors(
        self, given: Sequence[tuple[ExecutorSpec, Executor]] | None, blobs: BlobAccess, clock: Clock
    ) -> tuple[Sequence[ExecutorSpec], Mapping[str, Any]]:
        makers: dict[str, Any] = {
            connector_executor_spec(type_).name: lambda type_=type_: ConnectorExecutor(
                self._plugins.connector(type_), clock=clock, blobs=blobs, prefix=self._settings.blobs
            )
            for type_, spec in self._plugins.task_types().items()
            if isinstance(spec, ConnectorSpec)
        }
        if given is not None:
            makers |= {spec.name: lambda executor=executor: executor for spec, executor in given}
            return [spec for spec, _ in given], makers
        known = self._plugins.executor_specs()
        specs = []
        for name in self._settings.executors:
            if name not in known:
                raise UnknownExecutor(executor=name, known=tuple(sorted(known)))
            specs.append(known[name])
            makers[name] = lambda spec=known[name]: self._make(spec, blobs, clock)
        return specs, makers

    def _make(self, spec: ExecutorSpec, blobs: BlobAccess, clock: Clock) -> Executor:
        context = ExecutorContext(
            perform=self._perform,
            blobs=blobs,
            clock=clock,
            settings=self._plugins.executor_settings(spec.name),
            directory=f"{self._settings.home}/executors/{spec.name}",
            host=self._settings.plain(),
            secrets=self._worker.secrets,
            channel=self._channel,
        )
        made: Executor = self._plugins.make(spec.factory, context)
        return made
