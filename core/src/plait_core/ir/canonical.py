"""
Canonical bytes and digests: when two things of the IR count as the same.

Called for cache keys, for registering versions and for storing closures. The bytes depend on the value alone: never on the
order of a map, the seed of ``hash``, the process or the release. They are for comparing, not for reading back.

Every item opens with its type: ``n`` none, ``t``/``f`` booleans, ``i`` an integer in decimal, ``d`` a double as eight
bytes (one NaN; -0.0 is not 0.0), ``s`` UTF-8 text and ``b`` bytes with their length, ``l`` a list, ``m`` a map sorted by encoded
key, ``e`` an enum's value, ``o`` an object: its class and the fields that differ from their default and take part in equality.

Literals have rules of their own, so that a value counts the same however it was carried:

- a literal's ``hash`` stands for its value; ``metadata`` never counts;
- a union's value counts as its inner value;
- inside another literal, one whose bytes are longer than 64 counts by its digest, as an ``Offloaded`` does;
- ``Binary`` with tag ``msgpack`` counts by the value it holds, so maps inside it have no order either.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any

import attrs

from plait_core.ir.ids import EntityId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import Binary, Collection, Literal, MapValue, Offloaded, Primitive, Primitives, UnionValue
from plait_core.ir.shapes import default_of
from plait_core.ir.types import LiteralType, SimpleType

_LONG = 64
_NAN = b"d" + bytes.fromhex("7ff8000000000000")
_PRIMITIVE_TAGS = {SimpleType.DATETIME: b"T", SimpleType.DURATION: b"D"}


def digest(value: Any) -> str:
    """Return the SHA-256 of ``canonical_bytes(value)`` in hex; for an offloaded literal, that of what was stored."""
    if isinstance(value, Literal) and value.hash is None:
        if isinstance(value.value, Offloaded):
            return value.value.digest
        if isinstance(value.value, UnionValue):
            return digest(value.value.value)
    return sha256(canonical_bytes(value)).hexdigest()


def interface_digest(interface: TypedInterface) -> str:
    """
    Return the digest of what cached values depend on: names and types, in order.

    Descriptions, artifacts and the types' ``metadata`` (JSON schemas, names of classes) are left out, because none
    changes which values are valid; ``annotation`` and ``structure`` count.
    """
    sides = [
        [(variable.name, _bare(variable.type)) for variable in side] for side in (interface.inputs, interface.outputs)
    ]
    return sha256(canonical_bytes(sides)).hexdigest()


def _bare(kind: Any) -> Any:
    """Copy a type without the metadata of it and of the types inside it."""
    if isinstance(kind, LiteralType):
        return LiteralType(type=_bare(kind.type), annotation=kind.annotation, structure=_bare(kind.structure))
    if isinstance(kind, tuple):
        return tuple(_bare(item) for item in kind)
    if isinstance(kind, Mapping):
        return {name: _bare(item) for name, item in kind.items()}
    if attrs.has(type(kind)):
        return attrs.evolve(
            kind, **{field.name: _bare(getattr(kind, field.name)) for field in attrs.fields(type(kind))}
        )
    return kind


def canonical_bytes(value: Any) -> bytes:
    """
    Return the canonical form of an object of the IR, or of JSON.

    Raises:
        NotStorable: There is something inside that is neither.
    """
    encode = _ENCODERS.get(value.__class__)
    if encode is not None:
        return encode(value)
    if isinstance(value, Enum):
        return b"e" + canonical_bytes(value.value)
    if attrs.has(value.__class__):
        return _object(value)
    if isinstance(value, Mapping):
        return _map((key, canonical_bytes(item)) for key, item in value.items())
    if isinstance(value, Sequence):
        return _list([canonical_bytes(item) for item in value])
    from plait_core.errors.stores import NotStorable

    raise NotStorable(kind=type(value).__name__, detail="it has no canonical form")


# ── atoms and containers ─────────────────────────────────────────────────────


def _float(value: float) -> bytes:
    return b"d" + struct.pack(">d", value) if value == value else _NAN  # noqa: PLR0124  # only NaN differs from itself


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(encoded), encoded)


def _list(items: Sequence[bytes]) -> bytes:
    return b"l%d:%b" % (len(items), b"".join(items))


def _map(items: Any) -> bytes:
    pairs = sorted((canonical_bytes(key), item) for key, item in items)
    return b"m%d:%b" % (len(pairs), b"".join(key + item for key, item in pairs))


def _object(value: Any) -> bytes:
    name, fields = _shape(value.__class__)
    parts = [
        key + canonical_bytes(held)
        for attribute, key, default in fields
        if (held := getattr(value, attribute)) is not default
        and (held != default or held.__class__ is not default.__class__)
    ]
    return b"o%bm%d:%b" % (name, len(parts), b"".join(parts))


@cache
def _shape(kind: type) -> tuple[bytes, Sequence[tuple[str, bytes, Any]]]:
    """Return the encoded name, and (name, encoded name, default) of the fields that count, in order of the second."""
    fields = [(field.name, _text(field.name), default_of(field)) for field in attrs.fields(kind) if field.eq]
    return _text(kind.__name__), sorted(fields, key=lambda field: field[1])


# ── literals ─────────────────────────────────────────────────────────────────


def _part(literal: Literal) -> bytes:
    """Return what a literal contributes to the bytes of what holds it."""
    if literal.hash is None:
        if isinstance(literal.value, Offloaded):
            return b"#" + literal.value.digest.encode()
        if isinstance(literal.value, UnionValue):
            return _part(literal.value.value)
    return _short(_literal(literal))


def _short(encoded: bytes) -> bytes:
    return encoded if len(encoded) <= _LONG else b"#" + sha256(encoded).hexdigest().encode()


def _literal(literal: Literal) -> bytes:
    if literal.hash is not None:
        return b"h" + _text(literal.hash)
    match literal.value:
        case None:
            return b"?"
        case Primitive(kind=kind, value=value):
            return _PRIMITIVE_TAGS.get(kind, b"") + canonical_bytes(value)
        case Collection(literals=Primitives(kind=kind, values=values)):
            tag = _PRIMITIVE_TAGS.get(kind, b"")
            return _list([_short(tag + canonical_bytes(value)) for value in values])
        case Collection(literals=literals):
            return _list([_part(item) for item in literals])
        case MapValue(literals=by_name):
            return _map((name, _part(item)) for name, item in by_name.items())
        case UnionValue() | Offloaded():
            return _part(literal)
        case Binary(tag="msgpack", value=packed):
            return b"p" + _unpacked(packed)
        case other:
            return canonical_bytes(other)


def _unpacked(packed: bytes) -> bytes:
    """Return the canonical form of what msgpack bytes hold, or the bytes where they hold something out of the ordinary."""
    from msgpack import unpackb

    from plait_core.errors.stores import NotStorable

    try:
        return canonical_bytes(
            unpackb(packed, use_list=False, strict_map_key=False, timestamp=0, unicode_errors="surrogatepass")
        )
    except (ValueError, NotStorable):
        return _ENCODERS[bytes](packed)


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"n",
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: b"i%d;" % value,
    float: _float,
    str: _text,
    bytes: lambda value: b"b%d:%b" % (len(value), value),
    tuple: lambda value: _list([canonical_bytes(item) for item in value]),
    list: lambda value: _list([canonical_bytes(item) for item in value]),
    dict: lambda value: _map((key, canonical_bytes(item)) for key, item in value.items()),
    EntityId: lru_cache(maxsize=4096)(_object),
    Literal: _literal,
}
