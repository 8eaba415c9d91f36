"""
``plait check``: trace and compile everything that files, folders or modules declare, and run nothing.

Reports all faults of all of them, each once: those of graphs, and tasks that none of the listed executors can run. Exit codes: 0 no
faults, 1 some, or a file cannot be imported, 2 usage, or nothing is declared.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from plait.cli import documents
from plait.cli.failures import report
from plait.cli.numbers import counted
from plait.cli.session import Session, executor_option, with_settings
from plait.code.discovery import imported
from plait.code.entities import declared_in
from plait.code.modules import traced
from plait_core.authoring.entities import Entity
from plait_core.errors import UserError
from plait_core.errors.compiling import CompileFailed, Fault
from plait_core.ir.executions import Closure
from plait_core.ir.tasks import TaskTemplate


@click.command(params=[executor_option()])
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Print the faults as one JSON list.")
@click.argument("targets", nargs=-1, required=True, metavar="FILE|FOLDER|MODULE...")
@click.pass_context
def command(ctx: click.Context, targets: Sequence[str], as_json: bool) -> None:
    """Compile what files declare, report every fault, and run nothing."""
    session: Session = ctx.obj
    session.load_plugins()  # before user code asks for any
    modules, failures = imported(targets)
    for failure in failures:
        report(failure)
    entities = [declared.entity for module in modules.values() for declared in declared_in(module)]
    if not (entities or failures):
        raise click.UsageError(f"{' '.join(targets)} declares no task, workflow or launch plan", ctx)
    faults = list(dict.fromkeys(fault for entity in entities for fault in _faults(session, entity)))
    if as_json:
        documents.show([attrs.asdict(fault) for fault in faults])
    elif faults:
        click.echo("\n\n".join(map(str, faults)).replace(f"{Path.cwd()}{os.sep}", ""), err=True)
        click.echo(f"\n{counted(len(faults), 'fault')}", err=True)
    elif not failures:
        click.echo(f"{counted(len(set(entities)), 'entity', 'entities')}, no faults")
    ctx.exit(1 if faults or failures else 0)


def _faults(session: Session, entity: Entity[Any, Any]) -> Iterator[Fault]:
    """Yield what is wrong with *entity* and all it can reach; a body that cannot be traced is one fault."""
    from plait_core.compiler.checks import check

    try:
        closure = traced(entity).closure
        found = check(closure)
        yield from found
        if not found:
            _place(session, closure)
    except CompileFailed as failed:
        yield from failed.faults
    except UserError as error:
        message, lines = error.problem, list(dict.fromkeys(_lines(entity, error)))
        for said in (entity.name, *lines):
            message = message.removeprefix(f"{said}: ")
        yield Fault(
            code="untraceable",
            entity=f"{entity.kind.value.replace('_', ' ')} {entity.name}",
            message=message,
            remedy=error.remedy,
            sources=tuple(lines),
        )


def _lines(entity: Entity[Any, Any], error: UserError) -> Iterator[str]:
    """Yield the line of the user's code that *error* came from, where it passed one, then that of the declaration."""
    from traceback import extract_tb

    from plait_core.worker.failures import strip_frames

    strip_frames(error)
    for frame in extract_tb((error.__cause__ or error).__traceback__)[-1:]:
        yield f"{frame.filename}:{frame.lineno}"
    if source := entity.source:
        yield f"{source.file}:{source.line}"


def _place(session: Session, closure: Closure) -> None:
    """Raise ``CompileFailed`` for tasks that no listed executor can run; an executor nobody offers runs none."""
    from plait_core.compiler.placements import place
    from plait_core.ports.specs import ConnectorSpec

    plugins = session.plugins

    def action_of(task: TaskTemplate) -> type[Any] | None:
        offer = plugins.task_types().get(task.type)
        if offer is None or isinstance(offer, ConnectorSpec):
            return None
        return type(plugins.task_kind(task.type).render(task, bundle=""))

    specs = plugins.executor_specs()
    connected = tuple(type_ for type_, offer in plugins.task_types().items() if isinstance(offer, ConnectorSpec))
    run_here = attrs.evolve(closure, tasks=tuple(task for task in closure.tasks if task.type not in connected))
    place(run_here, [specs[name] for name in session.settings.executors if name in specs], action_of)
