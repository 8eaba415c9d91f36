"""
Deterministic simulation: the real engine, over in-memory ports, on virtual time, with chance from one seed.

A seed makes a graph, an executor that is slow, forgetful and repeats itself, a store that fails before or after its
commits, and engines that crash at any point and are replaced by others. Whatever happens, the laws hold:
every execution ends; what is not terminal waits for something; attempts stay within their budgets; a finished node
never runs again; outputs are those of a plain sequential evaluation. A broken law raises ``LawBroken`` with the seed.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import Any, NoReturn

import attrs

from plait_core.engine import SYSTEM_RETRIES, Engine
from plait_core.errors.engine import ExecutionOwned
from plait_core.errors.running import Saturated
from plait_core.errors.stores import StoreUnavailable
from plait_core.hookspecs import hookimpl
from plait_core.ir import events as ev
from plait_core.ir.codec import dumps, loads
from plait_core.ir.executions import Fault
from plait_core.ir.ids import AttemptId, ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION, AttemptPhase
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import CommandLine, Result, Unit
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.databases import Append
from plait_core.ports.executors import Cancelled, Capabilities, Ended, Lost, Progress, Report
from plait_core.ports.specs import ExecutorSpec, TaskKindSpec
from plait_core.testing.arithmetic import TYPE, perform
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.evaluation import expected, signal_value
from plait_core.testing.graphs import random_case
from plait_core.testing.memory import MemoryBlobStore, MemoryDatabase

SECOND_NS = 1_000_000_000

PATIENCE_S = 86_400
"""How much virtual time an execution may take before it counts as stuck."""


STARTS = ev.AttemptScheduled | ev.ElementsScheduled | ev.NodeStarted | ev.ChildStarted
"""Decisions after which something runs."""


class LawBroken(AssertionError):
    """A law of the engine does not hold; the text says which, and for which seed."""


class ArithmeticKind:
    """The task kind of ``testing.arithmetic``: simulated executors know what to do from the template."""

    def render(self, template: TaskTemplate, *, bundle: str) -> CommandLine:  # noqa: ARG002  # nothing to bundle
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


@attrs.frozen(kw_only=True)
class Odds:
    """How likely each mishap is, per occasion."""

    saturated: float = 0.05
    lost_attempt: float = 0.03
    lost_report: float = 0.05
    repeated_report: float = 0.1
    store_fails: float = 0.03
    store_forgets_to_say: float = 0.03
    crash: float = 0.01
    freeze: float = 0.01


CALM = Odds(
    saturated=0,
    lost_attempt=0,
    lost_report=0,
    repeated_report=0,
    store_fails=0,
    store_forgets_to_say=0,
    crash=0,
    freeze=0,
)


class World:
    """What outlives engines: the executor's attempts, the store, and time."""

    def __init__(self, seed: int, odds: Odds) -> None:
        """Make the world of *seed*."""
        self.rng = Random(seed)  # noqa: S311  # a seed, not a secret
        self.odds = odds
        self.clock = VirtualClock()
        self.database = MemoryDatabase(self.clock)
        self.running: dict[AttemptId, asyncio.Task[None]] = {}
        self.results: dict[AttemptId, bytes | None] = {}
        """What ended attempts came to; ``None`` for those that were stopped."""
        self.runs: Counter[AttemptId] = Counter()
        self.listeners: list[asyncio.Queue[Report]] = []
        self.printed: tuple[bytes, ...] = ()
        self.gone = asyncio.Event()
        """Set when the engine of the moment crashes or freezes, so that another one is started."""
        self.stop_lease: Callable[[], Awaitable[None]]

    async def crash(self) -> None:
        """End the process that calls: it gets no further than this."""
        self.gone.set()
        await self.stop_lease()
        await asyncio.Event().wait()

    async def freeze(self) -> None:
        """Stop the process that calls for a while, its lease with it; when it goes on, another may own its work."""
        self.gone.set()
        await self.stop_lease()
        await self.clock.sleep_until(self.clock.now_ns() + self.rng.randrange(1, 90 * SECOND_NS))

    def happens(self, probability: float) -> bool:
        """Let chance decide."""
        return probability > 0 and self.rng.random() < probability


class SimulatedExecutor:
    """``Executor`` over a world that other engines see too. Units and results cross as bytes."""

    def __init__(self, world: World) -> None:
        """Attach to *world*."""
        self._world = world
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        world.listeners.append(self._reports)

    @property
    def capabilities(self) -> Capabilities:
        """Everything."""
        return CAPABILITIES

    async def submit(self, unit: Unit) -> Report | None:
        """Start the unit unless it was started before."""
        world = self._world
        if unit.attempt in world.running or unit.attempt in world.results:
            return None
        if world.happens(world.odds.saturated):
            raise Saturated(executor="simulated", limit=0, delay_s=world.rng.choice((0.5, 5.0)))
        world.running[unit.attempt] = asyncio.get_running_loop().create_task(self._work(dumps(unit)))
        return None

    async def _work(self, encoded: bytes) -> None:
        world = self._world
        unit = loads(Unit, encoded)
        attempt = unit.attempt
        await world.clock.sleep_until(world.clock.now_ns() + world.rng.randrange(1, 20 * SECOND_NS))
        del world.running[attempt]
        if world.happens(world.odds.lost_attempt):
            self._tell(Lost(attempt=attempt, reason="the node is gone"))
            return
        world.runs[attempt] += 1
        world.results[attempt] = dumps(perform(unit.template, unit.inputs, attempt.n))
        self._tell(self._standing(attempt))

    def _tell(self, report: Report) -> None:
        world = self._world
        if world.happens(world.odds.lost_report):
            return
        for _ in range(2 if world.happens(world.odds.repeated_report) else 1):
            for listener in world.listeners:
                listener.put_nowait(report)

    def _standing(self, attempt: AttemptId) -> Report:
        world = self._world
        if attempt in world.running:
            return Progress(attempt=attempt, phase=AttemptPhase.RUNNING)
        if attempt not in world.results:
            return Lost(attempt=attempt, reason="not known here")
        result = world.results[attempt]
        return Cancelled(attempt=attempt) if result is None else Ended(attempt=attempt, result=loads(Result, result))

    async def reports(self) -> AsyncIterator[Report]:
        """Yield reports for ever."""
        while True:
            yield await self._reports.get()

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        """Say where attempts stand."""
        return [self._standing(attempt) for attempt in attempts]

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:  # noqa: ARG002  # at once
        """Stop attempts; those that ended first keep their result."""
        world = self._world
        for attempt in attempts:
            task = world.running.pop(attempt, None)
            if task is not None:
                task.cancel()
                world.results[attempt] = None
            self._tell(self._standing(attempt))

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:  # noqa: ARG002  # silent tasks
        """Yield what was printed: nothing."""
        for line in self._world.printed:
            yield line

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        """Keep everything, so that the laws can be checked."""

    async def close(self) -> None:
        """Stop listening."""
        self._world.listeners.remove(self._reports)


CAPABILITIES = Capabilities(actions=(CommandLine,))
SPEC = ExecutorSpec(
    name="simulated", factory="plait_core.testing.simulation:SimulatedExecutor", capabilities=CAPABILITIES
)


class FaultyLog:
    """An ``EventLog`` that fails before or after its commit, and at times takes the engine down with it."""

    def __init__(self, world: World) -> None:
        """Write to the world's store."""
        self._world = world
        self._log = world.database.log

    async def append(self, batches: Sequence[Append]) -> Sequence[ExecutionId]:
        """Commit, or fail in one of three ways."""
        world = self._world
        if world.happens(world.odds.crash):
            await world.crash()
        if world.happens(world.odds.freeze):
            await world.freeze()
        if world.happens(world.odds.store_fails):
            raise StoreUnavailable(url="simulated", detail="no answer", delay_s=1.0)
        refused = await self._log.append(batches)
        if world.happens(world.odds.crash):
            await world.crash()
        if world.happens(world.odds.store_forgets_to_say):
            raise StoreUnavailable(url="simulated", detail="connection lost after commit", delay_s=1.0)
        return refused

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class FaultyDatabase:
    """The world's database, with a log that fails."""

    is_durable = True

    def __init__(self, world: World) -> None:
        """Wrap the world's store."""
        self._database = world.database
        self.log = FaultyLog(world)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


def plugins() -> Plugins:
    """Make the registry that simulations share: the arithmetic kind, and nothing that is installed."""
    settings = Settings(allow_plugins=("nothing",), blobs="memory://blobs", store="memory://")
    return Plugins.load(settings, extra=[ArithmeticPlugin()])


class Simulation:
    """One seed, from launch to the checking of the laws."""

    def __init__(
        self, seed: int, *, size: int = 8, odds: Odds = Odds(), registry: Plugins | None = None
    ) -> None:  # frozen
        """Prepare the case of *seed* with about *size* nodes."""
        self.seed = seed
        self.case = random_case(seed, size)
        self.world = World(seed, odds)
        self.blobs = MemoryBlobStore()
        self.registry = registry or plugins()
        self.n_crashes = 0
        self._engines: list[Engine] = []

    def run(self) -> None:
        """Run to the end; raises ``LawBroken``."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        life = asyncio.get_running_loop().create_task(self._live())
        try:
            try:
                await self.world.clock.run_until_idle(limit_s=PATIENCE_S)
            except TimeoutError:
                self._refuse(f"the execution is stuck: {self._standing()}")
            await life
        finally:
            life.cancel()
            for task in self.world.running.values():
                task.cancel()
            await asyncio.gather(life, *self.world.running.values(), return_exceptions=True)
        await self._check()

    async def _live(self) -> None:
        """Launch, and go on with another engine after every crash, until the execution has ended."""
        clock = self.world.clock
        try:
            while not await self._lives_to_the_end():
                self.n_crashes += 1
                await clock.sleep_until(clock.now_ns() + self.world.rng.randrange(1, 40 * SECOND_NS))
        finally:
            for engine in self._engines:
                await engine.vanish()

    async def _lives_to_the_end(self) -> bool:
        """Drive the execution with a new engine; False when that crashes or freezes."""
        world = self.world
        world.gone = asyncio.Event()
        engine = Engine(
            plugins=self.registry,
            database=FaultyDatabase(world),
            blobs=lambda _: self.blobs,
            clock=world.clock,
            executors=[(SPEC, SimulatedExecutor(world))],
        )
        self._engines.append(await engine.__aenter__())
        world.stop_lease = engine.stop_renewing
        tasks = [
            asyncio.get_running_loop().create_task(work)
            for work in (self._drive(engine), self._answer(engine), world.gone.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if world.gone.is_set():
                return False
            await next(task for task in tasks if task.done())
            return True
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _drive(self, engine: Engine) -> None:
        execution = ExecutionId(name=f"sim{self.seed}")
        if await self.world.database.views.execution(execution) is None:
            await engine.launch(self.case.closure, self.case.inputs, name=execution.name)
        else:
            await self._take_over(engine, execution)
        await engine.wait(execution)

    async def _take_over(self, engine: Engine, execution: ExecutionId) -> None:
        """Resume as soon as the lease of the engine that crashed has run out."""
        clock = self.world.clock
        while True:
            try:
                await engine.resume(execution)
            except ExecutionOwned:
                await clock.sleep_until(clock.now_ns() + SECOND_NS)
            else:
                return

    async def _answer(self, engine: Engine) -> None:
        """Be the people who answer gates, after a while."""
        clock = self.world.clock
        while True:
            for execution in list(engine.driving()):
                state = await engine.state(execution)
                for signal_id, nodes in list(state.waiting.items()):
                    if any(not node.is_terminal for node in nodes):
                        await engine.signal(execution, signal_id, signal_value(signal_id))
            await clock.sleep_until(clock.now_ns() + 7 * SECOND_NS)

    def _standing(self) -> str:
        rows = self.world.database._records.executions
        return "; ".join(f"{id_}: {record.row.phase}" for id_, record in rows.items())

    def history(self) -> Sequence[tuple[ExecutionId, int, int, ev.Decision]]:
        """Return what happened: (execution, seq, time, decision), the owners' names left out as they are made up."""
        return [
            (id_, first_seq + place, at_ns, decision)
            for id_, record in self.world.database._records.executions.items()
            for first_seq, at_ns, decisions in record.turns
            for place, decision in enumerate(decisions)
            if not isinstance(decision, ev.LeaseTaken)
        ]

    # ── the laws ─────────────────────────────────────────────────────────────

    async def _check(self) -> None:
        wanted = expected(self.case.closure, self.case.inputs)
        root = ExecutionId(name=f"sim{self.seed}")
        for id_, record in self.world.database._records.executions.items():
            events = await self.world.database.log.read(id_)
            if record.row.phase not in TERMINAL_EXECUTION:
                self._refuse(f"{id_} has not ended: {record.row.phase}")
            self._check_history(id_, events)
            if id_ == root:
                ended = events[-1].decision
                if not isinstance(ended, ev.ExecutionEnded):
                    self._refuse(f"the last event of {id_} is {type(ended).__name__}")
                if ended.phase is not wanted.phase or ended.outputs != wanted.outputs:
                    self._refuse(f"{id_} ended {ended}, wanted {wanted}")
        for attempt, times in self.world.runs.items():
            if times > 1:
                self._refuse(f"attempt {attempt} ran {times} times")

    def _check_history(self, id_: ExecutionId, events: Sequence[ev.Event]) -> None:
        ended: set[str] = set()
        failures: Counter[tuple[str, int | None, Fault]] = Counter()
        for place, event in enumerate(events, 1):
            if event.seq != place:
                self._refuse(f"{id_}: event {event.seq} stands at place {place}")
            decision = event.decision
            if isinstance(decision, STARTS) and decision.node in ended:
                self._refuse(f"{id_}: {decision.node} runs again after it ended")
            if isinstance(decision, ev.NodeSucceeded | ev.NodeEnded):
                if decision.node in ended:
                    self._refuse(f"{id_}: {decision.node} ended twice")
                ended.add(decision.node)
            if isinstance(decision, ev.AttemptFailed):
                failures[decision.node, decision.element, decision.error.fault] += 1
        for (node, element, fault), count in failures.items():
            if count > (SYSTEM_RETRIES if fault is Fault.SYSTEM else 5) + 1:
                self._refuse(f"{id_}: {node}[{element}] failed {count} times, fault {fault.value}")

    def _refuse(self, what: str) -> NoReturn:
        message = f"seed {self.seed}: {what} (after {self.n_crashes} crashes)"
        raise LawBroken(message)


def shrunk(seed: int, registry: Plugins) -> str:
    """Say what the smallest failing simulation of *seed* is: fewer nodes first, then fewer kinds of mishaps."""
    calmer = {kind: attrs.evolve(CALM, **{kind: odds}) for kind, odds in attrs.asdict(Odds()).items()}
    for size in range(9):
        for name, odds in {"no mishaps": CALM, **calmer, "all mishaps": Odds()}.items():
            try:
                Simulation(seed, size=size, odds=odds, registry=registry).run()
            except Exception as failure:  # noqa: BLE001  # whatever goes wrong is what is looked for
                return f"smallest: size {size}, {name}: {failure!r}"
    return "no smaller simulation of this seed fails"
