"""
``plait watch``: an execution as it goes on.

On a terminal, a tree of nodes that is drawn anew as they change; elsewhere a line for each change, or, with ``--json``, each event as it
stands in the log. Exit codes: 0 it succeeded, 1 it ended otherwise, is not there or cannot be reached, 2 usage, 130 Ctrl-C.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

import click

from plait.cli.failures import INTERRUPTED_EXIT, report_failure
from plait.cli.interrupts import Interrupted, run_interruptibly
from plait.cli.records import place_of_failure, row_document, summary
from plait.cli.session import Session, with_place
from plait.cli.trees import render_progress
from plait.control.plane import ControlPlane
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import ExecutionPhase, NodePhase

DRAWN_EVERY_S = 0.2


@click.command()
@with_place
@click.option("--json", "as_json", is_flag=True, help="Print each event as a JSON document on a line of its own.")
@click.argument("id", metavar="EXECUTION")
@click.pass_context
def command(ctx: click.Context, /, id: str, *, as_json: bool) -> None:
    """Watch an execution until it ends."""
    session: Session = ctx.obj

    async def watch() -> int:
        async with session.plane() as plane:
            return await _watch(plane, session.execution_id(id), as_json=as_json, flags=session.flags)

    try:
        ctx.exit(run_interruptibly(watch()))
    except Interrupted:
        ctx.exit(INTERRUPTED_EXIT)


async def _watch(plane: ControlPlane, execution: ExecutionId, *, as_json: bool, flags: str) -> int:
    await plane.execution(execution)
    if as_json:
        await _print_events(plane, execution)
    elif sys.stdout.isatty():
        await _draw(plane, execution)
    else:
        await _print_changes(plane, execution)
    detail = await plane.execution(execution)
    if detail.row.error is not None and not as_json:
        place = await place_of_failure(plane, execution, detail.row.error)
        report_failure(execution.name, detail.phase.value, detail.row.error, place, flags=flags)
    return 0 if detail.phase is ExecutionPhase.SUCCEEDED else 1


async def _print_events(plane: ControlPlane, execution: ExecutionId) -> None:
    from json import dumps

    from plait_core.ir.codec import to_json

    async for event in plane.events(execution):
        click.echo(dumps(to_json(event), ensure_ascii=False))


async def _print_changes(plane: ControlPlane, execution: ExecutionId) -> None:
    """Print the phases that nodes get into, each once."""
    told: dict[NodeId, NodePhase] = {}

    async def tell() -> None:
        for row in await plane.rows(execution):
            if told.get(row.node) is not row.phase:
                told[row.node] = row.phase
                click.echo(f"{row.node}  {row.kind} {row.entity or row.name}  {row.phase.value}")

    await _each_change(plane, execution, tell)
    detail = await plane.execution(execution)
    click.echo(f"{execution.name} is {detail.phase.value}")


async def _draw(plane: ControlPlane, execution: ExecutionId) -> None:
    """Draw the tree anew over the one before, as far as the terminal is high."""
    from shutil import get_terminal_size

    n_drawn = 0

    async def draw() -> None:
        nonlocal n_drawn
        detail, rows = await plane.execution(execution), await plane.rows(execution)
        document = {**summary(detail), "nodes": [row_document(row) for row in rows]}
        columns, height = get_terminal_size()
        lines = _fitted(render_progress(document).splitlines(), height - 1)
        click.echo(f"\x1b[{n_drawn}A\x1b[J" if n_drawn else "", nl=False)
        click.echo("\n".join(line[: columns - 1] for line in lines))
        n_drawn = len(lines)

    await _each_change(plane, execution, draw)


def _fitted(lines: Sequence[str], height: int) -> Sequence[str]:
    """Keep the first line and the last ones, where the terminal has no room for all."""
    if len(lines) <= height:
        return lines
    return [lines[0], f"… {len(lines) - height + 2} more", *lines[len(lines) - height + 2 :]]


async def _each_change(plane: ControlPlane, execution: ExecutionId, act: Callable[[], Awaitable[None]]) -> None:
    """Call *act* at first, then after events, not too often, and after the last."""
    changed = asyncio.Event()

    async def listen() -> None:
        async for _ in plane.events(execution):
            changed.set()

    listening = asyncio.create_task(listen(), name="events")
    try:
        while not listening.done():
            await act()
            changed.clear()
            ringing = asyncio.create_task(changed.wait(), name="change")
            await asyncio.wait((listening, ringing), return_when=asyncio.FIRST_COMPLETED)
            ringing.cancel()
            await asyncio.wait((listening,), timeout=DRAWN_EVERY_S)
        await act()
        await listening
    finally:
        listening.cancel()
