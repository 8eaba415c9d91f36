"""
Task kinds and connectors: what a plugin that adds a type of task implements.

A kind renders templates into units in the engine, where user code is never imported, and runs them in a worker. A
connector talks to a remote service instead and needs no worker.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from plait_core.ir.executions import TaskError
from plait_core.ir.json import Json
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import Action


class TaskKind(Protocol):
    """A type of task that runs in workers or containers."""

    def render(self, template: TaskTemplate, *, bundle: str) -> Action:
        """
        Say what an executor has to do for one attempt of *template*.

        Pure, and called in the engine. *bundle* is the URI of the source archive, or ``""``.
        Raises ``UserError`` when the template cannot be run.
        """
        ...

    async def run(self, entity: Any, inputs: Mapping[str, Any]) -> Any:
        """
        Run *entity* (the authoring object the template came from) in the worker.

        *inputs* are Python values by input name; returns what the entity's Python interface declares. Whatever it
        raises is the attempt's error. ``plait_core.authoring.current_context()`` is set.
        """
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RemoteJob(Shape):
    """Where a remote job stands. ``outputs`` are set when it succeeded, ``error`` when it failed."""

    phase: AttemptPhase
    message: str = ""
    outputs: LiteralMap | None = None
    error: TaskError | None = None
    links: tuple[tuple[str, str], ...] = ()


class Connector(Protocol):
    """A remote service that runs a kind of task. Stateless: the handle is all it knows of a job."""

    async def create(self, template: TaskTemplate, inputs: LiteralMap, *, key: str, output_prefix: str) -> Json:
        """
        Start a job and return a handle to it.

        *key* is unique per attempt: a second create with it must not start a second job. Raises ``Retryable`` or ``UserError``.
        """
        ...

    async def get(self, handle: Json) -> RemoteJob:
        """Ask where the job stands."""
        ...

    async def delete(self, handle: Json) -> None:
        """Stop the job; stopping one that has ended is no error."""
        ...
