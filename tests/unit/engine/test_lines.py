"""How submissions wait for an executor that is full."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

from plait_core.engine._commands import Command, Submit
from plait_core.engine._lines import Caller, Lines
from plait_core.ir.ids import NodeId
from plait_core.testing.clocks import VirtualClock

A, B, C = (Submit(NodeId(name), 0, None) for name in "abc")


class Play:
    """A run whose commands are lettered, and what its lines make of them."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.recalled: list[Command] = []
        self.open: dict[object, Command] = {command.key: command for command in (A, B, C)}
        self.tasks: list[asyncio.Task[None]] = []
        run = SimpleNamespace(
            services=SimpleNamespace(clock=self.clock), state=SimpleNamespace(open=self.open), recall=self._recall
        )
        self.lines = Lines(cast("Caller", run), self._spawn)

    def _recall(self, command: Command, *, first: bool) -> None:
        assert first
        self.recalled.append(command)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work))


def test_those_behind_a_refused_one_wait_untried() -> None:
    """Once there is room, each that is taken lets the next one try, in order."""

    async def run() -> None:
        play = Play()
        lines = play.lines
        lines.refused("x", A, 1.0)
        assert [lines.has_to_wait("x", B), lines.has_to_wait("x", C), lines.has_to_wait("y", C)] == [True, True, False]

        await play.clock.advance(1.0)
        assert (play.recalled, lines.has_to_wait("x", A)) == ([A], False)
        lines.call_next("x")
        assert (play.recalled, lines.has_to_wait("x", B)) == ([A, B], False)
        lines.refused("x", B, 1.0)
        assert play.recalled == [A, B]

        await play.clock.advance(1.0)
        lines.call_next("x")
        assert play.recalled == [A, B, B, C]
        await play.clock.advance(1.0)
        await asyncio.gather(*play.tasks)

    asyncio.run(run())


def test_one_that_is_given_up_holds_up_nobody() -> None:
    """Neither before it is called nor after."""

    async def run() -> None:
        play = Play()
        lines = play.lines
        lines.refused("x", A, 1.0)
        assert [lines.has_to_wait("x", B), lines.has_to_wait("x", C)] == [True, True]
        del play.open[A.key]
        await play.clock.advance(1.0)
        del play.open[B.key]
        await play.clock.advance(1.0)
        assert play.recalled == [B, C]
        await asyncio.gather(*play.tasks)
        assert not lines.has_to_wait("x", C)

    asyncio.run(run())
