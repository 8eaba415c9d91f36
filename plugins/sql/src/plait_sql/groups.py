"""
Group commit: writes that are ready together are committed together, so that all of them wait for the disk once.

Used by connections that have one writer. A write that fails, or makes the commit of its group fail, harms no other: each of the
group is then tried alone, which works may be. Why: docs/adr/sqlite-in-the-callers-thread.md
"""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

import attrs

from plait_sql.connections import Transaction, Work
from plait_sql.workers import Workers

T = TypeVar("T")

MOST_TOGETHER = 64
"""How many writes share a transaction, so that none waits for too many others."""


@attrs.define(eq=False)
class _Member:
    work: Work[Any]
    result: Any = None
    failure: BaseException | None = None


class Groups:
    """Writes of any loop and thread, carried out by the one thread of *workers*; *within* runs a work in a transaction of its own."""

    def __init__(self, workers: Workers, within: Callable[[Work[Any]], Any]) -> None:
        self._workers = workers
        self._within = within
        self._waiting: deque[_Member] = deque()

    async def write(self, work: Work[T]) -> T:
        """Return what *work* returns, once it is committed. When cancelled, it is carried out to its end or not at all."""
        member = _Member(work)
        self._waiting.append(member)
        try:
            # by the time that this has run, the member was part of a group: its own, or one that began before
            await self._workers.do(self._commit_next)
        except BaseException:
            if member in self._waiting:
                self._waiting.remove(member)
            raise
        if member.failure is not None:
            raise member.failure
        return cast("T", member.result)

    def _commit_next(self) -> None:
        """Commit what waits, up to the most that share a transaction."""
        members = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
        if len(members) > 1 and self._commit_together(members):
            return
        for member in members:
            self._commit_alone(member)

    def _commit_together(self, members: list[_Member]) -> bool:
        def work(transaction: Transaction) -> list[Any]:
            return [member.work(transaction) for member in members]

        try:
            results = self._within(work)
        except Exception:  # noqa: BLE001  # whose fault it is shows when each is tried alone
            return False
        for member, result in zip(members, results, strict=True):
            member.result = result
        return True

    def _commit_alone(self, member: _Member) -> None:
        try:
            member.result = self._within(member.work)
        except BaseException as failure:  # noqa: BLE001  # it belongs to whoever waits
            member.failure = failure
