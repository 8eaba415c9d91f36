"""The OpenAPI document describes every operation, and the documents that the server really sends and reads."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import attrs
import jsonschema
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from plait_core.ir.codec import from_json, to_json
from plait_core.ir.events import Event
from plait_core.ir.executions import Closure, ExecutionSpec
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal
from plait_core.ports.api import ExecutionDetail, LaunchRequest, RegisterRequest
from plait_server.api.operations import OPERATIONS
from plait_server.openapi import document_of
from plait_server.schemas import Schemas
from tests.plugins.server.console import samples
from tests.plugins.server.console.visiting import ENTITIES
from tests.plugins.server.registered import EXECUTIONS, closure_of, ended, integers, registered
from tests.plugins.server.serving import Serving, client_of

pytestmark = pytest.mark.anyio

DOCUMENT = document_of(OPERATIONS)


@cache
def validator_of(kind: Any) -> jsonschema.Draft202012Validator:
    """Make a validator of documents of a class."""
    schemas = Schemas("#/$defs/")
    schema = {**schemas.of(kind), "$defs": schemas.found}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_every_operation_is_described_once() -> None:
    """With an id of its own, a summary that is a sentence, and who may ask."""
    described = {
        (method.upper(), path): operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }

    assert described.keys() == {(route.method, route.path) for route in OPERATIONS}
    assert len({operation["operationId"] for operation in described.values()}) == len(OPERATIONS)
    for (_, path), operation in described.items():
        assert operation["summary"].endswith(".")
        names = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
        assert names == re.findall(r"{(\w+)}", path)


def test_every_reference_leads_somewhere() -> None:
    """To a schema or a response that the document has."""

    def references(node: Any) -> set[str]:
        if isinstance(node, Mapping):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    for reference in references(DOCUMENT):
        node = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


async def test_document_says_where_it_is_served(serving: Serving) -> None:
    """Also when the app is mounted under a prefix, and to whoever asks."""
    mounted = Starlette(routes=[Mount("/tools/plait", app=serving.app)])

    own = await serving.nobody.get("/openapi.json")
    async with client_of(mounted, prefix="/tools/plait/api/v1") as client:
        prefixed = await client.get("/openapi.json")

    assert own.json()["servers"] == [{"url": "/api/v1"}]
    assert prefixed.json()["servers"] == [{"url": "/tools/plait/api/v1"}]
    assert own.json()["paths"] == DOCUMENT["paths"]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name.rpartition(".")[2])
def test_templates_are_as_described(entity: Any) -> None:
    """Every kind of node, binding and type."""
    validator_of(Closure).validate(to_json(closure_of(entity)))


async def test_what_is_sent_is_as_described(serving: Serving) -> None:
    """Executions, and the events of their logs."""
    await registered(serving, samples.choice, samples.doubled, samples.broken, samples.made)
    for entity, inputs in (
        (samples.choice, integers(age=1)),
        (samples.doubled, {"xs": {"collection": {"literals": [{"integer": 1}]}}}),
        (samples.broken, {}),
        (samples.made, {}),
    ):
        name = await ended(serving, entity, inputs)

        validator_of(ExecutionDetail).validate((await serving.viewer.get(f"{EXECUTIONS}/{name}")).json())
        for event in await serving.engine.database.log.read(ExecutionId(name=name)):
            validator_of(Event).validate(to_json(event))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"integer": 3},
        {"float": "NaN", "hash": "h"},
        {"float": 1},
        {"binary": {"value": "eA==", "tag": "bytes"}},
        {"none": {}},
        {"generic": {"value": {"a": [1, None]}}},
        {"union": {"value": {"string": "x"}, "type": {"type": "string"}}},
        {"map": {"literals": {"a": {"boolean": True}}}, "metadata": {"k": "v"}},
        {"blob": {"uri": "s3://x", "type": {"blob": {}}}},
    ],
)
def test_literals_that_are_read_are_as_described(document: Any) -> None:
    """Each variant, and what may ride on it."""
    from_json(Literal, document)
    validator_of(Literal).validate(document)


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (Literal, {"integer": "3"}),
        (Literal, {"integer": 1, "float": 1.0}),
        (Literal, {"planet": 1}),
        (LaunchRequest, {}),
        (LaunchRequest, {"target": {"kind": "planet", "name": "x"}}),
        (LaunchRequest, {"target": {"kind": "task", "name": "x"}, "nonsense": 1}),
        (RegisterRequest, {"closures": [{}]}),
        (ExecutionSpec, {"target": {"kind": "task", "name": "x"}, "inputs": [], "user_inputs": {}}),
    ],
)
def test_what_is_refused_is_not_as_described(kind: Any, document: Any) -> None:
    """So that a client that goes by the document is not surprised."""
    with pytest.raises(Exception, match="this is no"):
        from_json(kind, document)
    assert not validator_of(kind).is_valid(document)


def test_two_classes_of_one_name_are_told_apart() -> None:
    """By an error, because a reference could only mean one."""

    def made() -> type:
        @attrs.frozen
        class Twin:
            pass

        return Twin

    schemas = Schemas("#/$defs/")
    schemas.of(made())
    with pytest.raises(ValueError, match="two classes are called Twin"):
        schemas.of(made())
