"""
What goes wrong in a simulation: chance, and the world it strikes.

Made by ``simulation``. The world is what outlives engines: time, the store, and what executors know. A ``Process`` is one
engine's view of it: through it, ports are slow and fail, and at any of their calls the process may freeze or die.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import attrs

from plait_core.errors.stores import StoreUnavailable
from plait_core.ir.events import LeaseTaken
from plait_core.ir.ids import AttemptId, ExecutionId
from plait_core.ports.databases import NOBODY, Append, CacheKey, ExecutionRow
from plait_core.ports.executors import Report
from plait_core.testing._memory_log import MemoryLog
from plait_core.testing._memory_records import Records
from plait_core.testing.clocks import VirtualClock
from plait_core.testing.memory import MemoryBlobStore, MemoryDatabase

SECOND_NS = 1_000_000_000


@attrs.frozen(kw_only=True)
class Odds:
    """
    How likely each mishap is: per occasion, but for ``abort``, which is per execution.

    ``at_once`` is no mishap: an attempt that ends while it is submitted, as those of the inline executor do.
    """

    at_once: float = 0.15
    saturated: float = 0.05
    lost_attempt: float = 0.03
    lost_report: float = 0.05
    repeated_report: float = 0.1
    slow_store: float = 0.03
    store_fails: float = 0.03
    store_forgets_to_say: float = 0.03
    crash: float = 0.005
    freeze: float = 0.003
    abort: float = 0.1


USUAL = Odds()
CALM = Odds(**dict.fromkeys(attrs.fields_dict(Odds), 0.0))


class World:
    """What outlives engines. Everything that is left to chance draws from one generator, in order."""

    def __init__(self, seed: int, odds: Odds) -> None:
        """Make the world of *seed*."""
        self.rng = Random(seed)  # noqa: S311  # a seed, not a secret
        self.odds = odds
        self.clock = VirtualClock()
        self.database = MemoryDatabase(self.clock)
        self.made: Counter[CacheKey] = Counter()
        """How often values were made and cached."""
        self.database.log = _NotingLog(self.database._records, self.made)
        self.blobs = MemoryBlobStore()
        self.running: dict[AttemptId, asyncio.Task[None]] = {}
        self.results: dict[AttemptId, bytes | None] = {}
        """What ended attempts came to; ``None`` for those that were stopped."""
        self.runs: Counter[AttemptId] = Counter()
        self.owned: set[AttemptId] = set()
        """Attempts that were submitted by the engine that owned their execution at that time."""
        self.listeners: list[asyncio.Queue[Report]] = []
        """Where the executors of living engines hear what happens."""
        self.breaches: list[str] = []
        """Laws that were seen broken on the way."""

    def happens(self, probability: float) -> bool:
        """Let chance decide."""
        return probability > 0 and self.rng.random() < probability

    async def wait(self, seconds: int) -> None:
        """Let between nothing and *seconds* of virtual time pass."""
        await self.clock.sleep_until(self.clock.now_ns() + self.rng.randrange(1, seconds * SECOND_NS))

    def rows(self) -> Sequence[ExecutionRow]:
        """Return the row of every execution, in order of launch."""
        return [record.row for record in self.database._records.executions.values()]

    def owner_of(self, execution: ExecutionId) -> str:
        """Return who owns an execution, dead or alive."""
        return self.database._records.of(execution).owner

    def fits(self, turn: Append) -> bool:
        """
        Whether *turn* goes where its execution's log ends, or comes from somebody who has lost the execution.

        Who got it back has lost it, too, until it has read of that; and who launches what somebody else launched first never had it.
        """
        record = self.database._records.executions.get(turn.execution)
        if record is None or record.owner != turn.owner or turn.owner == NOBODY or turn.first_seq == 1:
            return True
        since = [decisions for seq, _, decisions in record.turns if seq >= turn.first_seq]
        return record.next_seq == turn.first_seq or any(isinstance(first, LeaseTaken) for first, *_ in since)


class _NotingLog(MemoryLog):
    """A log that counts the values that its turns cache."""

    def __init__(self, records: Records, made: "Counter[CacheKey]") -> None:
        super().__init__(records)
        self._made = made

    def _commit(self, batch: Append) -> bool:
        is_committed = super()._commit(batch)
        if is_committed:
            self._made.update(entry.key for entry in batch.cache)
        return is_committed


class Process:
    """The process of one engine, which may freeze, or end at once and without a word."""

    def __init__(self, world: World) -> None:
        """Start a process in *world*."""
        self.world = world
        self.owner = ""
        """How the engine signs its turns."""
        self.failed = asyncio.Event()
        """Set when it crashes or freezes, so that another one is started."""
        self.is_dead = False
        self.freezing: Callable[[], Awaitable[None]]
        """Stops the renewal of the engine's lease."""

    async def step(self) -> None:
        """Mark a point where the process may come to harm."""
        world = self.world
        if self.is_dead:
            await asyncio.Event().wait()
        if world.happens(world.odds.crash):
            self.is_dead = True
            self.failed.set()
            await asyncio.Event().wait()
        if world.happens(world.odds.freeze):
            self.failed.set()
            await self.freezing()
            await world.wait(90)

    def owns(self, execution: ExecutionId) -> bool:
        """Whether the store says that this process owns *execution*."""
        return self.world.owner_of(execution) == self.owner


class FaultyPort:
    """
    One port of the store, seen from a process: slow, and failing before or after it did what was asked.

    Where it *is_fatal*, its calls are also points where the process may come to harm; ports that are called all the time are not.
    """

    def __init__(self, port: Any, process: Process, *, is_fatal: bool = True) -> None:
        """Stand before *port*."""
        self._port = port
        self._process = process
        self._is_fatal = is_fatal

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        async def faulty(*args: Any, **kwargs: Any) -> Any:
            return await self._carry_out(call, *args, **kwargs)

        return faulty

    async def _carry_out(self, call: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        process, world = self._process, self._process.world
        if self._is_fatal:
            await process.step()
        if world.happens(world.odds.slow_store):
            await world.wait(10)
        if world.happens(world.odds.store_fails):
            raise StoreUnavailable(url="simulated", detail="no answer", delay_s=1.0)
        answer = await call(*args, **kwargs)
        if self._is_fatal:
            await process.step()
        if world.happens(world.odds.store_forgets_to_say):
            raise StoreUnavailable(url="simulated", detail="connection lost after commit", delay_s=1.0)
        return answer


class FaultyLog(FaultyPort):
    """The log, seen from a process; *watch* sees every turn before it is committed."""

    def __init__(self, port: Any, process: Process, watch: Callable[[Append], Awaitable[None]]) -> None:
        """Stand before *port*, an ``EventLog``."""
        super().__init__(port, process)
        self._watch = watch
        self._seen: dict[tuple[ExecutionId, int], Append] = {}

    async def append(self, batches: Sequence[Append]) -> Sequence[ExecutionId]:
        """Commit, or fail in one of many ways."""
        if batches[0].owner != NOBODY:
            self._process.owner = batches[0].owner
        for turn in batches:
            if self._seen.get((turn.execution, turn.first_seq)) is not turn:  # else the same one is tried again
                self._seen[turn.execution, turn.first_seq] = turn
                await self._watch(turn)
        refused: Sequence[ExecutionId] = await self._carry_out(self._port.append, batches)
        return refused


class FaultyDatabase:
    """The world's database, seen from a process."""

    is_durable = True
    has_views = True

    def __init__(self, process: Process, watch: Callable[[Append], Awaitable[None]]) -> None:
        """Stand before the store."""
        database = process.world.database
        self.log = FaultyLog(database.log, process, watch)
        self.views = FaultyPort(database.views, process)
        self.leases = FaultyPort(database.leases, process, is_fatal=False)
        self.inbox = FaultyInbox(database.inbox, process, is_fatal=False)
        self.cache = FaultyPort(database.cache, process)
        self.registry, self.schedules, self.accounts = database.registry, database.schedules, database.accounts
        self.upkeep = database.upkeep
        self.open, self.close = database.open, database.close


class FaultyInbox(FaultyPort):
    """The inbox, seen from a process."""

    async def wait(self, owner: str, *, timeout_s: float) -> None:
        """Wait without mishaps: there are enough of them at what follows."""
        await self._port.wait(owner, timeout_s=timeout_s)
