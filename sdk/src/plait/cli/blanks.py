"""Inputs to be filled in: the default of each, or something of its type that is plain to see as not meant."""

from collections.abc import Mapping
from typing import Any

from plait.cli.documents import of_value
from plait_core.authoring.typesystem import process_types
from plait_core.ir.interfaces import Parameter

_EMPTY: Mapping[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "string": "", "array": [], "object": {}}


def filled_in(parameter: Parameter) -> Any:
    """Return what a document of inputs has for *parameter* until somebody writes another value."""
    if parameter.default is not None:
        return of_value(parameter.default)
    types = process_types()
    return _blank(types.converter(types.guess(parameter.variable.type)).json_schema())


def _blank(schema: Any) -> Any:
    """Return the plainest value of a JSON schema: zero, nothing, the first choice; ``None`` where the schema leaves it open."""
    if "default" in schema:
        return schema["default"]
    if choices := schema.get("enum"):
        return choices[0]
    if "properties" in schema:
        return {name: _blank(inner) for name, inner in schema["properties"].items()}
    return _EMPTY.get(str(schema.get("type")))
