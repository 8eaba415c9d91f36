"""
Values: ``Literal`` and its variants.

A literal holds a scalar, a collection, a map, or a reference to one that was too large to
carry. It may carry a content hash, which stands for its value in cache keys. ``value=None`` is
a literal *without* a value, which is neither ``NoneValue`` nor an empty collection.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, overload

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
    """A list of literals: a tuple of them, or ``Primitives``."""

    literals: Sequence["Literal"]


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
    length: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))


Scalar: TypeAlias = Primitive | Blob | Binary | NoneValue | ErrorValue | Generic | StructuredDatasetValue | UnionValue
LiteralVariant: TypeAlias = Scalar | Collection | MapValue | Offloaded


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Literal(Shape):
    """A value, with the hash and metadata that ride on it."""

    value: LiteralVariant | None
    hash: str | None = None
    metadata: Mapping[str, str] | None = None


_new = object.__new__
_set_value, _set_hash, _set_metadata = (vars(Literal)[name].__set__ for name in ("value", "hash", "metadata"))
_set_kind, _set_atom = (vars(Primitive)[name].__set__ for name in ("kind", "value"))


def primitive_literal(kind: SimpleType, value: float | str | bool) -> Literal:
    """
    Make the literal of a primitive, without hash or metadata.

    One is made for every element of every list, so it fills the slots past the generated ``__init__``: the same objects in half the time.
    """
    primitive = _new(Primitive)
    _set_kind(primitive, kind)
    _set_atom(primitive, value)
    literal = _new(Literal)
    _set_value(literal, primitive)
    _set_hash(literal, None)
    _set_metadata(literal, None)
    return literal


class Primitives(Sequence[Literal]):
    """
    Literals that are primitives of one kind and nothing else: equal to the tuple of them, and kept as their bare *values*.

    A literal of an atom is two objects that the garbage collector visits again and again, and lists may have a hundred thousand.
    """

    __slots__ = ("kind", "values")

    def __init__(self, kind: SimpleType, values: tuple[int | float | str | bool, ...]) -> None:
        """Take what ``Primitive`` takes, as many times as there are *values*."""
        self.kind = kind
        self.values = values

    @overload
    def __getitem__(self, index: int) -> Literal: ...
    @overload
    def __getitem__(self, index: slice) -> "Primitives": ...
    def __getitem__(self, index: int | slice) -> "Literal | Primitives":
        """Make the literal at *index*, or take a part."""
        if isinstance(index, slice):
            return Primitives(self.kind, self.values[index])
        return primitive_literal(self.kind, self.values[index])

    def __len__(self) -> int:
        """Count the literals."""
        return len(self.values)

    def __iter__(self) -> Iterator[Literal]:
        """Make one literal after the other."""
        kind = self.kind
        for value in self.values:
            yield primitive_literal(kind, value)

    def __eq__(self, other: object) -> bool:
        """Compare with another list of literals, whatever keeps it."""
        if isinstance(other, Primitives) and self.kind is other.kind:
            return self.values == other.values
        return tuple(self) == tuple(other) if isinstance(other, Primitives | tuple) else NotImplemented

    def __hash__(self) -> int:
        """Hash like the tuple."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """Render as the call that makes it."""
        return f"Primitives({self.kind!r}, {self.values!r})"


LiteralMap: TypeAlias = Mapping[str, Literal]
"""Inputs or outputs by variable name."""

NOTHING = Literal(value=NoneValue())
"""The literal of Python's ``None``."""
