"""
``plait get``: projects, entities and executions as lists, one execution as a tree.

Exit codes: 0 shown, 1 it is not there or cannot be reached, 2 usage.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from plait.cli import documents
from plait.cli.groups import Group
from plait.cli.listings import entity_document, project_document, render_entities, render_projects
from plait.cli.records import execution_document, list_executions, list_nodes
from plait.cli.session import Session, with_place
from plait.cli.trees import render_execution, render_nodes, render_table
from plait.control.plane import ControlPlane, first
from plait_core.errors.values import UnreadableText
from plait_core.ir.ids import EntityKind
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ports.api import EntitySummary, ProjectList
from plait_core.ports.databases import NODE_KINDS, ExecutionFilter, ExecutionOrder, NodeFilter

T = TypeVar("T")

SECOND_NS = 1_000_000_000

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_contains = click.option("--contains", default="", metavar="TEXT", help="Only those whose name has this text.")
_limit = click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")


def _instant_ns(_ctx: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Read an instant as nanoseconds since the epoch."""
    if text is None:
        return None
    from plait_core.types.time_texts import parse_datetime

    try:
        return int(parse_datetime(text).timestamp()) * SECOND_NS
    except UnreadableText as error:
        raise click.BadParameter(f"{error.problem}; {error.remedy}") from error


def _show(found: Sequence[T], limit: int, render: Callable[[Sequence[T]], str], word: str) -> None:
    """Print the first *limit* of a list, and beside it whether there are more."""
    click.echo(render(found[:limit]) if found else f"no {word}")
    if len(found) > limit:
        click.echo(f"there are more {word} than the {limit} shown; --limit N shows N", err=True)


EVERYTHING = 1_000_000
"""More than there are of anything that is narrowed here rather than where it is kept."""
ORDERS = {"newest": ExecutionOrder.NEWEST, "oldest": ExecutionOrder.OLDEST, "name": ExecutionOrder.NAME}


@click.group(cls=Group)
def command() -> None:
    """Show projects, entities, executions and their nodes."""


@command.command()
@with_place
@_json
@click.pass_obj
def projects(session: Session, as_json: bool) -> None:
    """List projects."""

    async def read(plane: ControlPlane) -> ProjectList:
        return await plane.projects()

    found = session.ask(read)
    if as_json:
        documents.show([project_document(project) for project in found.items])
    else:
        click.echo(render_projects(found))


def _lister(kind: EntityKind, word: str) -> Callable[..., None]:
    @with_place
    @_contains
    @_limit
    @_json
    @click.argument("name", required=False, default="", metavar="[NAME]")
    @click.pass_context
    def list_(
        ctx: click.Context, /, contains: str, name: str, limit: int, *, as_json: bool, workflow: str = ""
    ) -> None:
        if name and contains:
            raise click.UsageError("--contains narrows a list of names; with NAME its versions are listed", ctx)
        session: Session = ctx.obj
        place = (kind, session.settings.project, session.settings.domain)

        async def read(plane: ControlPlane) -> Sequence[EntitySummary]:
            n = EVERYTHING if workflow else limit + 1
            if name:
                found = await first(n, lambda page: plane.versions(*place, name, page=page))
            else:
                found = await first(n, lambda page: plane.entities(*place, name_contains=contains, page=page))
            return [one for one in found if not workflow or (one.workflow and one.workflow.name == workflow)]

        found = session.ask(read)
        if as_json:
            documents.show([entity_document(one) for one in found[:limit]])
        else:
            _show(found, limit, render_entities, word)

    if kind is EntityKind.LAUNCH_PLAN:
        return click.option("--workflow", default="", metavar="NAME", help="Only those of this workflow.")(list_)
    return list_


for _kind, _word in (
    (EntityKind.TASK, "tasks"),
    (EntityKind.WORKFLOW, "workflows"),
    (EntityKind.LAUNCH_PLAN, "launch plans"),
):
    command.command(
        _word.replace(" ", "-"), help=f"List {_word}: the newest version of each, or all versions of NAME."
    )(_lister(_kind, _word))


@command.command()
@with_place
@click.option(
    "--phase",
    "phases",
    multiple=True,
    type=click.Choice([phase.value for phase in ExecutionPhase], case_sensitive=False),
    help="Only those in this phase.",
)
@_contains
@click.option("--target", default="", metavar="NAME", help="Only those of this task, workflow or launch plan.")
@click.option("--principal", default="", metavar="NAME", help="Only those that this person or token started.")
@click.option(
    "--since", "since_ns", callback=_instant_ns, metavar="WHEN", help="Only those started since, as in `now - 1d`."
)
@click.option("--all", "include_archived", is_flag=True, help="Archived ones, too.")
@click.option("--sort", type=click.Choice(list(ORDERS)), default="newest", show_default=True, help="Which come first.")
@_limit
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_obj
def executions(
    session: Session,
    /,
    phases: tuple[str, ...],
    *,
    contains: str,
    target: str,
    principal: str,
    since_ns: int | None,
    include_archived: bool,
    sort: str,
    limit: int,
    as_json: bool,
) -> None:
    """List executions, the newest first unless told otherwise."""
    where = ExecutionFilter(
        project=session.settings.project,
        domain=session.settings.domain,
        phases=tuple(ExecutionPhase(phase) for phase in phases),
        name_contains=contains,
        principal=principal,
        created_from_ns=since_ns,
        include_archived=include_archived,
    )
    found = session.ask(lambda plane: list_executions(plane, where, ORDERS[sort], limit=limit + 1, target=target))
    if as_json:
        documents.show(found[:limit])
    else:
        _show(found, limit, render_table, "executions")


@command.command()
@with_place
@click.option(
    "--phase",
    "phases",
    multiple=True,
    type=click.Choice([phase.value for phase in NodePhase], case_sensitive=False),
    help="Only those in this phase.",
)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(NODE_KINDS), help="Only those of this kind.")
@click.option("--contains", default="", metavar="TEXT", help="Only those with this text in their id, name or entity.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@_json
@click.argument("id", metavar="EXECUTION")
@click.pass_obj
def nodes(
    session: Session,
    /,
    id: str,
    phases: tuple[str, ...],
    kinds: tuple[str, ...],
    *,
    contains: str,
    limit: int,
    as_json: bool,
) -> None:
    """List the nodes of an execution, in the order in which they appeared."""
    where = NodeFilter(phases=tuple(map(NodePhase, phases)), kinds=kinds, name_contains=contains)
    found = session.ask(lambda plane: list_nodes(plane, session.execution_id(id), where, limit=limit + 1))
    if as_json:
        documents.show(found[:limit])
    else:
        _show(found, limit, render_nodes, "nodes")


@command.command()
@with_place
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="At most so many nodes and attempts."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("id", metavar="EXECUTION")
@click.pass_obj
def execution(session: Session, id: str, limit: int, as_json: bool) -> None:
    """Show an execution: its nodes with phases, timings, inputs, outputs, attempts and errors."""
    document = session.ask(lambda plane: execution_document(plane, session.execution_id(id), limit=limit))
    if as_json:
        documents.show(document)
    else:
        click.echo(render_execution(document))
