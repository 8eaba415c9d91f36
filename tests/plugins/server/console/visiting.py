"""What tests of the console need: a browser's client that is logged in, and entities that are registered and have run."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from plait_core.authoring.tracing import trace
from plait_core.engine import Engine
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal, LiteralMap, Primitive
from plait_core.ir.types import SimpleType
from tests.plugins.server.console import samples
from tests.plugins.server.serving import HERE, Serving, client_of

MODULE = "tests.plugins.server.console.samples"
WORKFLOWS = f"{HERE}/workflows"
EXECUTIONS = f"{HERE}/executions"
ENTITIES = (
    samples.sums,
    samples.choice,
    samples.doubled,
    samples.made,
    samples.broken,
    samples.asking,
    samples.typed,
    samples.planned,
    samples.reading,
    samples.shout,
    samples.waiting,
    samples.reporting,
)


async def register(engine: Engine) -> None:
    """Register every sample."""
    for entity in ENTITIES:
        closure = trace(entity).closure
        await engine.database.registry.register(closure, at_ns=engine.clock.now_ns())


@asynccontextmanager
async def logged_in(serving: Serving, role: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the console whose session is that of *role*."""
    async with client_of(serving.app, prefix="/console") as client:
        answer = await client.post("/login", data={"token": serving.tokens[role]})
        assert answer.status_code == 303, answer.text
        yield client


async def ended(serving: Serving, entity: Any, name: str, inputs: LiteralMap | None = None) -> ExecutionId:
    """Run a sample to its end."""
    execution = await serving.engine.launch(trace(entity).closure, inputs or {}, name=name, principal="ada")
    await serving.engine.wait(execution)
    return execution


def number(value: int) -> Literal:
    """Make the literal of a number."""
    return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


def csrf_of(page: httpx.Response) -> Mapping[str, str]:
    """Return what the forms of *page* carry along."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return {"csrf": found[1]}
