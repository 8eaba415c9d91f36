"""How types and entities read in messages and drawings."""

from typing import assert_never

from plait_core.ir.ids import EntityId
from plait_core.ir.types import (
    BlobType,
    CollectionType,
    Dimensionality,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    StructuredDatasetType,
    UnionType,
)

_SIMPLE = {
    SimpleType.NONE: "None",
    SimpleType.INTEGER: "int",
    SimpleType.FLOAT: "float",
    SimpleType.STRING: "str",
    SimpleType.BOOLEAN: "bool",
    SimpleType.DATETIME: "datetime",
    SimpleType.DURATION: "timedelta",
    SimpleType.BINARY: "bytes",
    SimpleType.ERROR: "error",
}


def type_text(type_: LiteralType) -> str:
    """Render *type_* much as its author wrote it in Python."""
    match type_.type:
        case SimpleType() as simple:
            return _SIMPLE.get(simple) or _struct_text(type_)
        case CollectionType(element=element):
            return f"list[{type_text(element)}]"
        case MapType(value=value):
            return f"dict[str, {type_text(value)}]"
        case BlobType(format=format_, dimensionality=dimensionality):
            name = "File" if dimensionality is Dimensionality.SINGLE else "Directory"
            return f"{name}[{format_}]" if format_ else name
        case EnumType(values=values):
            return f"enum({', '.join(values)})"
        case UnionType(variants=variants):
            return " | ".join(type_text(variant) for variant in variants)
        case StructuredDatasetType(columns=columns):
            return (
                f"StructuredDataset[{', '.join(column.name for column in columns)}]" if columns else "StructuredDataset"
            )
        case _ as never:
            assert_never(never)


def entity_text(id_: EntityId) -> str:
    """Render *id_* as its kind and name: ``launch plan nightly``."""
    return f"{id_.kind.value.replace('_', ' ')} {id_.name}"


def _struct_text(type_: LiteralType) -> str:
    title = (type_.metadata or {}).get("title")
    return str(title or type_.tag or "struct")
