"""
JSON schemas of inputs: what a form makes its fields from, and what a typed value is checked against.

Types of structs carry a schema of their own, as their Python types gave it; that of any other type follows from the type. Of JSON Schema
is understood what those are made of; what is not understood forbids nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plait_core.ir.json import Json
from plait_core.ir.types import CollectionType, EnumType, LiteralType, MapType, SimpleType, UnionType

_SIMPLE: Mapping[SimpleType, Mapping[str, Json]] = {
    SimpleType.INTEGER: {"type": "integer"},
    SimpleType.FLOAT: {"type": "number"},
    SimpleType.STRING: {"type": "string"},
    SimpleType.BOOLEAN: {"type": "boolean"},
    SimpleType.NONE: {"type": "null"},
    SimpleType.DATETIME: {"type": "string", "format": "date-time"},
    SimpleType.DURATION: {"type": "string", "format": "duration"},
    SimpleType.BINARY: {"type": "string", "format": "base64"},
}
_KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
}


def schema_of(type_: LiteralType) -> dict[str, Any]:
    """Return the JSON schema of the plain form of a type; an empty one allows anything."""
    match type_.type:
        case SimpleType.STRUCT:
            return dict(_plain(type_.metadata or {"type": "object"}))
        case SimpleType() as kind:
            choices = (type_.annotation or {}).get("literal_values")
            return dict(_SIMPLE.get(kind, {})) | ({"enum": _plain(choices)} if choices else {})
        case EnumType(values=values):
            return {"type": "string", "enum": list(values)}
        case CollectionType(element=element):
            return _rooted({"type": "array", "items": schema_of(element)})
        case MapType(value=value):
            return _rooted({"type": "object", "additionalProperties": schema_of(value)})
        case UnionType(variants=variants):
            return {"anyOf": [schema_of(variant) for variant in variants]}
    return {}


def misfits(plain: Any, schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Say what in *plain* the schema does not allow, each with its place: ``limits.low: "x" is not a whole number``."""
    yield from _misfits(plain, schema, schema, place)


def _misfits(plain: Any, schema: Any, root: Mapping[str, Any], place: str) -> Iterator[str]:
    schema = _resolved(schema, root)
    variants = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(variants, Sequence):
        yield from _misfits_of_all(plain, variants, root, place)
        return
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and plain not in choices:
        yield f"{_at(place)}{_short(plain)} is not one of {', '.join(map(str, choices))}"
        return
    kind = schema.get("type")
    if isinstance(kind, str) and not _is_kind(plain, kind):
        yield f"{_at(place)}{_short(plain)} is not {_NAMES.get(kind, kind)}"
    elif isinstance(plain, dict):
        yield from _misfits_inside(plain, schema, root, place)
    elif isinstance(plain, list):
        firsts = schema.get("prefixItems", ())
        if firsts and len(plain) != len(firsts) and schema.get("maxItems") == len(firsts):
            yield f"{_at(place)}{len(firsts)} items are wanted, not {len(plain)}"
        rest = schema.get("items", {})
        for n, item in enumerate(plain):
            yield from _misfits(item, firsts[n] if n < len(firsts) else rest, root, f"{place}[{n}]")


def _misfits_inside(plain: Mapping[str, Any], schema: Mapping[str, Any], root: Any, place: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", not properties)  # more than the fields is a slip, unless it is allowed
    missing = [name for name in schema.get("required", ()) if name not in plain]
    if missing:
        yield f"{_at(place)}{', '.join(missing)} missing"
    unknown = [name for name in plain if name not in properties]
    if unknown and others is False:
        yield f"{_at(place)}{', '.join(unknown)} unknown; there are {', '.join(properties)}"
        return
    for name, item in plain.items():
        own = properties.get(name, others)
        if isinstance(own, Mapping):
            yield from _misfits(item, own, root, f"{place}.{name}" if place else name)


def _misfits_of_all(plain: Any, variants: Sequence[Any], root: Mapping[str, Any], place: str) -> list[str]:
    """Say why none of *variants* fits: what is wrong with the only one of the right kind, or that there is none."""
    found = [list(_misfits(plain, variant, root, place)) for variant in variants]
    if not all(found):
        return []
    kinds = [str(_resolved(variant, root).get("type", "")) for variant in variants]
    close = [faults for kind, faults in zip(kinds, found, strict=True) if _is_kind(plain, kind)]
    if len(close) == 1:
        return close[0]
    return [f"{_at(place)}{_short(plain)} is none of {', '.join(_NAMES.get(kind, kind) for kind in kinds)}"]


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references within the schema; one that leads nowhere allows anything."""
    seen = 0
    while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str) and seen < 16:
        target: Any = root
        for key in schema["$ref"].removeprefix("#/").split("/"):
            target = target.get(key, {}) if isinstance(target, Mapping) else {}
        schema, seen = target, seen + 1
    return schema if isinstance(schema, Mapping) else {}


def _is_kind(plain: Any, kind: str) -> bool:
    if kind in {"integer", "number"} and isinstance(plain, bool):
        return False
    if kind == "integer" and isinstance(plain, float):
        return plain.is_integer()
    return isinstance(plain, _KINDS.get(kind, (object,)))


def _rooted(schema: dict[str, Any]) -> dict[str, Any]:
    """Lift the definitions of what is inside to the root, where references look for them."""
    for key in ("items", "additionalProperties"):
        inner = schema.get(key)
        if isinstance(inner, dict) and "$defs" in inner:
            schema["$defs"] = inner.pop("$defs")
    return schema


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _short(plain: Any) -> str:
    from json import dumps

    text = dumps(plain, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _at(place: str) -> str:
    return f"{place}: " if place else ""
