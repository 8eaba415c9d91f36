"""
Executions on the server, as this terminal tells of them: where they are to be seen and, for those who wait, how they end.

Standard output carries the line with the address and then the result; with ``as_json`` the document alone. Ctrl-C stops the waiting, and
not the execution.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from plait.cli import documents
from plait.cli.failures import INTERRUPTED_EXIT, report_failure
from plait.cli.inputs import Runnable
from plait.cli.interrupts import Interrupted, run_interruptibly
from plait.cli.messages import answering_command
from plait.cli.records import place_of_failure
from plait.cli.session import Session
from plait.cli.watching import Drawing
from plait.control.server import ServerPlane
from plait.remote.asynchronous import AsyncRemote
from plait.remote.executions import RemoteExecution
from plait_core.ir.events import GateOpened

if TYPE_CHECKING:
    from plait_core.ir.executions import TaskError

Start = Callable[[AsyncRemote], Awaitable[RemoteExecution]]


def follow(session: Session, start: Start, *, waits: bool, as_json: bool, entity: Runnable | None = None) -> int:
    """
    Start an execution on the server and say where it is; with *waits*, go on to its end.

    Returns the exit code. *entity* is what it runs, where this process knows it: its outputs are shown as it would return them.
    """
    session.load_plugins()  # before values are converted
    started: list[RemoteExecution] = []

    async def drive() -> str:
        async with AsyncRemote(settings=session.settings, connect=partial(session.connection, follows=waits)) as remote:
            execution = await start(remote)
            started.append(execution)
            click.echo(f"Go to {execution.url} to see execution in the console.", err=as_json)
            if not waits:
                return ""
            async with session.server(follows=True) as plane:
                await _waited(remote, plane, execution, session.flags)
                return await _place(plane, execution)

    try:
        place = run_interruptibly(drive())
    except Interrupted:
        if started:
            name = started[0].name
            click.echo(f"\nNo longer waiting: execution {name} goes on.", err=True)
            click.echo(f"  → end it with `plait cancel {name}{session.flags}`", err=True)
        return INTERRUPTED_EXIT
    (execution,) = started
    if as_json:
        documents.show(_document(execution))
    elif execution.is_successful:
        value = result_of(execution, entity)
        click.echo("" if value is None else str(value))
    if not execution.is_done or execution.is_successful:
        return 0
    if execution.error is not None:
        report_failure(execution.name, execution.phase.value, execution.error, place, flags=session.flags)
    return 1


def result_of(execution: RemoteExecution, entity: Runnable | None) -> Any:
    """Return what a call of *entity* would have returned, or what is known of that without it."""
    outputs = execution.outputs
    if entity is not None:
        return entity.python_interface.pack(outputs)
    return next(iter(outputs.values()), None) if len(outputs) < 2 else dict(outputs)


async def _waited(remote: AsyncRemote, plane: ServerPlane, execution: RemoteExecution, flags: str) -> None:
    """Wait for the end; on a terminal, the nodes are drawn meanwhile. Whoever waits is told of gates that wait for them."""
    drawing = Drawing(plane, execution.id, sys.stderr) if sys.stderr.isatty() else None
    beside = [asyncio.create_task(_tell_gates(plane, execution, flags, drawing), name="gates")]
    if drawing is not None:
        beside.append(asyncio.create_task(drawing.keep_up(), name="drawing"))
    try:
        await remote.wait(execution)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)  # what waits knows by itself when the server is gone
        if drawing is not None:
            drawing.erase()


async def _tell_gates(plane: ServerPlane, execution: RemoteExecution, flags: str, drawing: Drawing | None) -> None:
    async with aclosing(plane.events(execution.id)) as events:
        async for event in events:
            if not isinstance(event.decision, GateOpened) or not event.decision.signal_id:
                continue
            gate, gates = event.decision.signal_id, await plane.gates(execution.id)
            if gate not in gates:
                continue  # answered meanwhile
            answer = answering_command(execution.id, gate, gates[gate])
            if drawing is not None:
                drawing.erase()
            click.echo(f"{gate} waits for an answer\n  → give it with `{answer}{flags}`", err=True)


async def _place(plane: ServerPlane, execution: RemoteExecution) -> str:
    error: TaskError | None = execution.error
    return "" if error is None else await place_of_failure(plane, execution.id, error)


def _document(execution: RemoteExecution) -> Mapping[str, Any]:
    return {
        "execution": execution.name,
        "project": execution.id.project,
        "domain": execution.id.domain,
        "phase": execution.phase.value,
        "outputs": documents.of_values(execution.outputs.literals) if execution.is_successful else None,
        "error": documents.of_error(execution.error),
        "url": execution.url,
    }
