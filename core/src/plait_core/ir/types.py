"""
The types of values: ``LiteralType`` and its variants.

The only model of types that storage, cache keys, branch conditions, edges and the API know.
Side-cars (``metadata``, ``annotation``, ``structure``) ride on every type: a union's variants
are chosen by ``structure.tag``, JSON schemas sit in ``metadata``, and ``annotation`` takes part
in cache keys.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeAlias

import attrs

from plait_core.ir.json import Json
from plait_core.ir.shapes import Shape


class SimpleType(Enum):
    """Types without parameters. ``NONE`` is a type with a literal of its own; absence is ``None``."""

    NONE = "none"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DURATION = "duration"
    BINARY = "binary"
    ERROR = "error"
    STRUCT = "struct"


class Dimensionality(Enum):
    """Whether a blob is one object or a prefix of many."""

    SINGLE = "single"
    MULTIPART = "multipart"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CollectionType(Shape):
    """A list whose elements share one type."""

    element: "LiteralType"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MapType(Shape):
    """A mapping from strings to values of one type."""

    value: "LiteralType"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BlobType(Shape):
    """Bytes held by reference; an empty format accepts any."""

    format: str = ""
    dimensionality: Dimensionality = Dimensionality.SINGLE


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EnumType(Shape):
    """One of a closed set of strings, in order of declaration."""

    values: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UnionType(Shape):
    """One of several types, told apart by ``structure.tag``; ``Optional[T]`` is the variants T and NONE."""

    variants: tuple["LiteralType", ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DatasetColumn(Shape):
    """A column of a dataset: its name and the type of its cells."""

    name: str
    type: "LiteralType"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StructuredDatasetType(Shape):
    """A table held by reference. No columns means any; an empty format means any."""

    columns: tuple[DatasetColumn, ...] = ()
    format: str = ""
    external_schema_type: str = ""
    external_schema: bytes = b""


TypeVariant: TypeAlias = SimpleType | CollectionType | MapType | BlobType | EnumType | UnionType | StructuredDatasetType


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TypeStructure(Shape):
    """
    How a type came to be: the tag that unions choose by, and the fields of a dataclass-like type.

    ``fields`` maps field name -> type, in order of declaration.
    """

    tag: str = ""
    fields: Mapping[str, "LiteralType"] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LiteralType(Shape):
    """A type, with its side-cars."""

    type: TypeVariant
    metadata: Mapping[str, Json] | None = None
    annotation: Mapping[str, Json] | None = None
    structure: TypeStructure | None = None

    @property
    def tag(self) -> str:
        """The transformer's name, by which unions choose; empty when unknown."""
        return self.structure.tag if self.structure else ""


def simple(kind: SimpleType) -> LiteralType:
    """Make the bare literal type of *kind*."""
    return _SIMPLE[kind]


_SIMPLE = {kind: LiteralType(type=kind) for kind in SimpleType}
NONE, INTEGER, FLOAT, STRING, BOOLEAN, DATETIME, DURATION, BINARY, ERROR, STRUCT = (
    _SIMPLE[kind] for kind in SimpleType
)
