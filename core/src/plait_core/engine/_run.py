"""
One execution, being driven: stimuli in, turns committed, commands carried out.

Made by ``Engine``, one per execution it owns. A single task drives it, so the state needs no lock. Nothing is acted
on before the turn that decided it has committed; when the store refuses a turn, the state is dropped and read again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count

import attrs

from plait_core.compiler.closures import CompiledClosure
from plait_core.engine._acting import Acting
from plait_core.engine._alarms import Alarm
from plait_core.engine._cache import KeyedInputs, keyed
from plait_core.engine._children import Children, Ending
from plait_core.engine._commands import Command, SubmitElements, WaitUntil
from plait_core.engine._floor import Share
from plait_core.engine._policies import cache_policy, timeout_ns
from plait_core.engine._rows import attempt_rows, execution_row, node_rows
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.engine._stimuli import AttemptEnded, AttemptGone, AttemptProgressed, Stimulus, TimerFired
from plait_core.engine._turns import fold, take_turn
from plait_core.engine._units import attempt_id
from plait_core.errors.engine import OwnershipLost
from plait_core.ir import events as ev
from plait_core.ir.executions import CacheStatus, Fault, TaskError
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import AttemptPhase
from plait_core.ports.databases import NEVER_NS, Append, AuditLine, CacheEntry
from plait_core.ports.executors import Cancelled, Ended, Lost, Progress, Report

RECONCILE_AFTER_S = 30.0
"""How long a run may hear nothing of attempts that are out before it asks executors about them."""

LONG_SLEEP_S, LINGER_S = 60.0, 10.0
"""How far off the next due time must be for an execution to leave memory, and how long it stays although it is: an answer may come."""

SNAPSHOT_AFTER = 10_000
"""How many events of an execution are folded at most before a snapshot spares the next engine the work."""


class Run:
    """Drives one execution until it is terminal."""

    def __init__(self, services: Services, state: ExecutionState, children: Children) -> None:
        self.services = services
        self.children = children
        self.state = state
        self.exceptions: dict[NodeId, BaseException] = {}
        self.keyed: dict[tuple[NodeId, int | None], KeyedInputs] = {}
        self.released: list[tuple[NodeId, int | None]] = []
        """Nodes and elements that found what they had reserved; the next turn releases it."""
        self._had_a_life = state.seq > 0
        self.has_reserved = self._had_a_life
        """Whether there may be a reservation."""
        self.committed = asyncio.Event()
        """Set once the first turn is in the store."""
        self.has_ended = state.is_terminal
        """Whether the turn that ends the execution is in the store."""
        self.closures: dict[str, CompiledClosure] = {}
        """What events of this execution name, and its graphs may not hold yet."""
        self.audit: AuditLine | None = None
        """What the first turn leaves in the audit trail."""
        self.commands: deque[Command] = deque()
        self._ended: defaultdict[str, list[AttemptId]] = defaultdict(list)
        """Attempts heard to have ended, by executor, whose results the next commit makes safe."""
        self.acting = Acting(self)
        self._mail: list[Stimulus] = []
        self._posted: list[str] = []
        """Keys of messages of the inbox that the next turn consumes."""
        self._heard: set[str] = set()
        """Keys of all messages that were taken."""
        self._timers: list[tuple[int, int, WaitUntil]] = []
        self._began: dict[AttemptId, int] = {}
        """When attempts that have a time limit were first heard to run."""
        self._order = count()
        self._snapshot_at = state.seq + SNAPSHOT_AFTER
        self._awake = asyncio.Event()
        self._alarm = Alarm(services.clock, self._awake.set)
        self._share = Share()
        self.has_begun = asyncio.Event()
        """Set once the first turn is in the store, or never will be."""
        self._failure: BaseException | None = None

    # ── from outside ─────────────────────────────────────────────────────────

    def tell(self, stimulus: Stimulus) -> None:
        """Hand over a stimulus."""
        self._mail.append(stimulus)
        self._awake.set()

    def accept(self, posted: str) -> bool:
        """Take a message of the inbox, known by its key, and say whether it is new; the next turn consumes it."""
        if posted in self._heard:
            return False
        self._heard.add(posted)
        self._posted.append(posted)
        self._awake.set()
        return True

    def recall(self, command: Command, *, first: bool = False) -> None:
        """Put a command (what is left of it) back in line."""
        (self.commands.appendleft if first else self.commands.append)(command)
        self._awake.set()

    def look_again(self, node: NodeId) -> None:
        """Ask the cache again on behalf of *node*, for whose key it waits: that was released."""
        self.acting.searching.look_again(node)
        self.tell(TimerFired(self.services.clock.now_ns(), node, "cache"))

    def break_off(self, failure: BaseException) -> None:
        """Stop driving because of *failure*, which nobody else is there to hear."""
        self._failure = failure
        self._awake.set()

    def hear(self, report: Report) -> None:
        """Turn an executor's report into a stimulus; one of a node that only a later owner knows means nothing here."""
        attempt = report.attempt
        if attempt.node not in self.state.nodes:
            return
        now = self.services.clock.now_ns()
        node, n, element = attempt.node, attempt.n, attempt.element
        if isinstance(report, Progress):
            if report.phase is AttemptPhase.RUNNING and timeout_ns(self.state.nodes[node]) is not None:
                self._began.setdefault(attempt, now)
            self.tell(AttemptProgressed(now, node, n, report.phase, report.message, element))
            return
        self.acting.attempts.dismiss(attempt)
        match report:
            case Ended(result=result, exception=exception):
                if exception is not None:
                    self.exceptions[node] = exception
                if result.fragment is not None:
                    self.acting.growing.keep_fragment(attempt, result)
                else:
                    self.end(attempt, AttemptEnded(now, node, n, result, element))
            case Cancelled():
                error = TaskError(code="Cancelled", message="stopped on request", is_recoverable=False)
                self.end(attempt, AttemptGone(now, node, n, error, element, is_cancelled=True))
            case Lost(reason=reason):
                error = TaskError(code="Lost", message=reason, fault=Fault.SYSTEM)
                self.end(attempt, AttemptGone(now, node, n, error, element))

    def end(self, attempt: AttemptId, stimulus: Stimulus) -> None:
        """Take word that *attempt* is over; once that is committed, its executor may forget it."""
        self._began.pop(attempt, None)
        self.release_later(attempt)
        self.tell(stimulus)

    def release_later(self, attempt: AttemptId) -> None:
        """Let the executor forget *attempt* after the next commit."""
        self._ended[self.state.executor_of(attempt.task)].append(attempt)

    # ── the loop ─────────────────────────────────────────────────────────────

    async def drive(self) -> None:
        """
        Go on until the execution is terminal, or sleeps for so long that it may leave memory.

        Raises ``OwnershipLost`` when another engine took it over, and whatever the store refuses for good. When
        cancelled, the log holds all that was committed; nothing else is lost but work in flight.
        """
        floor, share = self.services.floor, self._share
        try:
            while True:
                if self._timers:
                    self._fire_timers()
                if self._failure is not None:
                    raise self._failure
                has_mail = self._mail or self._posted
                if not has_mail and not self.commands:
                    if self.state.is_terminal or not await self._sleep():
                        return
                elif not floor.is_still_of(share) and self.committed.is_set():  # somebody waits for the first turn
                    await floor.take(share)
                elif has_mail:
                    await self.turn()
                else:
                    await self._act(self.commands.popleft())
        finally:
            self._alarm.stop()
            await self.acting.close()

    async def _act(self, command: Command) -> None:
        if not isinstance(command, SubmitElements) and command.key not in self.state.open:
            return
        if isinstance(command, WaitUntil):
            heappush(self._timers, (command.at_ns, next(self._order), command))
            return
        await self.acting.carry_out(command)

    def _fire_timers(self) -> None:
        now = self.services.clock.now_ns()
        while self._timers and self._timers[0][0] <= now:
            timer = heappop(self._timers)[2]
            if timer.key not in self.state.open:
                continue
            if timer.what == "timeout" and (due_at := self._times_out_at(timer, now)) > now:
                heappush(self._timers, (due_at, next(self._order), timer))
            else:
                self.tell(TimerFired(now, timer.node, timer.what, timer.n, timer.element))

    def _times_out_at(self, timer: WaitUntil, now: int) -> int:
        """
        Say when the time of an attempt is up: its limit after it began to run, however long it waited for room before.

        One that is not heard to run, where executors see to limits themselves, has as long again.
        """
        node = self.state.nodes[timer.node]
        limit = timeout_ns(node) or 0
        began = self._began.get(attempt_id(self.state, node, timer.n, timer.element))
        if began is not None:
            return began + limit
        capabilities = self.services.executors[self.state.executor_of(node.template.id)].capabilities
        return now + limit if capabilities.can_time_out else timer.at_ns

    async def _sleep(self) -> bool:
        """Wait until there may be something to do; False when that is far off, and nothing holds the execution in memory."""
        while self._timers and self._timers[0][2].key not in self.state.open:
            heappop(self._timers)
        wake_at = self._timers[0][0] if self._timers else None
        if self.acting.attempts.has_any_out:
            ask_at = self.services.clock.now_ns() + int(RECONCILE_AFTER_S * 1e9)
            if wake_at is None or ask_at < wake_at:
                if not await self._is_woken(ask_at):
                    await self.acting.attempts.reconcile()
                return True
        now = self.services.clock.now_ns()
        if self.services.lets_sleepers_go and (wake_at or NEVER_NS) - now > LONG_SLEEP_S * 1e9 and self._is_idle:
            return await self._is_woken(now + int(LINGER_S * 1e9))
        await self._is_woken(NEVER_NS if wake_at is None else wake_at)
        return True

    @property
    def _is_idle(self) -> bool:
        """Whether nothing but times and messages is expected."""
        return self.wake_at_ns is not None and self.acting.is_idle

    @property
    def wake_at_ns(self) -> int | None:
        """The earliest due time while nothing but times and messages is expected, else ``None``: see ``ExecutionRow``."""
        state = self.state
        if state.is_terminal or len(state.open) > state.n_timers:
            return None
        return min((timer.at_ns for timer in state.open.values() if isinstance(timer, WaitUntil)), default=NEVER_NS)

    async def _is_woken(self, at_ns: int) -> bool:
        """Wait until somebody has mail for us, or until *at_ns*; says whether it was the former."""
        while not self._has_news and self.services.clock.now_ns() < at_ns:
            self._awake.clear()
            if at_ns < NEVER_NS:
                self._alarm.set(at_ns)
            await self._awake.wait()
        return self._has_news

    @property
    def _has_news(self) -> bool:
        return bool(self._mail or self._posted or self.commands) or self._failure is not None

    # ── turns ────────────────────────────────────────────────────────────────

    async def turn(self) -> None:
        """Commit what the mail leads to."""
        mail, self._mail = self._mail, []
        posted, self._posted = self._posted, []
        # what ends while this turn is committed is safe with the next one
        ended, self._ended = self._ended, defaultdict(list)
        now = self.services.clock.now_ns()
        state = self.state
        first_seq = state.seq + 1
        decisions = take_turn(state, mail, now)
        if decisions or posted:
            append = self._append(first_seq, now, decisions, posted)
            await self._commit(append)
            self.has_ended = state.is_terminal
            if self.services.awaited:
                self._wake(append)
            if state.seq >= self._snapshot_at:
                await self._save_snapshot()
        fresh, state.fresh = state.fresh, []
        self.commands.extend(fresh)
        self.acting.following.settle(decisions)
        self.committed.set()
        self.has_begun.set()
        if ended:
            await self.acting.attempts.release(ended)
        if self.services.plugins.has_observers:
            for offset, decision in enumerate(decisions):
                event = ev.Event(seq=first_seq + offset, at_ns=now, decision=decision)
                self.services.plugins.on_event(state.id, event)

    def _append(self, first_seq: int, now: int, decisions: Sequence[ev.Decision], posted: Sequence[str]) -> Append:
        state = self.state
        has_views = self.services.database.has_views
        return Append(
            execution=state.id,
            owner=self.services.owner,
            first_seq=first_seq,
            at_ns=now,
            decisions=decisions,
            row=execution_row(state, pool=self.services.pool, now_ns=now, wake_at_ns=self.wake_at_ns),
            nodes=node_rows(state, decisions) if has_views else (),
            attempts=attempt_rows(state, now, decisions) if has_views else (),
            posted=posted,
            cache=self._cache_entries(now, decisions) if self.keyed or self._had_a_life else (),
            released=self._released(decisions) if self.has_reserved else (),
            audit=self.audit if first_seq == 1 else None,
        )

    def _released(self, decisions: Sequence[ev.Decision]) -> Sequence[tuple[NodeId, int | None]]:
        """Return who needs a reservation no longer: nodes and elements that end, however they do."""
        released, self.released = self.released, []
        for decision in decisions:
            if isinstance(decision, ev.NodeSucceeded | ev.NodeEnded):
                place: tuple[NodeId, int | None] = (decision.node, None)
            elif isinstance(decision, ev.AttemptFailed) and decision.phase is not AttemptPhase.RETRYABLE_FAILED:
                place = (decision.node, decision.element)
            else:
                continue
            policy = cache_policy(self.state.nodes[decision.node])
            if policy is not None and policy.serializable:
                released.append(place)
        return released

    def _wake(self, append: Append) -> None:
        """Wake the runs of this engine that wait for a key which a turn has populated or released."""
        digests = [entry.key.digest for entry in append.cache]
        digests += [self.keyed.pop(place).key.digest for place in append.released if place in self.keyed]
        for digest in digests:
            for wake in self.services.awaited.pop(digest, ()):
                wake()

    def _cache_entries(self, now: int, decisions: Sequence[ev.Decision]) -> list[CacheEntry]:
        """Make entries of the outputs that this turn binds, where the task is cached."""
        entries = []
        for decision in decisions:
            if isinstance(decision, ev.NodeSucceeded):
                asked = self.keyed.pop((decision.node, None), None) or self._keyed_in_an_earlier_life(decision)
                if asked is not None:
                    entries.append(self._entry(asked, decision.node, decision.outputs, now))
            elif isinstance(decision, ev.ElementsSucceeded):
                node = self.state.nodes[decision.node]
                if cache_policy(node) is None:
                    continue
                names = list(node.template.interface.output_types)
                for element, _, output, is_cached in decision.outcomes:
                    asked = self.keyed.pop((decision.node, element), None)
                    if asked is not None and not is_cached:
                        outputs = {names[0]: output} if names and output is not None else {}
                        entries.append(self._entry(asked, decision.node, outputs, now))
        return entries

    def _keyed_in_an_earlier_life(self, decision: ev.NodeSucceeded) -> KeyedInputs | None:
        """Find the key of a node whose attempt was over before this life began: that of a dynamic task, whose graph goes on."""
        if decision.cache is None or decision.cache.status not in {CacheStatus.MISS, CacheStatus.SKIPPED}:
            return None
        node = self.state.nodes[decision.node]
        policy = cache_policy(node)
        if policy is None or self.services.cache_mode == "off":
            return None
        return keyed(node.template, policy, node.inputs())

    def _entry(self, asked: KeyedInputs, node: NodeId, outputs: LiteralMap, now: int) -> CacheEntry:
        return CacheEntry(
            key=asked.key,
            outputs=outputs,
            source=f"{self.state.id}/{node}",
            input_digests=asked.input_digests,
            created_at_ns=now,
        )

    def ending(self) -> Ending:
        """Say how the execution ended; it must be terminal."""
        ending = ending_of(self.state)
        if ending.error is None:
            return ending
        return attrs.evolve(ending, exception=self.exceptions.get(NodeId(ending.error.node)))

    async def _commit(self, append: Append) -> None:
        """Store a turn; nothing is visible until it is in."""
        refused = await self.services.database.log.append([append])
        if refused and not await self._is_stored(append):
            raise OwnershipLost(execution=str(append.execution), owner=self.services.owner)

    async def _save_snapshot(self) -> None:
        """Store what the log comes to; each time the log is twice as long, so that all of them cost little."""
        state = self.state
        self._snapshot_at = state.seq + max(SNAPSHOT_AFTER, state.seq)
        if self.services.database.is_durable and not state.is_terminal:
            from plait_core.engine._snapshots import take

            await self.services.database.log.save_snapshot(state.id, take(state))

    async def _is_stored(self, append: Append) -> bool:
        """Whether a refused turn is in fact there: its commit succeeded and only the answer was lost."""
        stored = await self.services.database.log.read(append.execution, after=append.first_seq - 1)
        return [event.decision for event in stored] == list(append.decisions)


def ending_of(state: ExecutionState) -> Ending:
    """Say how the execution of a terminal state ended."""
    return Ending(execution=state.id, phase=state.phase, outputs=state.outputs, error=state.error)


async def load(services: Services, execution: ExecutionId) -> ExecutionState:
    """Read an execution's state from its latest snapshot and its log, with the closures that these name."""
    log = services.database.log
    state = await _snapshot(services, execution) or ExecutionState(id=execution, library=services.library)
    events = await log.read(execution, after=state.seq)
    held = []
    for event in events:
        digest = getattr(event.decision, "closure", "")
        if digest and not isinstance(event.decision, ev.FragmentReceived):
            held.append(await services.fetch(digest))
    return fold(state, events)


async def _snapshot(services: Services, execution: ExecutionId) -> ExecutionState | None:
    snapshot = await services.database.log.load_snapshot(execution)
    if snapshot is None:
        return None
    from plait_core.engine._snapshots import read

    reading = read(snapshot)
    if reading is None:
        return None
    held = [await services.fetch(digest) for digest in reading.closures]
    state = reading.state(execution, services.library)
    del held  # by now, the state has what it needs of them
    return state
