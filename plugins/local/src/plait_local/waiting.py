"""Waiting attempts: who is next, so that no execution has to wait for all the attempts of another."""

from collections import deque
from typing import Generic, TypeVar

from plait_core.ir.ids import ExecutionId

T = TypeVar("T")


class Waiting(Generic[T]):
    """A queue per execution, served in turn."""

    def __init__(self) -> None:
        self._queues: dict[ExecutionId, deque[T]] = {}

    def __bool__(self) -> bool:
        return bool(self._queues)

    def n_of(self, execution: ExecutionId) -> int:
        """Return how many attempts of an execution wait."""
        return len(self._queues.get(execution, ()))

    def add(self, execution: ExecutionId, item: T) -> None:
        """Let *item* wait behind those of its execution."""
        self._queues.setdefault(execution, deque()).append(item)

    @property
    def first(self) -> T:
        """The next one; there must be one."""
        return next(iter(self._queues.values()))[0]

    def take(self) -> T:
        """Remove the next one; afterwards it is the turn of another execution."""
        execution, queue = next(iter(self._queues.items()))
        item = queue.popleft()
        del self._queues[execution]
        if queue:
            self._queues[execution] = queue
        return item

    def remove(self, execution: ExecutionId, item: T) -> bool:
        """Take *item* out of the line; says whether it was there."""
        queue = self._queues.get(execution, deque())
        if item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._queues[execution]
        return True
