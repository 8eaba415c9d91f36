"""
Group commit: writes that are ready together are committed together, so that all of them wait for the disk once.

Used by connections that have one writer. A write that fails, or makes the commit of its group fail, harms no other: each of the
group is then tried alone, which works may be. Why: docs/adr/sqlite-in-the-callers-thread.md
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
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
    answer: "asyncio.Future[Any]"
    result: Any = None
    failure: BaseException | None = None


class Groups:
    """Writes of any loop and thread, carried out by the one thread of *workers*; *within* runs a work in a transaction of its own."""

    def __init__(self, workers: Workers, within: Callable[[Work[Any]], Any]) -> None:
        self._workers = workers
        self._within = within
        self._waiting: deque[_Member] = deque()
        self._is_called = False
        """Whether the thread will still look at what waits."""

    async def write(self, work: Work[T]) -> T:
        """Return what *work* returns, once it is committed. When cancelled, it is carried out to its end or not at all."""
        member = _Member(work, asyncio.get_running_loop().create_future())
        self._waiting.append(member)
        if not self._is_called:
            self._is_called = True
            self._workers.call(self._commit_all)
        try:
            return cast("T", await member.answer)
        except asyncio.CancelledError:
            with suppress(ValueError):  # it is being committed
                self._waiting.remove(member)
            raise

    def _commit_all(self) -> None:
        """Commit what waits, in groups of what may share a transaction; whoever comes from now on calls again."""
        self._is_called = False
        while members := self._next():
            if len(members) == 1 or not self._commit_together(members):
                for member in members:
                    self._commit_alone(member)
            _tell(members)

    def _next(self) -> list[_Member]:
        members: list[_Member] = []
        with suppress(IndexError):  # no more are there
            while len(members) < MOST_TOGETHER:
                members.append(self._waiting.popleft())
        return members

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


def _tell(members: list[_Member]) -> None:
    """Answer, waking each loop once."""
    by_loop = defaultdict(list)
    for member in members:
        by_loop[member.answer.get_loop()].append(member)
    for loop, own in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_answer, own)


def _answer(members: list[_Member]) -> None:
    for member in members:
        if member.answer.done():  # cancelled meanwhile
            continue
        if member.failure is not None:
            member.answer.set_exception(member.failure)
        else:
            member.answer.set_result(member.result)
