"""
``plait rerun --from NODE``: an execution once more from some of its nodes, reusing what does not depend on them.

The plan is shown first: what is reused, what runs again, and why. On this machine it runs in this process, like ``plait run``. Exit codes:
0 started, planned, or succeeded where it is waited for; 1 it failed, was not confirmed, or cannot be started; 2 usage.
"""

from collections.abc import Sequence
from typing import Any

import click

from plait.cli.repeating import Repeated, plan_options, repeat_options
from plait.cli.session import with_place


@click.command()
@with_place
@click.option(
    "--from", "nodes", multiple=True, required=True, metavar="NODE", help="Run this node again; repeat for more."
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@plan_options
@repeat_options
@click.argument("id", metavar="EXECUTION")
@click.argument("target", required=False, default="", metavar="[FILE_OR_MODULE]")
@click.pass_context
def command(ctx: click.Context, /, id: str, target: str, nodes: Sequence[str], yes: bool, **params: Any) -> None:
    """Run again from some nodes of an execution, and take over what does not depend on them."""
    if params["as_json"] and not yes and not params["dry_run"]:
        raise click.UsageError("--json asks nobody; give --yes or --dry-run", ctx)
    repeated = Repeated(ctx.obj, ctx.obj.execution_id(id), nodes, target, params)
    if params["dry_run"]:
        ctx.exit(repeated.show_plan())
    if not params["as_json"]:
        repeated.show_plan(is_error=True)
    if not yes:
        click.confirm("Run it like this?", abort=True, err=True)
    ctx.exit(repeated.start())
