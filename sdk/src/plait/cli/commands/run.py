"""
``plait run``: an entity of a file or module, in this process, recorded in the store that settings name; or on the server.

Without an entity, those that there are are listed. What follows the entity are its inputs, one flag each, among which
the options of a launch may stand, too. On the server, the code is registered first, under a version that follows from it; what is registered
already runs as ``remote-workflow NAME[:VERSION]``, and needs no code here. Exit codes: 0 succeeded, or started on the server; 1 failed, or
cannot be started; 2 usage; 130 Ctrl-C.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from uuid import uuid4

import click

from plait.cli import documents, inputs
from plait.cli.earlier import SOURCE, entity_of
from plait.cli.forms import EntityForm
from plait.cli.launching import execution_options, launch_options
from plait.cli.session import Session, executor_option, place_option, setting_options
from plait.cli.sights import Sight, Watch
from plait.code.entities import declared_in, document_of, find, line_of
from plait.code.modules import load_module, source_files, traced
from plait_core.authoring.entities import Entity
from plait_core.authoring.typesystem import process_types
from plait_core.ir.ids import EntityKind

if TYPE_CHECKING:
    from plait.cli.registered import Registered
    from plait.remote.asynchronous import AsyncRemote
    from plait.remote.executions import RemoteEntity, RemoteExecution
    from plait_core.engine import Engine

REGISTERED = {
    "remote-workflow": EntityKind.WORKFLOW,
    "remote-task": EntityKind.TASK,
    "remote-launchplan": EntityKind.LAUNCH_PLAN,
}
"""What stands in place of a file for the server to run what is registered there -> its kind."""

E = TypeVar("E", bound=inputs.Runnable)


@click.command(
    params=[*setting_options(), place_option(), executor_option(), *launch_options()],
    context_settings={"allow_interspersed_args": False},
)
@click.option("--resume", metavar="EXECUTION", help="Go on with an execution that was interrupted.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="FILE_OR_MODULE [ENTITY] [INPUTS]")
@click.pass_context
def command(ctx: click.Context, /, resume: str | None, words: Sequence[str], **params: Any) -> None:
    """Run a workflow, task or launch plan; without one, list what there is."""
    session: Session = ctx.obj
    watch = Watch(session)
    if resume is not None and session.is_remote():
        raise click.UsageError("--resume goes on with a run of this machine; on the server, use `plait recover`", ctx)
    if resume is not None:
        sight = _resumed(session, resume, words, params, watch)
    elif words[:1] and words[0] in REGISTERED:
        ctx.exit(_run_registered(ctx, words, params))
    elif words[1:] and not words[1].startswith("-"):
        session.load_plugins()  # before user code asks for any
        form = _formed(ctx, words, params, find(load_module(words[0]), words[1]))
        ctx.exit(_sent(session, form) if session.is_remote() else _launched(session, form, watch).see_through())
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
    ctx.obj.load_plugins()  # before user code asks for any
    module = load_module(target)
    declared = declared_in(module)
    if as_json or "--json" in rest:
        documents.show([document_of(one) for one in declared])
    else:
        click.echo("\n".join(line_of(module, one) for one in declared))


class Formed(NamedTuple, Generic[E]):
    """An entity as it is to be launched: its inputs as Python values, and the options that hold for it."""

    target: str
    entity: E
    given: click.Context
    params: Mapping[str, Any]
    values: Mapping[str, Any]


def _formed(ctx: click.Context, words: Sequence[str], params: Mapping[str, Any], entity: E) -> Formed[E]:
    """Read the inputs of *entity*, which follow the two words that name it."""
    target, name, *rest = words
    form = EntityForm(entity)
    takes_stdin = rest[-1:] == ["-"]
    with form.make_context(
        f"{ctx.command_path} {target} {name}", rest[:-1] if takes_stdin else rest, obj=ctx.obj
    ) as given:
        params = form.merged(params, given)
        source = "-" if takes_stdin else params["inputs_file"]
        values = inputs.values_of(entity, given, inputs.read_document(source) if source else {})
    return Formed(target, entity, given, params, values)


def _launched(session: Session, form: "Formed[Entity[Any, Any]]", watch: Watch) -> Sight:
    """Make a new execution in this process."""
    _check_executor(session, form.given)
    place = f"{session.settings.blobs}/raw/inputs/{uuid4().hex}"
    with closing(process_types().context(place, session.plugins.blob_store)) as context:
        literals = inputs.literals_of(form.entity, form.values, form.given, context)
    options = execution_options(form.params, annotations={SOURCE: _durable(form.target)})
    execution = session.execution_id(form.params["name"] or f"f{uuid4().hex[:19]}")

    async def start(engine: "Engine") -> None:
        await engine.launch(form.entity, literals, options=options, name=execution.name)

    traced(form.entity)
    return Sight(session, form.entity, execution, start, watch, as_json=form.params["as_json"])


def _sent(session: Session, form: "Formed[Entity[Any, Any]]") -> int:
    """Register the code on the server and launch it there; returns the exit code."""
    traced(form.entity)
    return _executed(session, form, form.entity)


def _run_registered(ctx: click.Context, words: Sequence[str], params: Mapping[str, Any]) -> int:
    """Launch what the server has already, or list it; returns the exit code."""
    from plait.cli.registered import find_registered

    session: Session = ctx.obj
    kind, rest = REGISTERED[words[0]], words[1:]
    _choose_early(ctx, rest)
    if not session.is_remote(by_default=True):
        raise click.UsageError(f"{words[0]} runs what is registered on a server; --local does not go with it", ctx)
    session.choose("remote", value=True)  # also for the commands that messages name
    session.load_plugins()  # before types are guessed
    place = (session.settings.project, session.settings.domain)
    if not rest or rest[0].startswith("-"):
        lister = f"plait get {kind.value.replace('_', '-')}s --remote"
        raise click.UsageError(f"no NAME follows {words[0]}; `{lister}` lists those there are", ctx)
    registered = session.ask_server(lambda plane: find_registered(plane, kind, rest[0], *place))
    form = _formed(ctx, words, params, registered)
    return _executed(session, form, registered.remote, type_hints=registered.input_types)


def _choose_early(ctx: click.Context, words: Sequence[str]) -> None:
    """Let the options among *words* count that say where to look for an entity, whose inputs are not known yet."""
    options: list[click.Parameter] = [*setting_options(), place_option()]
    chooser = click.Command(
        "where",
        params=options,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    with chooser.make_context("where", list(words), obj=ctx.obj):
        pass


def _executed(
    session: Session,
    form: "Formed[Entity[Any, Any]] | Formed[Registered]",
    target: "Entity[Any, Any] | RemoteEntity",
    type_hints: Mapping[str, Any] | None = None,
) -> int:
    """Launch *target* on the server; returns the exit code."""
    from plait.cli.following import follow

    if session.settings.origin("executors") == "flag":
        raise click.UsageError(
            "--executor is for runs on this machine; where tasks run is the server's choice", form.given
        )

    async def start(remote: "AsyncRemote") -> "RemoteExecution":
        return await remote.execute(
            target,
            form.values,
            execution_name=form.params["name"],
            options=execution_options(form.params, annotations={}),
            type_hints=type_hints,
        )

    return follow(session, start, waits=form.params["waits"], as_json=form.params["as_json"], entity=form.entity)


def _resumed(session: Session, name: str, words: Sequence[str], params: Mapping[str, Any], watch: Watch) -> Sight:
    """Go on with the execution *name*, whose code is in the file or module of *words*, or in the one it was launched from."""
    execution = session.execution_id(name)
    entity = entity_of(session, execution, words[0] if words else "")

    async def start(engine: "Engine") -> None:
        await engine.resume(execution, target=entity)

    return Sight(session, entity, execution, start, watch, as_json=params["as_json"])


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
