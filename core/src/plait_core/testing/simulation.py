"""
Deterministic simulation: the real engine, over in-memory ports, on virtual time, with chance from one seed.

A seed makes a graph, and a world (``mishaps``) in which executors are slow, forgetful and repeat themselves, the store is slow
and fails before or after it commits, people abort, and engines freeze or crash at any point and are replaced. Several engines may
share a pool of several graphs. Whatever happens, the ``laws`` hold, and what comes out is what a plain sequential ``evaluation``
says. A broken law raises ``LawBroken``.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import attrs

from plait_core.engine import Engine
from plait_core.errors import PlaitError, Retryable
from plait_core.errors.engine import ExecutionExists, ExecutionOwned, UnknownExecution
from plait_core.hookspecs import hookimpl
from plait_core.ir import events as ev
from plait_core.ir.ids import ExecutionId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import CommandLine
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.databases import NOBODY, Append
from plait_core.ports.specs import TaskKindSpec
from plait_core.testing.arithmetic import TYPE
from plait_core.testing.evaluation import expected, signal_value
from plait_core.testing.graphs import Case, random_case
from plait_core.testing.laws import breaches_of_history, breaches_of_state, breaches_of_turn
from plait_core.testing.mishaps import CALM, SECOND_NS, USUAL, FaultyDatabase, Odds, Process, World
from plait_core.testing.simulated_executor import SPEC, SimulatedExecutor

PATIENCE_S = 6 * 3600
"""How much virtual time an execution may take before it counts as stuck."""

FAR = 1_000_000
"""How far apart the seeds of the executions of one simulation are."""

POOL = "shared"
"""The pool of several engines; one alone has its own."""


class LawBroken(AssertionError):
    """A law of the engine does not hold; the text says which, and for which seed."""


class ArithmeticKind:
    """The task kind of ``testing.arithmetic``: simulated executors know what to do from the template."""

    def render(self, template: TaskTemplate, *, bundle: str) -> CommandLine:
        """Name the operation."""
        return CommandLine(argv=(str(template.custom["op"]),))

    async def run(self, entity: Any, inputs: Any) -> Any:
        """Never called: simulated executors evaluate templates."""
        raise NotImplementedError


class ArithmeticPlugin:
    """The plugin that offers it."""

    @hookimpl
    def plait_task_kinds(self) -> Sequence[TaskKindSpec]:
        """Offer the kind."""
        return (TaskKindSpec(type=TYPE, factory="plait_core.testing.simulation:ArithmeticKind"),)


def plugins() -> Plugins:
    """Make the registry that simulations share: the arithmetic kind, and nothing that is installed."""
    settings = Settings(allow_plugins=("nothing",), blobs="memory://blobs", store="memory://")
    return Plugins.load(settings, extra=[ArithmeticPlugin()])


class Simulation:
    """One seed, from launch to the checking of the laws."""

    def __init__(
        self,
        seed: int,
        *,
        size: int = 8,
        odds: Odds = USUAL,
        registry: Plugins | None = None,
        n_engines: int = 1,
        n_executions: int = 1,
    ) -> None:
        """
        Prepare the cases of *seed*, with about *size* nodes each, for engines that share them when there are several.

        The first case is there twice, so that two executions want the same values at a time.
        """
        self.seed = seed
        self.cases: Mapping[ExecutionId, Case] = {
            ExecutionId(name=f"sim{seed}-{number}"): random_case(seed + max(0, number - 1) * FAR, size)
            for number in range(n_executions)
        }
        self.world = World(seed, odds)
        self.n_processes = 0
        self._n_engines = n_engines
        self._registry = registry or plugins()
        self._engines: list[Engine] = []
        self._life: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Run to the end; raises ``LawBroken``."""
        asyncio.run(self._run())

    def history(self) -> Sequence[tuple[ExecutionId, int, int, ev.Decision]]:
        """Return what happened: (execution, seq, time, decision), the owners' names left out as they are made up."""
        return [
            (id_, first_seq + place, at_ns, decision)
            for id_, record in self.world.database._records.executions.items()
            for first_seq, at_ns, decisions in record.turns
            for place, decision in enumerate(decisions)
            if not isinstance(decision, ev.LeaseTaken)
        ]

    async def _run(self) -> None:
        life = self._life = asyncio.get_running_loop().create_task(self._live())
        log, listener = logging.getLogger("plait.engine"), _Listener(self.world)
        log.addHandler(listener)
        try:
            try:
                await self.world.clock.run_until_idle(limit_s=PATIENCE_S)
            except TimeoutError:
                self._check_breaches()
                self._refuse(f"the execution is stuck: {[(str(row.id), row.phase.name) for row in self.world.rows()]}")
            self._check_breaches()
            await life
            await self._check()
        finally:
            log.removeHandler(listener)
            life.cancel()
            for task in self.world.running.values():
                task.cancel()
            await asyncio.gather(life, *self.world.running.values(), return_exceptions=True)

    async def _live(self) -> None:
        """Launch, and go on with another engine after every crash, until the executions have ended."""
        try:
            await asyncio.gather(*(self._one_after_another() for _ in range(self._n_engines)))
        finally:
            for engine in self._engines:
                await engine.vanish()

    async def _one_after_another(self) -> None:
        while not await self._lives_to_the_end():
            await self.world.wait(40)

    async def _lives_to_the_end(self) -> bool:
        """Drive the executions with a new process; False when that crashes or freezes."""
        process = Process(self.world)
        self.n_processes += 1
        shares = self._n_engines > 1
        engine = Engine(
            plugins=self._registry,
            database=FaultyDatabase(process, lambda turn: self._watch(engine, turn)),
            blobs=lambda _: self.world.blobs,
            clock=self.world.clock,
            executors=[(SPEC, SimulatedExecutor(process))],
            pool=POOL if shares else "",
            adopts=shares,
        )
        process.freezing = engine.stop_renewing
        tasks = [
            asyncio.get_running_loop().create_task(work)
            for work in (self._drive(engine), self._be_people(engine), process.failed.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if process.failed.is_set():
                return False
            await next(task for task in tasks if task.done())
            return True
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if process.is_dead:
                self._engines.remove(engine)
                await engine.vanish()

    async def _watch(self, engine: Engine, turn: Append) -> None:
        """Hold the laws against a turn, and the state that it leads to, before it is committed."""
        breaches = [] if turn.owner == NOBODY else [*breaches_of_state(engine._driving.runs[turn.execution].state)]
        breaches += breaches_of_turn(turn)
        if not self.world.fits(turn):
            breaches.append(f"turn {turn.first_seq} of the owner does not fit the log")
        self.world.breaches += [f"{turn.execution}: {breach}" for breach in breaches]
        if self.world.breaches and self._life is not None:
            self._life.cancel()  # an engine that adopts would try what broke again and again
        self._check_breaches()

    async def _drive(self, engine: Engine) -> None:
        """Open the engine, launch or resume the executions, and wait for their ends."""
        clock = self.world.clock
        while True:
            try:
                if engine not in self._engines:
                    self._engines.append(await engine.__aenter__())
                for execution, case in self.cases.items():
                    await self._have_driven(engine, execution, case)
                for execution in self.cases:
                    await engine.wait(execution)
            except (Retryable, ExecutionOwned):
                await clock.sleep_until(clock.now_ns() + SECOND_NS)
            else:
                return

    async def _have_driven(self, engine: Engine, execution: ExecutionId, case: Case) -> None:
        """Launch an execution that is not there; one that is there is resumed, unless engines adopt by themselves."""
        shares = self._n_engines > 1
        if await self.world.database.views.execution(execution) is None:
            launch = engine.enlist if shares and self.world.happens(0.5) else engine.launch
            options = ExecutionOptions(max_parallelism=case.max_parallelism)
            try:
                await launch(case.closure, case.inputs, name=execution.name, options=options)
            except ExecutionExists:
                if not shares:
                    raise
        elif not shares:
            await engine.resume(execution)

    async def _be_people(self, engine: Engine) -> None:
        """Answer gates after a while, and maybe abort."""
        clock = self.world.clock
        aborts = self.world.happens(self.world.odds.abort)
        while True:
            await clock.sleep_until(clock.now_ns() + 7 * SECOND_NS)
            unfinished = [row.id for row in self.world.rows() if row.phase not in TERMINAL_EXECUTION]
            for execution in unfinished if engine in self._engines else ():
                try:
                    await self._answer(engine, execution, aborts=aborts and execution in self.cases)
                except (Retryable, UnknownExecution):
                    continue

    async def _answer(self, engine: Engine, execution: ExecutionId, *, aborts: bool) -> None:
        state = await engine.state(execution)
        for signal_id, gates in list(state.waiting.items()):
            value = signal_value(signal_id)
            if value is not None and any(not gate.is_terminal for gate in gates):
                await engine.signal(execution, signal_id, value)
        if aborts and self.world.happens(0.1):
            await engine.abort(execution, reason="somebody changed their mind")

    # ── the laws ─────────────────────────────────────────────────────────────

    async def _check(self) -> None:
        self._check_breaches()
        for row in self.world.rows():
            if row.phase not in TERMINAL_EXECUTION:
                self._refuse(f"{row.id} has not ended: {row.phase.name}")
            for breach in breaches_of_history(await self.world.database.log.read(row.id)):
                self._refuse(f"{row.id}: {breach}")
        for attempt, times in self.world.runs.items():
            if times > 1:
                self._refuse(f"attempt {attempt} ran {times} times")
        for attempt in self.world.running:
            if attempt in self.world.owned:
                self._refuse(f"attempt {attempt} still runs")
        if (
            self._n_engines > 1
        ):  # while its engine is gone, a local run does not live, and others may make what it was making
            self._check_made()
        for execution, case in self.cases.items():
            await self._check_outcome(execution, case)

    def _check_made(self) -> None:
        """Where tasks make their values one at a time, none was made twice."""
        tasks = [task for case in self.cases.values() for task in case.closure.tasks]
        many = {task.id.name for task in tasks if not (task.metadata.cache and task.metadata.cache.serializable)}
        one = {task.id.name for task in tasks} - many
        for key, times in self.world.made.items():
            if times > 1 and key.task in one:
                self._refuse(f"the value of {key.task} under {key.digest[:8]} was made {times} times")

    def _check_breaches(self) -> None:
        for breach in self.world.breaches:
            self._refuse(breach)

    async def _check_outcome(self, execution: ExecutionId, case: Case) -> None:
        """An execution came to what plain evaluation says, unless somebody aborted it."""
        events = await self.world.database.log.read(execution)
        ended = events[-1].decision
        if not isinstance(ended, ev.ExecutionEnded):
            self._refuse(f"the last event is {type(ended).__name__}")
        if any(isinstance(event.decision, ev.AbortRequested) for event in events):
            if ended.phase is not ExecutionPhase.ABORTED:
                self._refuse(f"it was aborted and ended {ended}")
            return
        wanted = expected(case.closure, case.inputs)
        if ended.phase is not wanted.phase or ended.outputs != wanted.outputs:
            self._refuse(f"it ended {ended}, wanted {wanted}")

    def _refuse(self, what: str) -> NoReturn:
        message = f"seed {self.seed}: {what} (in process {self.n_processes})"
        raise LawBroken(message)


class _Listener(logging.Handler):
    """Takes what engines put aside for a reason that is no error of plait as a broken law: they would try again for ever."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        failure = record.exc_info[1] if record.exc_info else None
        if failure is not None and not isinstance(failure, PlaitError):
            self._world.breaches.append(f"{type(failure).__name__}: {record.getMessage()}")


def shrunk(seed: int, registry: Plugins, *, n_engines: int = 1, n_executions: int = 1) -> str:
    """Say what the smallest failing simulation of *seed* is: fewer nodes first, then fewer kinds of mishaps."""
    calmer = {kind: attrs.evolve(CALM, **{kind: odds}) for kind, odds in attrs.asdict(USUAL).items()}
    for size in range(9):
        for name, odds in {"no mishaps": CALM, **calmer, "all mishaps": USUAL}.items():
            try:
                Simulation(
                    seed, size=size, odds=odds, registry=registry, n_engines=n_engines, n_executions=n_executions
                ).run()
            except Exception as failure:  # noqa: BLE001  # whatever goes wrong is what is looked for
                return f"smallest: size {size}, {name}: {failure!r}"
    return "no smaller simulation of this seed fails"
