"""
Offloading: literals too large to carry inline are stored as blobs and replaced by references.

Used where values leave a worker and where they enter one. A reference carries the digest, type, size and length of
what it stands for, so that most questions are answered without fetching.
"""

from collections.abc import Sequence

from plait_core.ir.literals import (
    Binary,
    Blob,
    Collection,
    Generic,
    Literal,
    MapValue,
    Offloaded,
    Primitive,
    UnionValue,
)
from plait_core.ir.types import LiteralType
from plait_core.types.contexts import BlobAccess

LIMIT_BYTES = 64 * 1024
"""Largest encoded literal that is carried inline."""

_SMALL_BYTES = 16
"""About what a number, a flag or a time takes when encoded."""


async def offload(
    literal: Literal, literal_type: LiteralType, prefix: str, blobs: BlobAccess, limit: int = LIMIT_BYTES
) -> Literal:
    """
    Return *literal* itself if it is small, else a reference to its encoding, stored under *prefix* by digest.

    Args:
        literal: What may be large.
        literal_type: Its type, kept in the reference.
        prefix: URI to store under.
        blobs: Finds the store of *prefix*.
        limit: Largest encoding that stays inline, in bytes.
    """
    if isinstance(literal.value, Offloaded) or estimated_bytes(literal, limit) <= limit:
        return literal
    from plait_core.ir.canonical import digest
    from plait_core.ir.codec import dumps

    data, key = dumps(literal), digest(literal)
    uri = f"{prefix.rstrip('/')}/{key}.literal"
    await blobs(uri).put(uri, data)
    reference = Offloaded(uri=uri, size_bytes=len(data), type=literal_type, digest=key, length=_length(literal))
    return Literal(value=reference, hash=literal.hash, metadata=literal.metadata)


async def fetch(literal: Literal, blobs: BlobAccess) -> Literal:
    """Return what an offloaded literal stands for; any other literal is returned as it is."""
    if not isinstance(literal.value, Offloaded):
        return literal
    from plait_core.ir.codec import loads

    return loads(Literal, await blobs(literal.value.uri).get(literal.value.uri))


def estimated_bytes(literal: Literal, enough: int) -> int:
    """Estimate the size of the encoding without encoding; stops counting soon after *enough*."""
    match literal.value:
        case Primitive(value=str(text)):
            return _SMALL_BYTES + len(text)
        case Binary(value=data):
            return _SMALL_BYTES + len(data)
        case Generic(value=plain):
            return _SMALL_BYTES + len(repr(plain))
        case Blob(uri=uri):
            return _SMALL_BYTES + len(uri)
        case UnionValue(value=inner):
            return _SMALL_BYTES + estimated_bytes(inner, enough)
        case Collection(literals=items):
            return _total(items, enough)
        case MapValue(literals=entries):
            return sum(map(len, entries)) + _total(tuple(entries.values()), enough)
    return _SMALL_BYTES


def _total(items: Sequence[Literal], enough: int) -> int:
    total = len(items) * _SMALL_BYTES
    for item in items:
        if total > enough:
            break
        total += estimated_bytes(item, enough) - _SMALL_BYTES
    return total


def _length(literal: Literal) -> int | None:
    match literal.value:
        case Collection(literals=items):
            return len(items)
        case MapValue(literals=entries):
            return len(entries)
    return None
