"""What tests of the API register and run: the samples of the console, by short names."""

from collections.abc import Mapping
from typing import Any

import httpx

from plait_core.authoring.tracing import trace
from plait_core.compiler.versions import versioned
from plait_core.ir.codec import to_json
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.json import Json
from plait_core.ports.api import RegisterRequest
from tests.plugins.server.serving import HERE, Serving

EXECUTIONS = f"{HERE}/executions"
REGISTER = f"{HERE}/register"


def closure_of(entity: Any, version: str = "local") -> Closure:
    """Trace a sample; another *version* replaces the one of unregistered code."""
    traced = trace(entity).closure
    if version == "local":
        return traced
    (closure,) = versioned([traced], project="default", domain="development", version=version)
    return closure


def registration(*closures: Closure, **rest: Any) -> Json:
    """Render a request to register *closures*."""
    return to_json(RegisterRequest(closures=closures, **rest))


async def registered(serving: Serving, *entities: Any, version: str = "v1", **rest: Any) -> None:
    """Register samples as an author does."""
    request = registration(*(closure_of(entity, version) for entity in entities), **rest)
    answer = await serving.author.post(REGISTER, json=request)
    assert answer.status_code == 200, answer.text


def target(entity: Any, version: str = "", kind: EntityKind = EntityKind.WORKFLOW) -> Json:
    """Render the id of a sample, as requests to launch name it."""
    return to_json(EntityId(kind=kind, name=entity.name, version=version))


def integers(**values: int) -> Mapping[str, Json]:
    """Render inputs that are numbers."""
    return {name: {"integer": value} for name, value in values.items()}


async def launched(serving: Serving, entity: Any, inputs: Mapping[str, Json] | None = None, **rest: Any) -> str:
    """Launch what is registered, and return the name of its execution."""
    request = {"target": target(entity), "inputs": dict(inputs or {}), **rest}
    answer = await serving.runner.post(EXECUTIONS, json=request)
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["row"]["id"]["name"]
    return name


async def ended(serving: Serving, entity: Any, inputs: Mapping[str, Json] | None = None, **rest: Any) -> str:
    """Launch what is registered, wait for its end, and return the name of its execution."""
    name = await launched(serving, entity, inputs, **rest)
    await serving.engine.wait(ExecutionId(name=name))
    return name


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return the status of a refusal and the kind of its problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:plait:problem:")
