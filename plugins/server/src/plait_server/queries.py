"""
Query strings: an attrs class says which parameters there are, of which type.

Called by ``plait_server.routing``. A field that is a tuple may be repeated. Unknown parameters are refused, so that a
misspelt filter is not a list of everything.
"""

import types
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs
from starlette.datastructures import QueryParams

from plait_core.errors.stores import NotReadable
from plait_core.ir.codec import from_json
from plait_server.errors import MalformedRequest

T = TypeVar("T")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def parse_query(kind: type[T], params: QueryParams) -> T:
    """Read *params* as *kind*. Raises ``MalformedRequest`` with every fault."""
    fields = {field.name: field for field in attrs.fields(attrs.resolve_types(kind))}  # type: ignore[arg-type, type-var]  # attrs classes, by contract
    faults = [f"{name}: there is no such parameter" for name in params if name not in fields]
    found: dict[str, Any] = {}
    for name, field in fields.items():
        values = params.getlist(name)
        if values:
            try:
                found[name] = _value(field.type, values)
            except ValueError as error:
                faults.append(f"{name}: {error}")
    if not faults:
        try:
            return from_json(kind, found)
        except NotReadable as error:
            faults += (fault.removeprefix("$.") for fault in error.faults)
    raise MalformedRequest(what="query", faults=tuple(faults))


def element_of(kind: Any) -> Any:
    """Return the type of one value of a parameter: of the elements of a tuple, of what is there of an optional."""
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    if get_origin(kind) in {Union, types.UnionType}:
        return next(part for part in get_args(kind) if part is not types.NoneType)
    return kind


def _value(kind: Any, values: Iterable[str]) -> Any:
    element = element_of(kind)
    parsed = [_parse(element, value) for value in values]
    if get_origin(kind) is tuple:
        return parsed
    if len(parsed) > 1:
        raise ValueError("given more than once")
    return parsed[0]


def _parse(kind: Any, text: str) -> Any:
    if any(ord(character) < 32 for character in text):
        raise ValueError("control characters are refused")
    if kind is bool:
        if text not in _BOOLEANS:
            raise ValueError(f"expected true or false, found {text[:40]!r}")
        return _BOOLEANS[text]
    if kind in {int, float}:
        return _number(kind, text)
    if isinstance(kind, type) and issubclass(kind, Enum):
        known = [member.value for member in kind]
        if text not in known:
            raise ValueError(f"expected one of {', '.join(known)}; found {text[:40]!r}")
    return text


def _number(kind: type[int] | type[float], text: str) -> int | float:
    is_plain = text.isascii() and text.lstrip("-").replace(".", "", kind is float).isdecimal() and len(text) <= 19
    if not is_plain:
        raise ValueError(f"expected {'an integer' if kind is int else 'a number'}, found {text[:40]!r}")
    return kind(text)
