"""
``plait recover``: a failed execution once more, without what had succeeded.

On this machine it runs in this process, like ``plait run``. Exit codes: 0 started, planned, or succeeded where it is waited for; 1 it failed,
or cannot be started; 2 usage.
"""

from typing import Any

import click

from plait.cli.repeating import Repeated, plan_options, repeat_options
from plait.cli.session import with_place


@click.command()
@with_place
@plan_options
@repeat_options
@click.argument("id", metavar="EXECUTION")
@click.argument("target", required=False, default="", metavar="[FILE_OR_MODULE]")
@click.pass_context
def command(ctx: click.Context, /, id: str, target: str, **params: Any) -> None:
    """Run again what did not succeed in an execution, and take over the rest; the plan is shown with --dry-run."""
    repeated = Repeated(ctx.obj, ctx.obj.execution_id(id), (), target, params)
    ctx.exit(repeated.show_plan() if params["dry_run"] else repeated.start())
