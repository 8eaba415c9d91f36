"""
Group commit: writes that are ready together are committed together, so that all of them wait for the disk once.

Used by connections that have one writer. Brief writes are carried out in the thread of one of those that ask, and only committed in
a thread of ours; long ones happen there from the beginning. A write that fails, or makes the commit of its group fail, harms no
other: each of the group is then tried alone, which works may be. Why: docs/adr/commits-in-a-thread.md
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar, cast

import attrs

from plait_sql.connections import Work
from plait_sql.workers import Workers, tell

T = TypeVar("T")

MOST_TOGETHER = 64
"""How many writes share a transaction, so that none waits for too many others."""


class Writer(Protocol):
    """What everything is written through; one thread at a time uses it."""

    def carry_out(self, works: Sequence[Work[Any]]) -> list[Any]:
        """Run *works* in a transaction that is left open, and return their results; when one fails, undo all and raise that."""
        ...

    def commit(self) -> None:
        """Commit, or undo everything and raise."""
        ...


@attrs.define(eq=False)
class _Member:
    work: Work[Any]
    is_brief: bool
    answer: "asyncio.Future[Any]"
    result: Any = None
    failure: BaseException | None = None


class Groups:
    """Writes of any loop and thread through *writer*, whose commits are waited for by the one thread of *workers*."""

    def __init__(self, workers: Workers, writer: Writer) -> None:
        self._workers = workers
        self._writer = writer
        self._waiting: deque[_Member] = deque()
        self._is_writing = threading.Lock()

    async def write(self, work: Work[T], *, is_brief: bool = False) -> T:
        """Return what *work* returns, once it is committed. When cancelled, it is carried out to its end or not at all."""
        member = _Member(work, is_brief, asyncio.get_running_loop().create_future())
        self._waiting.append(member)
        self._go_on()
        try:
            return cast("T", await member.answer)
        except asyncio.CancelledError:
            with suppress(ValueError):  # it is being committed
                self._waiting.remove(member)
            raise

    def close(self) -> None:
        """Write what still waits, and return when all is committed."""
        self._workers.stop()
        while members := self._next():
            self._write(members)
            self._tell(members)

    def _go_on(self) -> None:
        """Write what waits, unless somebody does, whose end is told to every loop that has something waiting."""
        if not self._waiting or not self._is_writing.acquire(blocking=False):
            return
        members = self._next()
        are_carried_out = False
        try:
            are_carried_out = all(member.is_brief for member in members) and self._carry_out(members)
        finally:
            self._workers.call(partial(self._finish, members, are_carried_out=are_carried_out))

    def _next(self) -> list[_Member]:
        members: list[_Member] = []
        with suppress(IndexError):  # no more are there
            while len(members) < MOST_TOGETHER:
                members.append(self._waiting.popleft())
        return members

    def _finish(self, members: Sequence[_Member], *, are_carried_out: bool) -> None:
        """Commit, in our thread, and have those go on who wait."""
        self._write(members, are_carried_out=are_carried_out)
        self._is_writing.release()
        self._tell(members)

    def _write(self, members: Sequence[_Member], *, are_carried_out: bool = False) -> None:
        """Write *members* together or, when that fails, each alone; one that has failed alone is not tried again."""
        if (are_carried_out or self._carry_out(members)) and self._succeeds(members, self._writer.commit):
            return
        if len(members) > 1:
            for member in members:
                self._write([member])

    def _carry_out(self, members: Sequence[_Member]) -> bool:
        def act() -> None:
            results = self._writer.carry_out([member.work for member in members])
            for member, result in zip(members, results, strict=True):
                member.result = result

        return self._succeeds(members, act)

    def _succeeds(self, members: Sequence[_Member], act: Callable[[], None]) -> bool:
        """Do something for *members*, unless it is known to fail; whose fault it is shows only when there is one."""
        if any(member.failure for member in members):
            return False
        try:
            act()
        except Exception as failure:  # noqa: BLE001  # it belongs to whoever waits
            if len(members) == 1:
                members[0].failure = failure
            return False
        return True

    def _tell(self, members: Sequence[_Member]) -> None:
        """Answer, waking each loop once; one that has something waiting goes on, as others may be busy for long."""
        by_loop: dict[asyncio.AbstractEventLoop, list[_Member]] = {
            member.answer.get_loop(): []
            for member in [*members, *self._waiting]  # a list: nothing interrupts its making
        }
        for member in members:
            by_loop[member.answer.get_loop()].append(member)
        for loop, own in by_loop.items():
            tell(loop, self._answer, own)

    def _answer(self, members: Sequence[_Member]) -> None:
        self._go_on()
        for member in members:
            if member.answer.done():  # cancelled meanwhile
                continue
            if member.failure is not None:
                member.answer.set_exception(member.failure)
            else:
                member.answer.set_result(member.result)
