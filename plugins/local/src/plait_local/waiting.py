"""Waiting attempts: who is next, so that no execution has to wait for all the attempts of another."""

from collections import deque
from typing import Generic, TypeVar

from plait_core.ir.ids import ExecutionId

T = TypeVar("T")


class Waiting(Generic[T]):
    """
    A queue per execution, served in turn.

    Every other turn belongs to executions that have just come, or come again after nothing of theirs waited: one of a single task is
    served soon, however many others wait with many, and these have at least half of all turns.
    """

    def __init__(self) -> None:
        self._queues: dict[ExecutionId, deque[T]] = {}
        self._come: dict[ExecutionId, None] = {}
        self._served: dict[ExecutionId, None] = {}
        """Whose queues they are: of executions that were not served since they came, and of the others; each in order of turns."""
        self._is_newcomers_turn = True

    def __bool__(self) -> bool:
        return bool(self._queues)

    def n_of(self, execution: ExecutionId) -> int:
        """Return how many attempts of an execution wait."""
        return len(self._queues.get(execution, ()))

    def add(self, execution: ExecutionId, item: T) -> None:
        """Let *item* wait behind those of its execution."""
        if execution not in self._queues:
            self._queues[execution] = deque()
            self._come[execution] = None
        self._queues[execution].append(item)

    @property
    def first(self) -> T:
        """The next one; there must be one."""
        return self._queues[next(iter(self._turns))][0]

    def take(self) -> T:
        """Remove the next one; afterwards it is the turn of another execution."""
        turns = self._turns
        if self._come and self._served:
            self._is_newcomers_turn = turns is self._served
        execution = next(iter(turns))
        del turns[execution]
        queue = self._queues[execution]
        item = queue.popleft()
        if queue:
            self._served[execution] = None
        else:
            del self._queues[execution]
        return item

    @property
    def _turns(self) -> dict[ExecutionId, None]:
        if self._come and (self._is_newcomers_turn or not self._served):
            return self._come
        return self._served

    def remove(self, execution: ExecutionId, item: T) -> bool:
        """Take *item* out of the line; says whether it was there."""
        queue = self._queues.get(execution, deque())
        if item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._queues[execution]
            self._come.pop(execution, None)
            self._served.pop(execution, None)
        return True
