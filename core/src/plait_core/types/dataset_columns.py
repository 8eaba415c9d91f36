"""
Whether the columns of a dataframe hold what was declared, as far as its handler can tell.

Called when a dataset is stored and when it is read, and by decks for the names of types. Integers may stand where floats are declared, and texts where enums are.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from plait_core.errors.values import WrongColumn
from plait_core.ir.types import EnumType, LiteralType, SimpleType, StructuredDatasetType, UnionType

_NAMES = {
    SimpleType.INTEGER: "int",
    SimpleType.FLOAT: "float",
    SimpleType.STRING: "str",
    SimpleType.BOOLEAN: "bool",
    SimpleType.DATETIME: "datetime",
    SimpleType.DURATION: "timedelta",
    SimpleType.NONE: "None",
}
_FITTING: Mapping[type, tuple[Any, ...]] = {
    int: (SimpleType.INTEGER, SimpleType.FLOAT),
    float: (SimpleType.FLOAT,),
    str: (SimpleType.STRING, EnumType),
    bool: (SimpleType.BOOLEAN,),
    datetime: (SimpleType.DATETIME,),
    timedelta: (SimpleType.DURATION,),
}
"""What a column holds -> what may be declared for it."""


def check_columns(handler: Any, dataframe: Any, declared: StructuredDatasetType) -> None:
    """Raise ``WrongColumn`` for a column of *dataframe* that *declared* says otherwise about."""
    if not declared.columns or not hasattr(handler, "column_types"):
        return
    found: Mapping[str, type] = handler.column_types(dataframe)
    for column in declared.columns:
        held = found.get(column.name)
        if held is not None and not any(_kind(variant) in _FITTING[held] for variant in _variants(column.type)):
            raise WrongColumn(column=column.name, expected=cell_type_text(column.type), found=held.__name__)


def cell_type_text(declared: LiteralType) -> str:
    """Render the type of a column's cells."""
    return " or ".join(_name(variant) for variant in _variants(declared))


def _variants(declared: LiteralType) -> tuple[LiteralType, ...]:
    return declared.type.variants if isinstance(declared.type, UnionType) else (declared,)


def _kind(declared: LiteralType) -> Any:
    return declared.type if isinstance(declared.type, SimpleType) else type(declared.type)


def _name(declared: LiteralType) -> str:
    return _NAMES.get(_kind(declared), declared.tag or "something else")
