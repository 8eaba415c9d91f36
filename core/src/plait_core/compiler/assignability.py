"""
Assignability: whether a value of one type may flow into an input of another.

The rules are those of Flyte's compiler (simple types never widen; ``None`` needs an ``Optional``), with two differences: a
file is no directory, and a union variant that equals the producer's type wins over others that would also take it.
Asked for edges here and for inputs at launch. Recursion is as deep as the types are nested.
"""

from collections.abc import Mapping

from plait_core.compiler.wording import type_text
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


class Assignability:
    """``assignable`` with a memory. Types are told apart by identity, and kept alive so that this stays sound."""

    def __init__(self) -> None:
        self._answers: dict[tuple[int, int], tuple[LiteralType, LiteralType, str | None]] = {}

    def __call__(self, producer: LiteralType, receiver: LiteralType) -> str | None:
        """Answer as ``assignable`` does."""
        if producer is receiver:
            return None
        key = (id(producer), id(receiver))
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = (producer, receiver, assignable(producer, receiver))
        return answer[2]


def assignable(producer: LiteralType, receiver: LiteralType) -> str | None:
    """Say why a value of type *producer* may not be given to *receiver*; ``None`` when it may."""
    match producer.type, receiver.type:
        case UnionType(), UnionType(variants=receivers):
            return _union_into_union(producer, receivers)
        case UnionType(variants=variants), _:
            refused = tuple(variant for variant in variants if assignable(variant, receiver))
            return f"it may be {_listed(refused)}" if refused else None
        case _, UnionType(variants=receivers):
            return _into_union(producer, receivers)
        case CollectionType(element=given), CollectionType(element=wanted):
            return None if given.type is SimpleType.NONE else _within("element", assignable(given, wanted))
        case MapType(value=given), MapType(value=wanted):
            return None if given.type is SimpleType.NONE else _within("value", assignable(given, wanted))
        case (EnumType(), SimpleType.STRING) | (SimpleType.STRING, EnumType()):
            return None
        case (EnumType(values=given), EnumType(values=wanted)) if set(given) == set(wanted):
            return None
        case (BlobType() as given, BlobType() as wanted) if given.dimensionality is wanted.dimensionality:
            return _formats(given.format, wanted.format)
        case StructuredDatasetType() as given, StructuredDatasetType() as wanted:
            return _datasets(given, wanted)
        case SimpleType.NONE, StructuredDatasetType():
            return None
        case SimpleType.STRUCT, SimpleType.STRUCT:
            return _structs(producer, receiver)
        case (SimpleType() as given, SimpleType() as wanted) if given is wanted:
            return None
    return f"{type_text(producer)} is not {type_text(receiver)}"


def is_optional(type_: LiteralType) -> bool:
    """Whether ``None`` is among the values of *type_*."""
    variants = type_.type.variants if isinstance(type_.type, UnionType) else (type_,)
    return any(variant.type is SimpleType.NONE for variant in variants)


def _union_into_union(producer: LiteralType, receivers: tuple[LiteralType, ...]) -> str | None:
    assert isinstance(producer.type, UnionType)
    for variant in producer.type.variants:
        if all(assignable(variant, receiver) for receiver in receivers):
            return f"it may be {type_text(variant)}, which is none of {_listed(receivers)}"
    return None


def _into_union(producer: LiteralType, receivers: tuple[LiteralType, ...]) -> str | None:
    fitting = [receiver for receiver in receivers if assignable(producer, receiver) is None]
    if len(fitting) == 1 or producer in fitting:
        return None
    if fitting:
        return f"{type_text(producer)} is ambiguous: it fits {_listed(tuple(fitting), 'and')}"
    return f"{type_text(producer)} is none of {_listed(receivers)}"


def _formats(given: str, wanted: str) -> str | None:
    return f"its format is {given}, not {wanted}" if given and wanted and given != wanted else None


def _datasets(given: StructuredDatasetType, wanted: StructuredDatasetType) -> str | None:
    if reason := _formats(given.format, wanted.format):
        return reason
    if not given.columns or not wanted.columns:
        return None
    columns = {column.name: column.type for column in given.columns}
    for column in wanted.columns:
        if column.name not in columns:
            return f"it has no column {column.name!r}"
        if reason := assignable(columns[column.name], column.type):
            return f"in column {column.name!r}, {reason}"
    return None


def _structs(producer: LiteralType, receiver: LiteralType) -> str | None:
    given, wanted = _fields(producer), _fields(receiver)
    if not given or not wanted:
        return None
    required = (receiver.metadata or {}).get("required")
    for name, type_ in wanted.items():
        if name in given:
            if reason := assignable(given[name], type_):
                return f"in field {name!r}, {reason}"
        elif not isinstance(required, list | tuple) or name in required:
            return f"{type_text(producer)} has no field {name!r}, which {type_text(receiver)} needs"
    return None


def _fields(type_: LiteralType) -> Mapping[str, LiteralType]:
    return type_.structure.fields if type_.structure else {}


def _within(part: str, reason: str | None) -> str | None:
    return reason and f"in each {part}, {reason}"


def _listed(types: tuple[LiteralType, ...], conjunction: str = "or") -> str:
    *some, last = dict.fromkeys(map(type_text, types))
    return f"{', '.join(some)} {conjunction} {last}" if some else last
