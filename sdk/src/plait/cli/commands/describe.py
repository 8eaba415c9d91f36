"""
``plait describe``: one project, entity or execution, with all that is known of it.

Exit codes: 0 shown, 1 it is not there or cannot be reached, 2 usage.
"""

from collections.abc import Callable, Sequence

import click

from plait.cli import documents
from plait.cli.blanks import filled_in
from plait.cli.commands.get import execution
from plait.cli.groups import Group
from plait.cli.listings import closure_document, project_document, render_closure, render_drawing, render_project
from plait.cli.session import Session, with_place
from plait.control.plane import ControlPlane, parameters_of, resolved
from plait.errors import NoSuchProject
from plait_core.errors.stores import EntityUnknown
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import Parameter
from plait_core.ports.api import ProjectList

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group(cls=Group)
def command() -> None:
    """Show one project, entity or execution in full."""


command.add_command(execution)


@command.command()
@with_place
@_json
@click.argument("id", metavar="PROJECT")
@click.pass_obj
def project(session: Session, id: str, as_json: bool) -> None:
    """Show a project."""

    async def read(plane: ControlPlane) -> ProjectList:
        return await plane.projects()

    projects = session.ask(read)
    found = next((one for one in projects.items if one.id == id), None)
    if found is None:
        raise NoSuchProject(project=id, known=tuple(one.id for one in projects.items))
    if as_json:
        documents.show({**project_document(found), "domains": list(projects.domains)})
    else:
        click.echo(render_project(found, projects.domains))


def _describer(kind: EntityKind) -> Callable[..., None]:
    @with_place
    @click.option(
        "--format",
        type=click.Choice(["text", "mermaid", "dot"]),
        default="text",
        show_default=True,
        help="Show all in words, or the graph alone as a drawing.",
    )
    @click.option(
        "--inputs", "as_inputs", is_flag=True, help="Print its inputs to fill in, for `plait run --inputs-file`."
    )
    @_json
    @click.argument("name")
    @click.argument("version", required=False, default="")
    @click.pass_obj
    def describe(session: Session, /, name: str, version: str, format: str, *, as_inputs: bool, as_json: bool) -> None:
        settings = session.settings
        wanted = EntityId(kind=kind, project=settings.project, domain=settings.domain, name=name, version=version)

        async def read(plane: ControlPlane) -> tuple[Closure, Sequence[Parameter]]:
            found = await resolved(plane, wanted)
            if found is None:
                raise EntityUnknown(id=str(wanted).removesuffix("@"))
            closure = await plane.closure(found)
            return closure, await parameters_of(plane, closure) if as_inputs else ()

        closure, parameters = session.ask(read)
        if as_inputs:
            session.load_plugins()  # before types are guessed
            documents.show({parameter.variable.name: filled_in(parameter) for parameter in parameters})
        elif as_json:
            documents.show(closure_document(closure))
        else:
            click.echo(render_closure(closure) if format == "text" else render_drawing(closure, format))

    return describe


for _kind in EntityKind:
    _word = _kind.value.replace("_", " ")
    command.command(_word.replace(" ", "-"), help=f"Show a {_word}: without VERSION, the one that would be launched.")(
        _describer(_kind)
    )
