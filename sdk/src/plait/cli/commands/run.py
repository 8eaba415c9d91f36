"""
``plait run``: an entity of a file or module, in this process, recorded in the store that settings name.

Without an entity, those that there are are listed. What follows the entity are its inputs, one flag each, among which
the options of a launch may stand, too.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from plait.cli import documents, inputs
from plait.cli.entities import declared_in, document_of, find, line_of
from plait.cli.forms import EntityForm
from plait.cli.launching import execution_options, launch_options
from plait.cli.modules import load_module, source_files, traced
from plait.cli.session import Session, executor_option, setting_options
from plait.cli.sights import Sight, Watch
from plait_core.authoring.typesystem import process_types

if TYPE_CHECKING:
    from plait_core.engine import Engine
    from plait_core.ir.executions import ExecutionSpec
    from plait_core.ir.ids import ExecutionId

SOURCE = "plait/source"
"""Annotation: the file or module that an execution was launched from, for those who resume it."""


@click.command(
    params=[*setting_options(), executor_option(), *launch_options()],
    context_settings={"allow_interspersed_args": False},
)
@click.option("--resume", metavar="EXECUTION", help="Go on with an execution that was interrupted.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="FILE_OR_MODULE [ENTITY] [INPUTS]")
@click.pass_context
def command(ctx: click.Context, /, resume: str | None, words: Sequence[str], **params: Any) -> None:
    """Run a workflow, task or launch plan; without one, list what there is."""
    session: Session = ctx.obj
    watch = Watch(session)
    if resume is not None:
        sight = _resumed(session, resume, words, params, watch)
    elif words[1:] and not words[1].startswith("-"):
        sight = _launched(ctx, words, params, watch)
    else:
        _list(ctx, words, as_json=params["as_json"])
        return
    ctx.exit(sight.see_through())


def _list(ctx: click.Context, words: Sequence[str], *, as_json: bool) -> None:
    """List the files that there are to run, or the entities of one."""
    target, *rest = words or ("",)
    if not set(rest) <= {"--json", "--help", "-h"}:
        raise click.UsageError(
            f"the inputs {' '.join(rest)} follow no entity; `plait run {target}` lists those there are", ctx
        )
    if not target:
        files = source_files()
        documents.show(files) if as_json else click.echo("\n".join(files))
        return
    ctx.obj.plugins  # noqa: B018  # this process's, before user code asks for any
    module = load_module(target)
    declared = declared_in(module)
    if as_json or "--json" in rest:
        documents.show([document_of(one) for one in declared])
    else:
        click.echo("\n".join(line_of(module, one) for one in declared))


def _launched(ctx: click.Context, words: Sequence[str], params: Mapping[str, Any], watch: Watch) -> Sight:
    """Make a new execution of what *words* name, with the inputs that follow."""
    session: Session = ctx.obj
    session.plugins  # noqa: B018  # this process's, before user code asks for any
    target, name, *rest = words
    entity = find(load_module(target), name)
    form = EntityForm(entity)
    takes_stdin = rest[-1:] == ["-"]
    with form.make_context(
        f"{ctx.command_path} {target} {name}", rest[:-1] if takes_stdin else rest, obj=session
    ) as given:
        params = form.merged(params, given)
        _check_executor(session, given)
        source = "-" if takes_stdin else params["inputs_file"]
        values = inputs.values_of(entity, given, inputs.read_document(source) if source else {})
        place = f"{session.settings.blobs}/raw/inputs/{uuid4().hex}"
        with closing(process_types().context(place, session.plugins.blob_store)) as context:
            literals = inputs.literals_of(entity, values, given, context)
    options = execution_options(params, annotations={SOURCE: _durable(target)})
    execution = session.execution_id(params["name"] or f"f{uuid4().hex[:19]}")

    async def start(engine: "Engine") -> None:
        await engine.launch(entity, literals, options=options, name=execution.name)

    traced(entity)
    return Sight(session, entity, execution, start, watch, as_json=params["as_json"])


def _resumed(session: Session, name: str, words: Sequence[str], params: Mapping[str, Any], watch: Watch) -> Sight:
    """Go on with the execution *name*, whose code is in the file or module of *words*, or in the one it was launched from."""
    execution = session.execution_id(name)
    spec = asyncio.run(_spec_of(session, execution))
    target = words[0] if words else spec.options.annotations.get(SOURCE, "")
    entity = find(load_module(target), spec.target.name)

    async def start(engine: "Engine") -> None:
        await engine.resume(execution, target=entity)

    return Sight(session, entity, execution, start, watch, as_json=params["as_json"])


async def _spec_of(session: Session, execution: "ExecutionId") -> "ExecutionSpec":
    async with session.engine() as engine:
        spec = (await engine.state(execution)).spec
    assert spec is not None, "an execution begins with its spec"
    return spec


def _check_executor(session: Session, ctx: click.Context) -> None:
    """Refuse an executor that was asked for by flag and that nobody offers."""
    known = session.plugins.executor_specs()
    for name in session.settings.executors:
        if name not in known and session.settings.origin("executors") == "flag":
            choices = ", ".join(sorted(known)) or "none"
            raise click.BadParameter(f"{name!r} is none of {choices}", ctx, param_hint="'--executor'")


def _durable(target: str) -> str:
    """Return what names the same file or module from any folder."""
    path = Path(target)
    return str(path.resolve()) if path.exists() else target
