"""Literals as plain forms, and back: how a type is a field of a dataclass when its transformer knows literals only."""

from typing import Any

from plait_core.errors.values import UnreadableLiteral
from plait_core.ir.literals import (
    NOTHING,
    Binary,
    Blob,
    Collection,
    Generic,
    Literal,
    MapValue,
    NoneValue,
    Primitive,
    StructuredDatasetValue,
)
from plait_core.ir.types import (
    BlobType,
    CollectionType,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    StructuredDatasetType,
)
from plait_core.types.converters import MSGPACK, Plain, wrong_value


def plain_of(literal: Literal) -> Plain:
    """Return the plain form of a literal that is neither a union, nor offloaded, nor an error."""
    match literal.value:
        case NoneValue():
            return None
        case Primitive(value=atom):
            return atom
        case Binary(tag="msgpack", value=data):
            from msgpack import unpackb

            return unpackb(data, strict_map_key=False)
        case Binary(value=data):
            return data
        case Generic(value=plain):
            return plain
        case Blob(uri=uri):
            return {"path": uri}
        case StructuredDatasetValue(uri=uri, type=found):
            return {"uri": uri, "file_format": found.format}
        case Collection(literals=items):
            return [plain_of(item) for item in items]
        case MapValue(literals=entries):
            return {key: plain_of(item) for key, item in entries.items()}
    raise UnreadableLiteral(expected="a plain form", found=type(literal.value).__name__)


def literal_from(plain: Plain, literal_type: LiteralType) -> Literal:
    """Return the literal of *literal_type* whose plain form is *plain*."""
    match literal_type.type:
        case SimpleType.NONE:
            return NOTHING
        case SimpleType.STRUCT:
            from msgpack import packb

            return Literal(value=Binary(value=packb(plain), tag=MSGPACK))
        case SimpleType.BINARY:
            return Literal(value=Binary(value=plain, tag="bytes"))
        case SimpleType() as kind:
            return Literal(value=Primitive(kind=kind, value=plain))
        case EnumType():
            return Literal(value=Primitive(kind=SimpleType.STRING, value=plain))
        case BlobType() as blob:
            return Literal(value=Blob(uri=_entry(plain, "path"), type=blob))
        case StructuredDatasetType() as table:
            return Literal(value=StructuredDatasetValue(uri=_entry(plain, "uri"), type=table))
        case CollectionType(element=element) if isinstance(plain, list):
            return Literal(value=Collection(literals=tuple(literal_from(item, element) for item in plain)))
        case MapType(value=inner) if isinstance(plain, dict):
            return Literal(value=MapValue(literals={key: literal_from(item, inner) for key, item in plain.items()}))
    raise wrong_value(plain, f"the plain form of {type(literal_type.type).__name__}")


def _entry(plain: Any, key: str) -> str:
    """Return the URI that a reference in plain form holds; a bare text is one too."""
    uri = plain.get(key) if isinstance(plain, dict) else plain
    if not isinstance(uri, str):
        raise wrong_value(plain, f"an object with {key!r}")
    return uri
