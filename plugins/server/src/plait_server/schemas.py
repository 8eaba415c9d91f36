"""
Schemas: the JSON form of attrs classes, as JSON Schema (2020-12).

Used for the OpenAPI document. Says what ``plait_core.ir.codec`` reads and writes: fields at their default may be left out, unknown ones are
refused, a class that is one of several alternatives is wrapped in its tag, and literals have a form of their own.
"""

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin

import attrs

from plait_core.ir.json import Json
from plait_core.ir.literals import Literal, LiteralVariant, Primitive
from plait_core.ir.tags import TAGS
from plait_core.ir.types import SimpleType

Schema = dict[str, Any]

INT64: Schema = {"type": "integer", "minimum": -(1 << 63), "maximum": (1 << 63) - 1}
FLOAT: Schema = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}

_ATOMS: Mapping[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: INT64,
    float: FLOAT,
    bytes: {"type": "string", "contentEncoding": "base64"},
    types.NoneType: {"type": "null"},
}
_PRIMITIVES: Mapping[SimpleType, Schema] = {
    SimpleType.INTEGER: INT64,
    SimpleType.FLOAT: FLOAT,
    SimpleType.STRING: {"type": "string"},
    SimpleType.BOOLEAN: {"type": "boolean"},
    SimpleType.DATETIME: INT64 | {"description": "Nanoseconds since the epoch."},
    SimpleType.DURATION: INT64 | {"description": "Nanoseconds."},
}


class Schemas:
    """Makes schemas, and keeps those of classes by name for others to refer to."""

    def __init__(self, prefix: str) -> None:
        """Refer to classes as *prefix* followed by their name."""
        self._prefix = prefix
        self._classes: dict[str, type] = {}
        self.found: dict[str, Schema] = {}
        """Name of a class -> its schema."""

    def of(self, kind: Any) -> Schema:
        """Return the schema of an annotated type."""
        if isinstance(kind, NewType):
            return self.of(kind.__supertype__)
        if kind in _ATOMS:
            return dict(_ATOMS[kind])
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is tuple:
            return self._tuple(arguments)
        if origin is Sequence:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if origin in {Union, types.UnionType}:
            return self._union(arguments)
        assert isinstance(kind, type), f"no schema for {kind!r}"
        return self._reference(kind)

    def _tuple(self, arguments: Sequence[Any]) -> Schema:
        if arguments[-1] is Ellipsis:
            return {"type": "array", "items": self.of(arguments[0])}
        parts = [self.of(argument) for argument in arguments]
        return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}

    def _union(self, members: Sequence[Any]) -> Schema:
        if {bool, int, float, str} <= {*members}:  # JSON as it is
            return {}
        return {"anyOf": [self.of(member) for member in members]}

    def _reference(self, kind: type) -> Schema:
        name = kind.__name__
        if self._classes.setdefault(name, kind) is not kind:
            raise ValueError(f"two classes are called {name}: {kind} and {self._classes[name]}")
        if name not in self.found:
            self.found[name] = {}  # it may refer to itself
            self.found[name] = self._class(kind)
        return {"$ref": f"{self._prefix}{name}"}

    def _class(self, kind: type) -> Schema:
        about = {"description": _plain(kind.__doc__)} if kind.__doc__ else {}
        if issubclass(kind, Enum):
            return {**about, "type": "string", "enum": [member.value for member in kind]}
        if kind is Literal:
            return {**about, "anyOf": list(self._literals())}
        body = self.body(kind)
        tag = TAGS.get(kind)
        return {**about, **(body if tag is None else _only({tag: body}))}

    def body(self, kind: type) -> Schema:
        """Return the schema of the fields of an attrs class."""
        fields = fields_of(kind)
        properties = {name: self.field(field) for name, field in fields.items()}
        required = [name for name, field in fields.items() if field.default is attrs.NOTHING]
        return _object(properties, required)

    def field(self, field: "attrs.Attribute[Any]") -> Schema:
        """Return the schema of a field, with the bounds that its validators set."""
        return self.of(field.type) | _bounds(field.validator)

    def _literals(self) -> Iterator[Schema]:
        """Yield the forms of a literal: nothing, or one variant, each with what may ride on it."""
        riders = {"hash": self.of(str | None), "metadata": self.of(Mapping[str, str] | None)}
        yield _object(riders, [])
        for kind, schema in _PRIMITIVES.items():
            yield _object({kind.value: dict(schema), **riders}, [kind.value])
        for variant in get_args(LiteralVariant):
            if variant is not Primitive:
                yield _object({TAGS[variant]: self.body(variant), **riders}, [TAGS[variant]])


def fields_of(kind: type) -> "Mapping[str, attrs.Attribute[Any]]":
    """Return the fields of an attrs class by name, with their types resolved."""
    names = {"Mapping": Mapping, "Sequence": Sequence, "Json": Json}
    resolved: Any = attrs.resolve_types(kind, localns=names)
    return {field.name: field for field in attrs.fields(resolved) if field.init}


def _object(properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


def _only(properties: Mapping[str, Schema]) -> Schema:
    return _object(properties, list(properties))


_BOUNDS: Mapping[str, str] = {
    ">=": "minimum",
    "<=": "maximum",
    ">": "exclusiveMinimum",
    "<": "exclusiveMaximum",
}


def _bounds(validator: Callable[..., Any] | None) -> Schema:
    """Return what attrs' own validators of numbers say, wherever they are wrapped."""
    found: Schema = {}
    inner: Any = getattr(validator, "_validators", None) or [getattr(validator, "validator", None)]
    for part in inner:
        found |= _bounds(part) if part is not None else {}
    operator = getattr(validator, "compare_op", "")
    return found | ({_BOUNDS[operator]: getattr(validator, "bound", 0)} if operator in _BOUNDS else {})


def _plain(docstring: str) -> str:
    """Return a docstring as text."""
    lines = (line.strip() for line in docstring.strip().replace("``", "`").splitlines())
    return "\n".join(lines)
