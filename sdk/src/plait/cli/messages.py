"""
Messages to an execution, wherever it runs: answers to its gates, and the wish that it end.

Delivered through the store's inbox, so the process that drives the execution need not be this one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from plait_core.errors import UserError
from plait_core.errors.engine import UnknownExecution
from plait_core.ir.workflows import Gate, NodeTarget, WaitForInput
from plait_core.types.contexts import DETACHED

if TYPE_CHECKING:
    from plait.cli.session import Session
    from plait_core.engine import Engine
    from plait_core.ir.ids import ExecutionId


def deliver(session: "Session", id: str, send: "Callable[[Engine, ExecutionId], Awaitable[None]]") -> None:
    """Open an engine for the time that *send* takes; raises ``UnknownExecution``."""

    async def run() -> None:
        async with session.engine() as engine:
            execution = session.execution_id(id)
            if await engine.database.views.execution(execution) is None:
                raise UnknownExecution(execution=execution.name)
            await send(engine, execution)

    asyncio.run(run())


async def answer(engine: "Engine", execution: "ExecutionId", signal_id: str, text: str) -> None:
    """
    Answer the gate that waits for *signal_id* with the value that *text* stands for.

    Raises:
        click.UsageError: no gate of that name is open, or the text does not fit it.
    """
    waiting = (await engine.state(execution)).waiting
    if not waiting.get(signal_id):
        known = ", ".join(name for name, gates in waiting.items() if gates) or "none"
        raise click.UsageError(f"no gate {signal_id!r} is open in {execution.name}; open are: {known}")
    converter = engine.types.converter(_type_of(engine, waiting[signal_id][0].node.target))
    try:
        value = converter.to_literal(converter.parse(text), DETACHED)
    except UserError as error:
        raise click.UsageError(f"{error.problem}; {error.remedy}") from error
    await engine.signal(execution, signal_id, value)


def _type_of(engine: "Engine", target: NodeTarget) -> Any:
    """Return the Python type that an answer has: that of the input, or whether it is approved."""
    match target:
        case Gate(condition=WaitForInput(type=literal_type)):
            return engine.types.guess(literal_type)
    return bool
