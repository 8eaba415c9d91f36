"""
One execution, seen through from this terminal: started, watched, and told of when it has ended.

Standard output carries the result alone; with ``as_json``, what tasks print goes to standard error, too.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any

import click

from plait.cli import documents
from plait.cli.failures import INTERRUPTED_EXIT, report_failure, report_interruption
from plait.cli.gates import GateKeeper
from plait.cli.interrupts import Interrupted, run_interruptibly
from plait.cli.session import Session
from plait_core.authoring.entities import Entity
from plait_core.ir.ids import ExecutionId

if TYPE_CHECKING:
    from plait.cli.progress import Progress
    from plait_core.engine import Ending, Engine


class Watch:
    """What hears of this terminal's executions: the gates' questions and, on a terminal, the progress of nodes."""

    def __init__(self, session: Session) -> None:
        """Have *session*'s engine tell."""
        self.progress = _progress() if sys.stderr.isatty() else None
        self.keeper = GateKeeper(self.progress.paused if self.progress else nullcontext)
        for observer in filter(None, (self.progress, self.keeper)):
            session.observe(observer)


class Sight:
    """The execution *execution* of *entity*, which *start* launches or resumes."""

    def __init__(
        self,
        session: Session,
        entity: Entity[Any, Any],
        execution: ExecutionId,
        start: "Callable[[Engine], Awaitable[object]]",
        watch: Watch,
        *,
        as_json: bool,
    ) -> None:
        """Watch it through *watch*, which was made before plugins were loaded."""
        self._session = session
        self._entity = entity
        self._execution = execution
        self._start = start
        self._watch = watch
        self._as_json = as_json
        self._place = ""

    def see_through(self) -> int:
        """Run to the end, tell how that was, and return the exit code."""
        click.secho("Running Execution on local.", fg="cyan", err=self._as_json)
        engine = self._session.engine()
        gc.freeze()
        gc.enable()
        try:
            with self._progress() or nullcontext(), redirect_stdout(sys.stderr) if self._as_json else nullcontext():
                ending, value = run_interruptibly(self._drive(engine))
        except Interrupted:
            report_interruption(self._execution.name)
            return INTERRUPTED_EXIT
        if self._as_json:
            documents.show(_document(ending))
        elif ending.error is None:
            click.echo("" if value is None else str(value))
        if ending.error is not None:
            report_failure(ending.execution.name, ending.phase.value, ending.error, self._place)
            return 1
        return 0

    def _progress(self) -> "Progress | None":
        if self._watch.progress is not None:
            from plait.cli.progress import names_of

            self._watch.progress.names = names_of(self._entity)
        return self._watch.progress

    async def _drive(self, engine: "Engine") -> "tuple[Ending, Any]":
        async with engine:
            await self._start(engine)
            asking = asyncio.create_task(self._watch.keeper.answer(engine, self._execution), name="gates")
            try:
                ending = await engine.wait(self._execution)
            finally:
                asking.cancel()
            if ending.error is not None:
                from plait.cli.records import place_of_failure
                from plait.control.store import StorePlane

                plane = StorePlane(engine.database, engine.blobs, engine.settings.blobs, self._session.engine)
                self._place = await place_of_failure(plane, ending.execution, ending.error)
            if ending.outputs is None or self._as_json:
                return ending, None
            return ending, await engine.values(self._entity, ending.outputs)


def _progress() -> "Progress":
    from plait.cli.progress import Progress

    return Progress(sys.stderr)


def _document(ending: "Ending") -> dict[str, Any]:
    return {
        "execution": ending.execution.name,
        "project": ending.execution.project,
        "domain": ending.execution.domain,
        "phase": ending.phase.value,
        "outputs": documents.of_values(ending.outputs),
        "error": documents.of_error(ending.error),
    }
