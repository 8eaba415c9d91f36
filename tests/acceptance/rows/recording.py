"""Running entities on an engine whose record can be read afterwards."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import attrs

from plait_core.authoring.entities import Entity
from plait_core.engine import Ending, Engine
from plait_core.ir.events import Decision
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import AttemptId, ExecutionId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.types import SimpleType
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.plugins import process_plugins
from plait_core.ports.clock import Clock
from plait_core.ports.databases import AttemptRow, Database, NodeRow
from plait_core.ports.executors import Capabilities, Ended, Report
from plait_core.ports.specs import ExecutorSpec
from plait_core.testing.memory import MemoryDatabase

DEFAULTS = ExecutionOptions()


@attrs.frozen(kw_only=True)
class Record:
    """What an execution left: how it ended, what it returned, and its nodes and attempts."""

    ending: Ending
    value: Any
    nodes: Mapping[str, NodeRow]
    attempts: Sequence[AttemptRow]
    decisions: Sequence[Decision]

    @property
    def error(self) -> TaskError:
        """Why it failed."""
        assert self.ending.error is not None
        return self.ending.error

    @property
    def phases(self) -> dict[str, str]:
        """Node -> phase."""
        return {node: row.phase.value for node, row in self.nodes.items()}

    @property
    def codes(self) -> list[str]:
        """The error code of every attempt in order, empty where it succeeded."""
        return [attempt.error.code if attempt.error else "" for attempt in self.attempts]


def engine_on(database: Database, **rest: Any) -> Engine:
    """Make an engine that records in *database*."""
    return Engine(plugins=process_plugins(), database=database, **rest)


def literals(engine: Engine, entity: Entity[Any, Any], inputs: Mapping[str, Any]) -> dict[str, Literal]:
    """Convert the inputs of a call, defaults included."""
    shape = entity.python_interface
    context = engine.types.context("memory://inputs", engine.blobs)
    return {
        name: engine.types.converter(shape.inputs[name].type).to_literal(value, context)
        for name, value in shape.bind(entity.name, (), inputs).items()
    }


async def begin(
    engine: Engine, entity: Entity[Any, Any], *, options: ExecutionOptions = DEFAULTS, **inputs: Any
) -> ExecutionId:
    """Launch *entity*."""
    target = entity.standalone()
    return await engine.launch(target, literals(engine, target, inputs), options=options)


async def finished(engine: Engine, entity: Entity[Any, Any], execution: ExecutionId) -> Record:
    """Wait for the end, and read what was recorded."""
    ending = await engine.wait(execution)
    has_succeeded = ending.phase is ExecutionPhase.SUCCEEDED
    views = engine.database.views
    return Record(
        ending=ending,
        value=await engine.values(entity, ending.outputs or {}) if has_succeeded else None,
        nodes={row.node: row for row in await views.nodes(execution)},
        attempts=await views.attempts(execution),
        decisions=[event.decision for event in await engine.database.log.read(execution)],
    )


def record(
    entity: Entity[Any, Any],
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    options: ExecutionOptions = DEFAULTS,
    **inputs: Any,
) -> Record:
    """Run *entity* to its end and return its record."""

    async def run() -> Record:
        async with engine_on(database or MemoryDatabase(), clock=clock) as engine:
            return await finished(engine, entity, await begin(engine, entity, options=options, **inputs))

    return asyncio.run(run())


def boolean(value: bool) -> Literal:
    """Make the answer to an approval."""
    return Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=value))


class Keeper:
    """An executor that keeps the units it is given and answers each with no outputs."""

    spec = ExecutorSpec(name="keeper", factory="", capabilities=Capabilities(actions=(FunctionCall,)))
    capabilities = spec.capabilities

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.units: list[Unit] = []

    async def submit(self, unit: Unit) -> Report:
        self.units.append(unit)
        return Ended(attempt=unit.attempt, result=Result(outputs={}))

    async def reports(self) -> AsyncIterator[Report]:
        """Yield nothing: ``submit`` has answered."""
        nothing: tuple[Report, ...] = ()
        for report in nothing:
            yield report

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        raise AssertionError(attempts)

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        raise AssertionError((attempts, grace_s))

    async def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        """Yield nothing."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        """Forget nothing."""

    async def close(self) -> None:
        """Hold nothing open."""


def units_of(entity: Entity[Any, Any], *, options: ExecutionOptions = DEFAULTS, **inputs: Any) -> list[Unit]:
    """Return what an executor is given while *entity*, whose tasks return nothing, runs."""
    keeper = Keeper()

    async def run() -> None:
        async with engine_on(MemoryDatabase(), executors=[(keeper.spec, keeper)]) as engine:
            ending = await engine.run(entity, literals(engine, entity, inputs), options=options)
            assert ending.error is None, ending.error

    asyncio.run(run())
    return keeper.units
