"""
Bindings to literals: what a node is given, from what came before it.

Called by the rules (to learn whether a node can start, and for conditions) and by the shell (to fill units). Pure.
The engine opens msgpack here and nowhere else.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgpack

from plait_core.ir.ids import NodeId
from plait_core.ir.literals import (
    NOTHING,
    Binary,
    Collection,
    Generic,
    Literal,
    LiteralMap,
    MapValue,
    Offloaded,
    Primitive,
    UnionValue,
)
from plait_core.ir.types import SimpleType
from plait_core.ir.workflows import (
    AttrPath,
    Binding,
    BindingCollection,
    BindingData,
    BindingMap,
    Const,
    Promise,
)

Source: TypeAlias = Callable[[NodeId, str], Literal]
"""Looks up the output of a node, or with an empty node id an input of the workflow."""

Loaded: TypeAlias = Mapping[tuple[str, AttrPath], Literal]
"""Parts of offloaded values that have been read, by (uri, path)."""


class Unread(Exception):  # a request to the caller, not a failure
    """The binding needs a part of an offloaded value that has not been read yet."""

    def __init__(self, uri: str, path: AttrPath) -> None:
        super().__init__(uri, path)
        self.uri = uri
        self.path = path


class NoSuchPart(Exception):  # carried to the user inside a TaskError
    """A value has no such attribute, key or index."""

    def __init__(self, path: AttrPath, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        """Render the path as the user wrote it."""
        steps = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in self.path)
        return f"the value has no part {steps}: {self.reason}"


def resolve_inputs(bindings: tuple[Binding, ...], source: Source, loaded: Loaded) -> dict[str, Literal]:
    """Resolve every binding; raises ``Unread`` or ``NoSuchPart``."""
    return {binding.var: resolve(binding.data, source, loaded) for binding in bindings}


def resolve(data: BindingData, source: Source, loaded: Loaded) -> Literal:
    """Resolve one binding to a literal."""
    if isinstance(data, Promise):
        literal = source(data.node, data.var)
        return literal if not data.path else part_of(literal, data.path, loaded)
    if isinstance(data, Const):
        return data.value
    if isinstance(data, BindingCollection):
        return Literal(value=Collection(literals=tuple(resolve(item, source, loaded) for item in data.items)))
    assert isinstance(data, BindingMap)
    return Literal(value=MapValue(literals={key: resolve(item, source, loaded) for key, item in data.items}))


def part_of(literal: Literal, path: AttrPath, loaded: Loaded) -> Literal:
    """Follow *path* into a literal: through collections and maps first, then inside msgpack or JSON."""
    for depth, step in enumerate(path):
        value = literal.value
        while isinstance(value, UnionValue):
            value = value.value.value
        rest = path[depth:]
        if isinstance(value, Offloaded):
            if (found := loaded.get((value.uri, rest))) is None:
                raise Unread(value.uri, rest)
            return found
        try:
            if isinstance(value, Collection):
                literal = value.literals[int(step)]
            elif isinstance(value, MapValue):
                literal = value.literals[str(step)]
            elif isinstance(value, Binary) and value.tag == "msgpack":
                return _literal_of(_walk(msgpack.unpackb(value.value, strict_map_key=False), rest))
            elif isinstance(value, Generic):
                return _literal_of(_walk(value.value, rest))
            else:
                raise NoSuchPart(path, f"a {type(value).__name__} has no parts")
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise NoSuchPart(path, f"{type(error).__name__}: {error}") from error
    return literal


def _walk(value: Any, path: AttrPath) -> Any:
    for step in path:
        value = value[step]
    return value


def _literal_of(value: Any) -> Literal:
    match value:
        case None:
            return NOTHING
        case bool():
            return Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=value))
        case int():
            return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))
        case float():
            return Literal(value=Primitive(kind=SimpleType.FLOAT, value=value))
        case str():
            return Literal(value=Primitive(kind=SimpleType.STRING, value=value))
        case list():
            return Literal(value=Collection(literals=tuple(_literal_of(item) for item in value)))
        case _:
            return Literal(value=Binary(value=msgpack.packb(value), tag="msgpack"))


def size_of(literals: LiteralMap) -> int | None:
    """Return the common length of the list literals, or ``None`` when they differ; lists may be offloaded."""
    lengths = {_length(literal) for literal in literals.values()}
    return lengths.pop() if len(lengths) == 1 else None


def _length(literal: Literal) -> int | None:
    value = literal.value
    while isinstance(value, UnionValue):
        value = value.value.value
    if isinstance(value, Offloaded):
        return value.length
    return len(value.literals) if isinstance(value, Collection) else None
