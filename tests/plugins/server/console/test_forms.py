"""A form is made from an interface, keeps what was typed, and says what is wrong beside each field."""

import json

from plait_core.authoring.tracing import trace
from plait_core.ir.interfaces import Parameter
from plait_core.ir.literals import LiteralMap
from plait_server.console.forms import Field, fields_of, read_fields, text_of
from tests.plugins.server.console import samples


def fields(given: LiteralMap | None = None) -> tuple[Field, ...]:
    closure = trace(samples.typed).closure
    interface = closure.workflow_by_id[closure.main].interface
    return fields_of([Parameter(variable=variable) for variable in interface.inputs], given or {})


TYPED = {
    "count": "3",
    "share": "0.5",
    "name": "ada",
    "is_on": "true",
    "mode": "full",
    "limits": '{"low": 1, "high": 2}',
    "tags": '["a"]',
    "sizes": '{"a": 1}',
    "begin": "2026-01-31 12:00",
    "span": "1h30m",
}


def test_each_type_has_its_widget() -> None:
    """What is optional is not marked as required."""
    widgets = {field.name: (field.widget, field.is_required, field.choices) for field in fields()}

    assert widgets == {
        "count": ("number", True, ()),
        "share": ("number", True, ()),
        "name": ("area", True, ()),
        "is_on": ("select", True, ("true", "false")),
        "mode": ("select", True, ("fast", "full")),
        "limits": ("json", True, ()),
        "tags": ("json", True, ()),
        "sizes": ("json", True, ()),
        "begin": ("text", True, ()),
        "span": ("text", True, ()),
        "note": ("area", False, ()),
    }


def test_json_has_a_schema() -> None:
    """From which its fields are made; what is typed as a text needs none."""
    schemas = {field.name: json.loads(field.schema) for field in fields() if field.schema}

    assert schemas["tags"] == {"type": "array", "items": {"type": "string"}}
    assert schemas["sizes"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert schemas["limits"]["properties"] == {"low": {"type": "integer"}, "high": {"type": "integer", "default": 9}}
    assert set(schemas) == {"tags", "sizes", "limits"}


def test_what_was_typed_becomes_inputs() -> None:
    """And none of the fields has a fault."""
    read, inputs = read_fields(fields(), TYPED, {})

    assert [field.fault for field in read] == [""] * 11
    assert set(inputs) == {*TYPED, "note"}


def test_faults_stand_beside_what_was_typed() -> None:
    """All of them at once, and nothing that was typed is lost."""
    read, _ = read_fields(fields(), TYPED | {"count": "many", "limits": ""}, {})

    kept = {field.name: (field.text, field.fault) for field in read if field.fault}
    assert kept == {
        "count": ("many", "'many' is no whole number"),
        "limits": ("", "this is required"),
    }


def test_inputs_of_an_execution_fill_the_form_again() -> None:
    """Reading the filled form gives the same inputs."""
    _, inputs = read_fields(fields(), TYPED, {})

    filled = fields(inputs)
    _, again = read_fields(filled, {field.name: field.text for field in filled}, {})

    assert again == inputs
    assert text_of(inputs["name"]) == "ada"
