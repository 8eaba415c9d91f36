"""
Values: ``Literal`` and its variants.

A literal holds a scalar, a collection, a map, or a reference to one that was too large to
carry. It may carry a content hash, which stands for its value in cache keys. ``value=None`` is
a literal *without* a value, which is neither ``NoneValue`` nor an empty collection.
"""

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from plait_core.ir.ids import NodeId
from plait_core.ir.json import Json
from plait_core.ir.shapes import Shape
from plait_core.ir.types import BlobType, LiteralType, SimpleType, StructuredDatasetType


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Primitive(Shape):
    """
    An atom.

    ``kind`` is one of INTEGER, FLOAT, STRING, BOOLEAN, DATETIME, DURATION; the last two hold
    nanoseconds as an int, since the epoch in UTC and signed respectively.
    """

    kind: SimpleType
    value: int | float | str | bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Blob(Shape):
    """Bytes at *uri*: one object, or a prefix of many."""

    uri: str
    type: BlobType


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Binary(Shape):
    """Bytes carried inline; the tag says how to read them (``msgpack``, or ``bytes`` for plain ones)."""

    value: bytes
    tag: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NoneValue(Shape):
    """The one value of type NONE."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ErrorValue(Shape):
    """What a failure handler is told."""

    failed_node_id: NodeId
    message: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Generic(Shape):
    """A JSON value from a foreign front end, whose numbers are doubles."""

    value: Json


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StructuredDatasetValue(Shape):
    """A table under the prefix *uri*, with the columns and format it was written with."""

    uri: str
    type: StructuredDatasetType


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnionValue(Shape):
    """A value together with the variant it was taken for."""

    value: "Literal"
    type: LiteralType


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Collection(Shape):
    """A list of literals."""

    literals: tuple["Literal", ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MapValue(Shape):
    """A mapping of literals; its order is kept and never trusted."""

    literals: Mapping[str, "Literal"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Offloaded(Shape):
    """
    A literal stored at *uri* because it was too large to carry inline.

    ``digest`` is the canonical digest of the stored literal, ``length`` the number of elements of
    a collection or map (``None`` for anything else): what is needed without fetching it.
    """

    uri: str
    size_bytes: int
    type: LiteralType
    digest: str
    length: int | None = None


Scalar: TypeAlias = Primitive | Blob | Binary | NoneValue | ErrorValue | Generic | StructuredDatasetValue | UnionValue
LiteralVariant: TypeAlias = Scalar | Collection | MapValue | Offloaded


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Literal(Shape):
    """A value, with the hash and metadata that ride on it."""

    value: LiteralVariant | None
    hash: str | None = None
    metadata: Mapping[str, str] | None = None


LiteralMap: TypeAlias = Mapping[str, Literal]
"""Inputs or outputs by variable name."""

NOTHING = Literal(value=NoneValue())
"""The literal of Python's ``None``."""
