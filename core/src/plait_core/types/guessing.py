"""
Guessing a Python type from a literal type, for entities whose source is elsewhere.

Structs become dataclasses, from the field types in their structure or else from their JSON schema; enums become an
``Enum`` called ``DynamicEnum``.
"""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import reduce
from operator import or_
from types import GenericAlias
from typing import Any

from plait_core.errors.values import UnsupportedType
from plait_core.ir.types import (
    BlobType,
    CollectionType,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    StructuredDatasetType,
    UnionType,
)

_SIMPLE: dict[SimpleType, Any] = {
    SimpleType.NONE: type(None),
    SimpleType.INTEGER: int,
    SimpleType.FLOAT: float,
    SimpleType.STRING: str,
    SimpleType.BOOLEAN: bool,
    SimpleType.DATETIME: datetime,
    SimpleType.DURATION: timedelta,
    SimpleType.BINARY: bytes,
}
_BY_SCHEMA: dict[str, Any] = {"integer": int, "number": float, "string": str, "boolean": bool, "null": type(None)}


def guess_type(literal_type: LiteralType, offered: Callable[[LiteralType], Any | None]) -> Any:
    """Return the Python type that a plugin's transformer guesses (*offered*), or a built-in one."""
    if (found := offered(literal_type)) is not None:
        return found
    match literal_type.type:
        case SimpleType.STRUCT:
            return _struct(literal_type, offered)
        case SimpleType.ERROR:
            from plait_core.types.failures import TaskFailure

            return TaskFailure
        case SimpleType() as kind:
            return _SIMPLE[kind]
        case CollectionType(element=element):
            return _of(list, guess_type(element, offered))
        case MapType(value=value):
            return _of(dict, str, guess_type(value, offered))
        case EnumType(values=values):
            return Enum("DynamicEnum", {value: value for value in values})
        case UnionType(variants=variants):
            return reduce(or_, [guess_type(variant, offered) for variant in variants])
        case BlobType():
            return _stored(literal_type)
        case StructuredDatasetType():
            from plait_core.types.datasets import StructuredDataset

            return StructuredDataset


def _of(container: type, *arguments: Any) -> Any:
    """Subscript *container* with types that are known at run time only."""
    return GenericAlias(container, arguments)


def _stored(literal_type: LiteralType) -> Any:
    from plait_core.types.pickles import FORMAT
    from plait_core.types.stored import StoredTransformer

    if isinstance(literal_type.type, BlobType) and literal_type.type.format == FORMAT:
        name = (literal_type.metadata or {}).get("python_class_name", "unknown")
        raise UnsupportedType(
            python_type=str(name), reason="is a pickle, which says nothing of its type", advice="import its class"
        )
    return StoredTransformer().guess(literal_type)


def _struct(literal_type: LiteralType, offered: Callable[[LiteralType], Any | None]) -> Any:
    """A dataclass from the field types of a struct; what has none is guessed from the schema."""
    schema = literal_type.metadata or {}
    fields = literal_type.structure.fields if literal_type.structure else {}
    if not fields or schema.get("type") == "array":
        return _from_schema(schema)
    return _dataclass(schema, {name: guess_type(field, offered) for name, field in fields.items()})


def _from_schema(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return dict
    if variants := schema.get("anyOf"):
        return reduce(or_, map(_from_schema, variants))
    if properties := schema.get("properties"):
        return _dataclass(schema, {name: _from_schema(inner) for name, inner in properties.items()})
    if schema.get("type") == "array":
        return _of(list, _from_schema(schema.get("items")))
    if isinstance(schema.get("additionalProperties"), Mapping):
        return _of(dict, str, _from_schema(schema["additionalProperties"]))
    return _BY_SCHEMA.get(schema.get("type", ""), dict)


def _dataclass(schema: Mapping[str, Any], types: Mapping[str, Any]) -> Any:
    """Make a dataclass called as the schema's title; fields that the schema does not require come last, with defaults."""
    required = schema.get("required", tuple(types))
    properties = schema.get("properties", {})
    fields: list[Any] = [(name, kind) for name, kind in types.items() if name in required]
    fields += [
        (name, kind, dataclasses.field(default_factory=_default(properties.get(name, {}))))
        for name, kind in types.items()
        if name not in required
    ]
    return dataclasses.make_dataclass(str(schema.get("title", "Struct")), fields)


def _default(schema: Any) -> Callable[[], Any]:
    from copy import deepcopy

    return lambda: deepcopy(schema.get("default"))
