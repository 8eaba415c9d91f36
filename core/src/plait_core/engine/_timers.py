"""
Timers: the times that a run waits for, and when the time of an attempt is up.

Kept by ``Run``. A timer whose command was closed meanwhile says nothing when it is due.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from plait_core.engine._commands import WaitUntil
from plait_core.engine._policies import timeout_ns
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.engine._stimuli import TimerFired
from plait_core.engine._units import attempt_id
from plait_core.ir.ids import AttemptId


class Timers:
    """The timers of one run, the earliest first."""

    def __init__(self, services: Services, state: ExecutionState) -> None:
        self._services = services
        self._state = state
        self._waiting: list[tuple[int, int, WaitUntil]] = []
        self._order = count()
        self._began: dict[AttemptId, int] = {}
        """When attempts that have a time limit were first heard to run."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def set(self, timer: WaitUntil, at_ns: int | None = None) -> None:
        """Have *timer* fire at its time, or at another one."""
        heappush(self._waiting, (timer.at_ns if at_ns is None else at_ns, next(self._order), timer))

    def runs(self, attempt: AttemptId, now: int) -> None:
        """Note that an attempt is heard to run: its time counts from the first such word."""
        if timeout_ns(self._state.nodes[attempt.node]) is not None:
            self._began.setdefault(attempt, now)

    def is_over(self, attempt: AttemptId) -> None:
        """Note that an attempt has ended."""
        self._began.pop(attempt, None)

    @property
    def next_at_ns(self) -> int | None:
        """The earliest time that somebody still waits for."""
        while self._waiting and self._waiting[0][2].key not in self._state.open:
            heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    def due(self) -> Iterator[TimerFired]:
        """Take out the timers whose time has come, and yield what that means."""
        now = self._services.clock.now_ns()
        while self._waiting and self._waiting[0][0] <= now:
            timer = heappop(self._waiting)[2]
            if timer.key not in self._state.open:
                continue
            if timer.what == "timeout" and (due_at := self._times_out_at(timer, now)) > now:
                self.set(timer, due_at)
            else:
                yield TimerFired(now, timer.node, timer.what, timer.n, timer.element)

    def _times_out_at(self, timer: WaitUntil, now: int) -> int:
        """
        Say when the time of an attempt is up: its limit after it began to run, however long it waited for room before.

        One that is not heard to run, where executors see to limits themselves, has as long again.
        """
        node = self._state.nodes[timer.node]
        limit = timeout_ns(node) or 0
        began = self._began.get(attempt_id(self._state, node, timer.n, timer.element))
        if began is not None:
            return began + limit
        capabilities = self._services.executors[self._state.executor_of(node.template.id)].capabilities
        return now + limit if capabilities.can_time_out else timer.at_ns
