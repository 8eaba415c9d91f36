"""
Gates of an execution that runs in this terminal: each is put to whoever sits there.

Hears of gates as they open. Answers are typed on standard input; when that has ended, the gate stays open for ``plait approve`` and
``plait signal`` from elsewhere.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from plait.cli.documents import of_value
from plait_core.errors import UserError
from plait_core.hookspecs import hookimpl
from plait_core.ir.events import Event, GateOpened
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal
from plait_core.ir.workflows import Approve, Gate, WaitForInput
from plait_core.types.contexts import DETACHED

if TYPE_CHECKING:
    from plait_core.engine import Engine


class GateKeeper:
    """Remembers which gates have opened, and asks about them one after the other; *quiet* holds while it does."""

    def __init__(self, quiet: Callable[[], AbstractContextManager[None]]) -> None:
        """Know of no gate yet."""
        self._quiet = quiet
        self._opened: asyncio.Queue[tuple[ExecutionId, str]] = asyncio.Queue()

    @hookimpl
    def plait_on_event(self, execution: ExecutionId, event: Event) -> None:
        """Note a gate that opened; say that a sleep has begun."""
        if not isinstance(event.decision, GateOpened):
            return
        if event.decision.signal_id:
            self._opened.put_nowait((execution, event.decision.signal_id))
        elif event.decision.due_at_ns is not None:
            seconds = (event.decision.due_at_ns - event.at_ns) / 1e9
            click.echo(f"[Sleep Gate] @{event.decision.node} sleeping {seconds:g} s", err=True)

    async def answer(self, engine: "Engine", execution: ExecutionId) -> None:
        """Ask about each gate of this terminal's executions, those of *execution* that are open already first; never returns."""
        for signal_id in (await engine.state(execution)).waiting:
            self._opened.put_nowait((execution, signal_id))
        settled = set[tuple[ExecutionId, str]]()
        while True:
            gate = await self._opened.get()
            if gate not in settled:
                settled.add(gate)
                with self._quiet():
                    await _settle(engine, *gate)


async def _settle(engine: "Engine", execution: ExecutionId, signal_id: str) -> None:
    waiting = next(iter((await engine.state(execution)).waiting.get(signal_id, ())), None)
    if waiting is None:
        return
    assert isinstance(waiting.node.target, Gate)
    match waiting.node.target.condition:
        case Approve():
            shown = ", ".join(str(of_value(literal)) for literal in waiting.inputs().values())
            prompt, python_type = f"[Approval Gate] @{signal_id} Approve {shown}? [Y/n] ", bool
        case WaitForInput(type=literal_type):
            python_type = engine.types.guess(literal_type)
            name = engine.types.converter(python_type).name
            prompt = f"[Input Gate] @{signal_id} {name}: "
        case _:
            return
    value = await _asked(engine, prompt, python_type)
    if value is not None:
        await engine.signal(execution, signal_id, value, principal="terminal")
    else:
        from plait.cli.messages import answering_command
        from plait.control.plane import answer_to

        answer = answer_to(waiting.node.target)
        command = answering_command(execution, signal_id, answer[1] if answer else None)
        click.echo(f"\nnobody is here to answer; use `{command}`", err=True)


async def _asked(engine: "Engine", prompt: str, python_type: Any) -> Literal | None:
    """Ask until the answer is a value of the type; ``None`` at the end of input."""
    converter = engine.types.converter(python_type)
    while (line := await _line(prompt)) is not None:
        try:
            return converter.to_literal(converter.parse(line or "yes" if python_type is bool else line), DETACHED)
        except UserError as error:
            click.echo(f"{error.problem}; {error.remedy}", err=True)
    return None


async def _line(prompt: str) -> str | None:
    """Read a line in a thread of its own, which is left behind when nobody waits for it any more."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def settle(line: str) -> None:
        if not typed.done():
            typed.set_result(line)

    def read() -> None:
        loop.call_soon_threadsafe(settle, sys.stdin.readline())

    click.echo(prompt, nl=False, err=True)
    Thread(target=read, daemon=True, name="terminal").start()
    line = await typed
    return line.strip() if line else None
