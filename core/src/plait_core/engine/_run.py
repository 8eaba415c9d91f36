"""
One execution, being driven: stimuli in, turns committed, commands carried out.

Made by ``Engine``, one per execution it owns. A single task drives it, so the state needs no lock. Nothing is acted
on before the turn that decided it has committed; when the store refuses a turn, the state is dropped and read again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence

import attrs

from plait_core.compiler.closures import CompiledClosure
from plait_core.engine._acting import Acting
from plait_core.engine._alarms import Alarm
from plait_core.engine._children import Children, Ending, ending_of
from plait_core.engine._commands import Command, SubmitElements, WaitUntil
from plait_core.engine._floor import Share
from plait_core.engine._keeping import Keeping
from plait_core.engine._rows import attempt_rows, execution_row, node_rows
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.engine._stimuli import AttemptEnded, AttemptGone, AttemptProgressed, Stimulus, TimerFired
from plait_core.engine._timers import Timers
from plait_core.engine._turns import take_turn
from plait_core.errors.engine import OwnershipLost
from plait_core.ir import events as ev
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.ids import AttemptId, NodeId
from plait_core.ir.phases import AttemptPhase
from plait_core.ports.databases import NEVER_NS, Append, AuditLine
from plait_core.ports.executors import Cancelled, Ended, Lost, Progress, Report

RECONCILE_AFTER_S = 30.0
"""How long a run may hear nothing of attempts that are out before it asks executors about them."""

LONG_SLEEP_S, LINGER_S = 60.0, 10.0
"""How far off the next due time must be for an execution to leave memory, and how long it stays although it is: an answer may come."""

SURE_FOR_S = 5.0
"""How long after a commit nobody else can have the execution: less than what is left of a lease that is renewed in time."""

SNAPSHOT_AFTER = 10_000
"""How many events of an execution are folded at most before a snapshot spares the next engine the work."""


class Run:
    """Drives one execution until it is terminal."""

    def __init__(self, services: Services, state: ExecutionState, children: Children) -> None:
        self.services = services
        self.children = children
        self.state = state
        self.exceptions: dict[NodeId, BaseException] = {}
        self.keeping = Keeping(services, state, had_a_life=state.seq > 0)
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
        self._timers = Timers(services, state)
        self._snapshot_at = state.seq + SNAPSHOT_AFTER
        self._sure_at_ns = services.clock.now_ns()
        """When the execution was last known to be this engine's."""
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
            if report.phase is AttemptPhase.RUNNING:
                self._timers.runs(attempt, now)
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
        self._timers.is_over(attempt)
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
                    self._mail += self._timers.due()
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
            self._timers.set(command)
            return
        if self.services.clock.now_ns() - self._sure_at_ns > SURE_FOR_S * 1e9:
            await self._make_sure()
        await self.acting.carry_out(command)

    async def _make_sure(self) -> None:
        """
        Look whether others have gone on with the execution: this engine may have been frozen since it last committed.

        What it would begin now may have ended long ago, and left no trace with any executor. Raises ``OwnershipLost``.
        """
        now = self.services.clock.now_ns()
        if self.committed.is_set() and await self.services.database.log.read(self.state.id, after=self.state.seq):
            raise OwnershipLost(execution=str(self.state.id), owner=self.services.owner)
        self._sure_at_ns = now

    async def _sleep(self) -> bool:
        """Wait until there may be something to do; False when that is far off, and nothing holds the execution in memory."""
        wake_at = self._timers.next_at_ns
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
            self._sure_at_ns = now
            self.has_ended = state.is_terminal
            if self.services.awaited:
                self.keeping.wake(append)
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
            cache=self.keeping.entries(now, decisions),
            released=self.keeping.released(decisions),
            audit=self.audit if first_seq == 1 else None,
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
