"""
``Inspector``: looks at executions in a store, whoever drives them and whether or not this process has an engine.

Public: used by the CLI and the server. What it tells comes from the log and the views alone. Long logs are folded in parts, with
room for others in between, and the states that were looked at last are kept, so that the next look folds what is new.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import attrs

from plait_core.compiler.closures import CompiledClosure, compile_closure
from plait_core.engine._state import ExecutionState
from plait_core.engine._turns import fold
from plait_core.errors.engine import UnknownExecution
from plait_core.ir.events import Event, ExecutionEnded, ExecutionStarted, FragmentReceived
from plait_core.ir.executions import Closure, ExecutionSpec
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ports.databases import Database, ExecutionRow, Page
from plait_core.ports.pools import is_local, shown_phase
from plait_core.ports.processes import is_gone

if TYPE_CHECKING:
    from plait_core.engine._snapshots import Reading

K = TypeVar("K")
T = TypeVar("T")
Life: TypeAlias = tuple[ExecutionId, int]
"""An execution and when it was created: what tells it from one that had its name before, and was deleted."""

EVENTS_AT_ONCE = 500
"""How many events are read and folded before others get a turn."""

STATES_KEPT = 16
CLOSURES_KEPT = 64
TEMPLATES_KEPT = 8
"""How many of the closures that were looked at last are kept as they were written: one of 10 000 nodes takes a third of a second to read."""
HEADS_KEPT = 1024
"""Of how many executions it is remembered what was asked for, but for the inputs."""

VERSIONS_LOOKED_AT = 500
"""Of how many versions of an entity, the newest, executions are looked for."""

LOOK_EVERY_S = 0.5
"""How soon, at the latest, events are seen that another process commits."""

PAUSE_S = 0.1
"""How long at most between two looks at an execution in which much is going on."""


class Inspector:
    """Reads executions of *database*, which somebody else opens and closes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sights: OrderedDict[Life, _Sight] = OrderedDict()
        self._closures: OrderedDict[str, CompiledClosure] = OrderedDict()
        self._templates: OrderedDict[str, Closure] = OrderedDict()
        self._locks: dict[ExecutionId, _Lock] = {}
        self._heads: OrderedDict[Life, ExecutionStarted] = OrderedDict()

    async def row(self, execution: ExecutionId) -> ExecutionRow:
        """Return the row of an execution. Raises ``UnknownExecution``."""
        row = await self._database.views.execution(execution)
        if row is None:
            raise UnknownExecution(execution=execution.name)
        return row

    async def targets(
        self, project: str, domain: str, name: str, kind: EntityKind | None = None, *, version: str = ""
    ) -> tuple[EntityId, ...]:
        """
        Return the ids under which executions may have run an entity.

        They are those of *version*; without it, of its newest versions and of unregistered code.
        """
        found: list[EntityId] = []
        for each in (kind,) if kind else EntityKind:
            local = EntityId(kind=each, project=project, domain=domain, name=name)
            if version:
                found.append(attrs.evolve(local, version=version))
                continue
            page = Page(limit=VERSIONS_LOOKED_AT)
            ids, _ = await self._database.registry.list(each, project=project, domain=domain, name=name, page=page)
            found += (local, *ids)
        return tuple(found)

    async def phase(self, row: ExecutionRow) -> ExecutionPhase:
        """Return the phase to show: INTERRUPTED for a local run whose engine is gone."""
        if row.phase in TERMINAL_EXECUTION or not is_local(row.pool):
            return row.phase
        return shown_phase(row, lease=await self._database.leases.lease_of(row.id))

    async def need(self, row: ExecutionRow) -> str:
        """Say what an execution needs to go on: an engine, while none of its pool runs; else nothing."""
        if row.phase in TERMINAL_EXECUTION or is_local(row.pool):
            return ""
        return "" if await self.n_engines(row.pool) else f"an engine of pool {row.pool}, of which none runs"

    async def n_engines(self, pool: str) -> int:
        """Count the engines of a pool that run, wherever they do."""
        leases = await self._database.leases.living()
        return sum(lease.pool == pool and not is_gone(lease.process) for lease in leases)

    async def closure(self, execution: ExecutionId) -> Closure:
        """Return the templates that an execution runs. Raises ``UnknownExecution``."""
        digest = (await self._head(execution)).closure
        closure = self._templates.pop(digest, None) or await self._database.log.get_closure(digest)
        assert closure is not None, digest
        _keep(self._templates, digest, closure, TEMPLATES_KEPT)
        return closure

    async def spec(self, execution: ExecutionId) -> ExecutionSpec:
        """Return what was asked for. Raises ``UnknownExecution``."""
        return (await self._started(execution)).spec

    async def about(self, execution: ExecutionId) -> ExecutionSpec:
        """Return what was asked for without the inputs, which may be large. Raises ``UnknownExecution``."""
        return (await self._head(execution)).spec

    async def outputs(self, row: ExecutionRow) -> LiteralMap | None:
        """Return what came of an execution, ``None`` unless it has succeeded."""
        if row.phase is not ExecutionPhase.SUCCEEDED:
            return None
        last = await self._database.log.latest(row.id)
        return last.decision.outputs if last is not None and isinstance(last.decision, ExecutionEnded) else None

    async def _head(self, execution: ExecutionId) -> ExecutionStarted:
        """Return how an execution started, without inputs."""
        life = execution, (await self.row(execution)).created_at_ns
        head = self._heads.pop(life, None)
        if head is None:
            started = await self._started(execution)
            head = attrs.evolve(started, spec=attrs.evolve(started.spec, inputs={}, user_inputs={}))
        _keep(self._heads, life, head, HEADS_KEPT)
        return head

    async def _started(self, execution: ExecutionId) -> ExecutionStarted:
        events = await self._database.log.read(execution, limit=1)
        if not events:
            raise UnknownExecution(execution=execution.name)
        assert isinstance(events[0].decision, ExecutionStarted)
        return events[0].decision

    @asynccontextmanager
    async def state(self, execution: ExecutionId) -> AsyncIterator[ExecutionState]:
        """
        Fold the log of an execution as far as it has come; the state is for reading, inside the block only.

        Raises ``UnknownExecution``, and what the store raises.
        """
        life = execution, (await self.row(execution)).created_at_ns
        lock = self._locks.setdefault(execution, _Lock())
        lock.n_users += 1
        try:
            async with lock:
                yield await self._folded(life)
        finally:
            lock.n_users -= 1
            if not lock.n_users:
                del self._locks[execution]

    async def follow(
        self, execution: ExecutionId, *, after: int = 0, look_every_s: float = LOOK_EVERY_S
    ) -> AsyncIterator[Sequence[Event]]:
        """
        Yield the events with ``seq > after`` as they are committed, in parts, until the execution has ended.

        Yields an empty part when *look_every_s* have passed without news. A slow reader holds up nobody and
        costs no memory: what it has not asked for is still in the log.

        Raises ``UnknownExecution``, and what the store raises.
        """
        await self.row(execution)
        with self._database.log.listening(execution) as bell:
            while True:
                bell.hush()
                is_over = (await self.row(execution)).phase in TERMINAL_EXECUTION
                events = await self._database.log.read(execution, after=after, limit=EVENTS_AT_ONCE)
                yield events
                if events:
                    after = events[-1].seq
                elif is_over:
                    return
                else:
                    await bell.wait(asyncio.sleep(look_every_s))

    async def wait_end(self, execution: ExecutionId, *, timeout_s: float, look_every_s: float = LOOK_EVERY_S) -> bool:
        """
        Return True once an execution has ended, or False after *timeout_s*.

        The longer it takes, the less often is looked: what is told is late by at most a tenth of the time waited.

        Raises ``UnknownExecution``, and what the store raises.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        with self._database.log.listening(execution) as bell:
            while True:
                bell.hush()
                if (await self.row(execution)).phase in TERMINAL_EXECUTION:
                    return True
                waited_s = loop.time() - began
                if waited_s >= timeout_s:
                    return False
                await asyncio.sleep(min(waited_s / 10, PAUSE_S))
                await bell.wait(asyncio.sleep(min(look_every_s, max(0.0, began + timeout_s - loop.time()))))

    # ── folding ──────────────────────────────────────────────────────────────

    async def _folded(self, life: Life) -> ExecutionState:
        log, execution = self._database.log, life[0]
        sight = self._sights.pop(life, None) or await self._begun(execution)
        state = sight.state
        while events := await log.read(execution, after=state.seq, limit=EVENTS_AT_ONCE):
            for event in events:
                digest = getattr(event.decision, "closure", "")
                if digest and not isinstance(event.decision, FragmentReceived):
                    sight.library[digest] = await self._compiled(digest)
            fold(state, events)
            await asyncio.sleep(0)
        _keep(self._sights, life, sight, STATES_KEPT)
        return state

    async def _begun(self, execution: ExecutionId) -> "_Sight":
        """Return the state of the latest snapshot, or that before the first event."""
        library: dict[str, CompiledClosure] = {}
        reading = await self._latest(execution)
        if reading is None:
            return _Sight(ExecutionState(id=execution, library=library), library)
        for digest in reading.closures:
            library[digest] = await self._compiled(digest)
        return _Sight(reading.state(execution, library), library)

    async def _latest(self, execution: ExecutionId) -> "Reading | None":
        """Decode the latest snapshot, if there is one that this version of the engine reads."""
        snapshot = await self._database.log.load_snapshot(execution)
        if snapshot is None:
            return None
        from plait_core.engine._snapshots import read

        return read(snapshot)

    async def _compiled(self, digest: str) -> CompiledClosure:
        compiled = self._closures.pop(digest, None)
        if compiled is None:
            closure = await self._database.log.get_closure(digest)
            assert closure is not None, digest
            compiled = await asyncio.to_thread(compile_closure, closure)
        _keep(self._closures, digest, compiled, CLOSURES_KEPT)
        return compiled


class _Sight(NamedTuple):
    """A state, and the compiled closures that it looks up."""

    state: ExecutionState
    library: dict[str, CompiledClosure]


class _Lock(asyncio.Lock):
    """Lets one reader at a time fold and read a state; counts who holds it or waits for it."""

    n_users = 0


def _keep(kept: OrderedDict[K, T], key: K, value: T, n: int) -> None:
    """Remember a value as the latest, and at most *n* of them."""
    kept[key] = value
    while len(kept) > n:
        kept.popitem(last=False)
