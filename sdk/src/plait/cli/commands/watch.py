"""
``plait watch``: an execution as it goes on.

On a terminal, a tree of nodes that is drawn anew as they change; elsewhere a line for each change, or, with ``--json``, each event as it
stands in the log. Exit codes: 0 it succeeded, 1 it ended otherwise, is not there or cannot be reached, 2 usage, 130 Ctrl-C.
"""

import sys
from contextlib import aclosing

import click

from plait.cli.failures import INTERRUPTED_EXIT, report_failure
from plait.cli.interrupts import Interrupted, run_interruptibly
from plait.cli.records import place_of_failure
from plait.cli.session import Session, with_place
from plait.cli.watching import Drawing, each_change
from plait.control.plane import ControlPlane, every_row
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.phases import ExecutionPhase, NodePhase


@click.command()
@with_place
@click.option("--json", "as_json", is_flag=True, help="Print each event as a JSON document on a line of its own.")
@click.argument("id", metavar="EXECUTION")
@click.pass_context
def command(ctx: click.Context, /, id: str, *, as_json: bool) -> None:
    """Watch an execution until it ends."""
    session: Session = ctx.obj

    async def watch() -> int:
        async with session.plane(follows=True) as plane:
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
        await Drawing(plane, execution, sys.stdout).keep_up()
    else:
        await _print_changes(plane, execution)
    detail = await plane.execution(execution)
    if detail.row.error is not None and not as_json:
        place = await place_of_failure(plane, execution, detail.row.error)
        report_failure(execution.name, detail.phase.value, detail.row.error, place, flags=flags)
    if detail.phase is ExecutionPhase.INTERRUPTED and not as_json:
        click.echo(f"its process is gone; go on with `plait run --resume {execution.name}`", err=True)
    return 0 if detail.phase is ExecutionPhase.SUCCEEDED else 1


async def _print_events(plane: ControlPlane, execution: ExecutionId) -> None:
    from json import dumps

    from plait_core.ir.codec import to_json

    async with aclosing(plane.events(execution)) as events:
        async for event in events:
            click.echo(dumps(to_json(event), ensure_ascii=False))


async def _print_changes(plane: ControlPlane, execution: ExecutionId) -> None:
    """Print the phases that nodes get into, each once."""
    told: dict[NodeId, NodePhase] = {}

    async def tell() -> None:
        for row in await every_row(plane, execution):
            if told.get(row.node) is not row.phase:
                told[row.node] = row.phase
                click.echo(f"{row.node}  {row.kind} {row.entity or row.name}  {row.phase.value}")

    await each_change(plane, execution, tell)
    detail = await plane.execution(execution)
    click.echo(f"{execution.name} is {detail.phase.value}")
