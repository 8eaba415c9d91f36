"""
Shapes: which Python class values of a type have, and whether a literal could be of a literal type.

Unions choose by these when neither the class of a value nor the tag of a literal decides.
"""

from types import UnionType as PythonUnion
from typing import Annotated, Any, Union, get_args, get_origin, is_typeddict
from typing import Literal as Choice

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


def python_class(python_type: Any) -> type | None:
    """Return the class that values of a type have exactly, or ``None`` where there is no single one."""
    origin = get_origin(python_type)
    if origin is Annotated:
        return python_class(get_args(python_type)[0])
    if python_type is None or origin in {Choice, Union, PythonUnion}:
        return None
    if is_typeddict(origin or python_type):
        return dict
    found = origin or python_type
    return found if isinstance(found, type) else None


def fits(literal: Literal, expected: LiteralType) -> bool:
    """Say whether *literal* has the shape of *expected*, as far as can be seen without converting it."""
    wanted = expected.type
    match literal.value:
        case Primitive(kind=kind, value=atom):
            choices: Any = (expected.annotation or {}).get("literal_values")
            if choices is not None:
                return kind is wanted and atom in choices
            return kind is wanted or (isinstance(wanted, EnumType) and atom in wanted.values)
        case NoneValue():
            return wanted is SimpleType.NONE
        case Binary(tag=tag):
            return wanted is (SimpleType.BINARY if tag == "bytes" else SimpleType.STRUCT)
        case Generic():
            return wanted is SimpleType.STRUCT
        case ErrorValue():
            return wanted is SimpleType.ERROR
        case Collection(literals=items):
            return isinstance(wanted, CollectionType) and all(fits(item, wanted.element) for item in items)
        case MapValue(literals=entries):
            return isinstance(wanted, MapType) and all(fits(item, wanted.value) for item in entries.values())
        case Blob(type=blob):
            return isinstance(wanted, BlobType) and _same_blobs(blob, wanted)
        case StructuredDatasetValue():
            return isinstance(wanted, StructuredDatasetType)
        case UnionValue(value=inner):
            return isinstance(wanted, UnionType) or fits(inner, expected)
        case Offloaded(type=stored):
            return stored == expected
    return False


def _same_blobs(found: BlobType, wanted: BlobType) -> bool:
    return found.dimensionality is wanted.dimensionality and (
        found.format == wanted.format or not found.format or not wanted.format
    )
