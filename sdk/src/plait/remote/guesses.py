"""The type of a literal, from the literal alone: for values of nodes, whose interface a client does not know."""

from collections.abc import Sequence

from plait_core.ir.literals import (
    Binary,
    Blob,
    Collection,
    ErrorValue,
    Generic,
    Literal,
    MapValue,
    NoneValue,
    Offloaded,
    Primitive,
    StructuredDatasetValue,
    UnionValue,
)
from plait_core.ir.types import CollectionType, LiteralType, MapType, SimpleType, UnionType


def type_of(literal: Literal) -> LiteralType:
    """Return a type that *literal* has; of an empty or mixed collection, one that says little about its items."""
    match literal.value:
        case Primitive(kind=kind):
            return LiteralType(type=kind)
        case Blob(type=blob):
            return LiteralType(type=blob)
        case StructuredDatasetValue(type=dataset):
            return LiteralType(type=dataset)
        case Offloaded(type=whole):
            return whole
        case UnionValue(type=variant):
            return LiteralType(type=UnionType(variants=(variant,)))
        case Collection(literals=items):
            return LiteralType(type=CollectionType(element=_common(items)))
        case MapValue(literals=entries):
            return LiteralType(type=MapType(value=_common(tuple(entries.values()))))
        case Binary(tag="bytes"):
            return LiteralType(type=SimpleType.BINARY)
        case ErrorValue():
            return LiteralType(type=SimpleType.ERROR)
        case None | NoneValue():
            return LiteralType(type=SimpleType.NONE)
        case Binary() | Generic():
            return LiteralType(type=SimpleType.STRUCT)
    raise AssertionError(literal)


def _common(items: Sequence[Literal]) -> LiteralType:
    """Return the type of all *items*, or a union of those that they have."""
    found: list[LiteralType] = []  # types are few, and not all can be hashed
    for item in items:
        if (type_ := type_of(item)) not in found:
            found.append(type_)
    match found:
        case []:
            return LiteralType(type=SimpleType.NONE)
        case [only]:
            return only
    return LiteralType(type=UnionType(variants=tuple(found)))
