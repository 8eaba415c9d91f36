"""
An execution as it goes on, drawn on a terminal: its nodes as a tree, anew whenever something happens.

Used by ``plait watch``, and by commands that wait for an execution on the server. What happens is heard as events; where nodes stand is
asked for then, and not more often than an eye can follow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TextIO

from plait.cli.records import row_document, summary
from plait.cli.trees import render_progress
from plait.control.plane import ControlPlane, every_row
from plait_core.ir.ids import ExecutionId

DRAWN_EVERY_S = 0.2


async def each_change(plane: ControlPlane, execution: ExecutionId, act: Callable[[], Awaitable[None]]) -> None:
    """Call *act* at first, after events, and when the execution has ended; returns then."""
    changed = asyncio.Event()

    async def listen() -> None:
        async with aclosing(plane.events(execution)) as events:
            async for _ in events:
                changed.set()

    listening = asyncio.create_task(listen(), name="events")
    try:
        while not listening.done():
            await act()
            ringing = asyncio.create_task(changed.wait(), name="change")
            await asyncio.wait((listening, ringing), return_when=asyncio.FIRST_COMPLETED)
            ringing.cancel()
            changed.clear()
            await asyncio.wait((listening,), timeout=DRAWN_EVERY_S)
        await listening
        await act()
    finally:
        listening.cancel()


class Drawing:
    """The tree of one execution at the end of *terminal*."""

    def __init__(self, plane: ControlPlane, execution: ExecutionId, terminal: TextIO) -> None:
        self._plane = plane
        self._execution = execution
        self._terminal = terminal
        self._n_drawn = 0

    async def keep_up(self) -> None:
        """Draw until the execution has ended; raises what the control plane does."""
        await each_change(self._plane, self._execution, self._draw)

    async def _draw(self) -> None:
        from shutil import get_terminal_size

        detail, rows = await self._plane.execution(self._execution), await every_row(self._plane, self._execution)
        document = {**summary(detail), "nodes": [row_document(row) for row in rows]}
        columns, height = get_terminal_size()
        lines = fitted(render_progress(document).splitlines(), height - 1)
        self.erase()
        self._terminal.write("".join(f"{line[: columns - 1]}\n" for line in lines))
        self._terminal.flush()
        self._n_drawn = len(lines)

    def erase(self) -> None:
        """Take away what is drawn."""
        if self._n_drawn:
            self._terminal.write(f"\x1b[{self._n_drawn}A\x1b[J")
            self._terminal.flush()
            self._n_drawn = 0


def fitted(lines: Sequence[str], height: int) -> Sequence[str]:
    """Keep the first line and the last ones, where the terminal has no room for all."""
    if len(lines) <= height:
        return lines
    n_left_out = len(lines) - height + 1
    return [lines[0], f"… {n_left_out} more", *lines[n_left_out + 1 :]]
