"""Plain data is checked against the schema of its type, as deep as that goes, and each fault says where it is."""

from typing import Any

import pytest

from plait_core.authoring.tracing import trace
from plait_core.ir.json import Json
from plait_core.ir.types import INTEGER, STRING, CollectionType, EnumType, LiteralType, MapType, SimpleType, UnionType
from plait_server.console.schemas import misfits, schema_of
from tests.plugins.server.console import samples

PART: dict[str, Json] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
PARTS = LiteralType(type=SimpleType.STRUCT, metadata={"$defs": {"Part": PART}, "$ref": "#/$defs/Part"})


def plan_schema() -> dict[str, Any]:
    closure = trace(samples.planned).closure
    (variable,) = closure.workflow_by_id[closure.main].interface.inputs
    return schema_of(variable.type)


GOOD = {"title": "a", "mode": "fast", "limits": {"low": 1}, "steps": [{"low": 1, "high": 2}]}


@pytest.mark.parametrize(
    ("type_", "schema"),
    [
        (INTEGER, {"type": "integer"}),
        (LiteralType(type=EnumType(values=("a", "b"))), {"type": "string", "enum": ["a", "b"]}),
        (LiteralType(type=MapType(value=STRING)), {"type": "object", "additionalProperties": {"type": "string"}}),
        (LiteralType(type=UnionType(variants=(INTEGER, STRING))), {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (LiteralType(type=SimpleType.STRUCT), {"type": "object"}),
    ],
)
def test_every_type_has_a_schema(type_: LiteralType, schema: dict[str, Any]) -> None:
    """That of its plain form."""
    assert schema_of(type_) == schema


def test_references_are_found_from_the_root() -> None:
    """Also where the struct that brings the definitions is inside a list."""
    schema = schema_of(LiteralType(type=CollectionType(element=PARTS)))

    assert list(misfits([{"n": 1}], schema)) == []
    assert list(misfits([{"n": 1}, {}], schema)) == ["[1]: n missing"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"note": None, "size": "large", "weights": {}}, None),
        ({"title": 3}, "title: 3 is not a text"),
        ({"mode": "slow"}, 'mode: "slow" is not one of fast, full'),
        ({"limits": {"low": "x"}}, 'limits.low: "x" is not a whole number'),
        ({"limits": {"low": True}}, "limits.low: true is not a whole number"),
        ({"limits": {"low": 1.5}}, "limits.low: 1.5 is not a whole number"),
        ({"limits": {"high": 1}}, "limits: low missing"),
        ({"limits": {"low": 1, "hihg": 1}}, "limits: hihg unknown; there are low, high"),
        ({"steps": {}}, "steps: {} is not a list"),
        ({"steps": [{"low": 1}, 2]}, "steps[1]: 2 is not an object"),
        ({"weights": {"a": "heavy"}}, 'weights.a: "heavy" is not a number'),
        ({"note": 3}, "note: 3 is none of a text, null"),
        ({"size": []}, "size: [] is none of a whole number, a text"),
    ],
)
def test_misfits_say_where_they_are(change: dict[str, Any], fault: str | None) -> None:
    """And what would fit."""
    assert list(misfits({**GOOD, **change}, plan_schema())) == ([fault] if fault else [])


def test_what_is_not_understood_forbids_nothing() -> None:
    """A schema may say more than is understood here, or refer to what is not there."""
    schemas: tuple[dict[str, Any], ...] = (
        {"pattern": "x"},
        {"type": "date"},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"anyOf": []},
        {"enum": 3},
    )

    assert [list(misfits({"a": [1]}, schema)) for schema in schemas] == [[]] * len(schemas)
