"""
Earlier executions of this machine, run again or gone on with: their code, found where they were launched from.

Used by ``plait run --resume``, and by ``relaunch``, ``recover`` and ``rerun`` on this machine.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from plait.code.entities import find
from plait.code.modules import load_module

if TYPE_CHECKING:
    from plait.cli.session import Session
    from plait_core.authoring.entities import Entity
    from plait_core.engine import Engine
    from plait_core.ir.executions import ExecutionSpec
    from plait_core.ir.ids import ExecutionId

SOURCE = "plait/source"
"""Annotation: the file or module that an execution was launched from, for those who resume it."""


def entity_of(session: "Session", execution: "ExecutionId", target: str = "") -> "Entity[Any, Any]":
    """Return what *execution* runs, from the file or module *target*, or else from the one it was launched from."""
    spec = asyncio.run(_spec_of(session, execution))
    source = target or spec.options.annotations.get(SOURCE, "")
    if not source:
        raise click.UsageError(
            f"nobody knows which file {execution.name} was launched from; name it behind the execution"
        )
    return find(load_module(source), spec.target.name)


async def _spec_of(session: "Session", execution: "ExecutionId") -> "ExecutionSpec":
    from plait_core.engine import Inspector

    async with session.store() as database:
        return await Inspector(database).spec(execution)


def run_again(
    session: "Session",
    earlier: "ExecutionId",
    target: str,
    begin: "Callable[[Engine, Entity[Any, Any], str], Awaitable[object]]",
    *,
    name: str,
    as_json: bool,
) -> int:
    """
    Run *earlier* again in this process, and return the exit code.

    *begin* starts it in an engine, from the entity, under a name.
    """
    from uuid import uuid4

    from plait.cli.sights import Sight, Watch

    watch = Watch(session)
    session.load_plugins()  # before user code asks for any
    entity = entity_of(session, earlier, target)
    name = name or f"f{uuid4().hex[:19]}"

    async def start(engine: "Engine") -> None:
        await begin(engine, entity, name)

    execution = type(earlier)(project=earlier.project, domain=earlier.domain, name=name)
    return Sight(session, entity, execution, start, watch, as_json=as_json).see_through()
