"""Which types flow into which."""

import pytest

from plait_core.compiler.assignability import Assignability, assignable
from plait_core.ir.types import (
    BOOLEAN,
    ERROR,
    FLOAT,
    INTEGER,
    NONE,
    STRING,
    STRUCT,
    BlobType,
    DatasetColumn,
    Dimensionality,
    LiteralType,
    SimpleType,
    StructuredDatasetType,
    TypeStructure,
)
from tests.unit.compiler.making import dict_of, enum, list_of, union


def blob(format_: str = "", dimensionality: Dimensionality = Dimensionality.SINGLE) -> LiteralType:
    return LiteralType(type=BlobType(format=format_, dimensionality=dimensionality))


def dataset(format_: str = "", **columns: LiteralType) -> LiteralType:
    named = tuple(DatasetColumn(name=name, type=type_) for name, type_ in columns.items())
    return LiteralType(type=StructuredDatasetType(columns=named, format=format_))


def struct(title: str, required: tuple[str, ...] | None = None, **fields: LiteralType) -> LiteralType:
    metadata = {"title": title} | ({"required": list(required)} if required is not None else {})
    return LiteralType(type=SimpleType.STRUCT, metadata=metadata, structure=TypeStructure(tag=title, fields=fields))


POINT = struct("Point", x=INTEGER, y=INTEGER)
POINT_3D = struct("Point3d", x=INTEGER, y=INTEGER, z=INTEGER)
CSV_DIRECTORY = blob("csv", Dimensionality.MULTIPART)


@pytest.mark.parametrize(
    ("producer", "receiver"),
    [
        (INTEGER, LiteralType(type=SimpleType.INTEGER, metadata={"a": 1}, annotation={"b": 2})),
        (enum("a", "b"), STRING),
        (STRING, enum("a", "b")),
        (enum("a", "b"), enum("b", "a")),
        (list_of(INTEGER), list_of(INTEGER)),
        (list_of(NONE), list_of(INTEGER)),
        (dict_of(NONE), dict_of(list_of(STRING))),
        (list_of(INTEGER), list_of(union(INTEGER, NONE))),
        (blob("csv"), blob()),
        (blob(), blob("csv")),
        (dataset("parquet", a=INTEGER, b=STRING), dataset(b=STRING)),
        (dataset(), dataset("csv", a=INTEGER)),
        (NONE, dataset("csv")),
        (INTEGER, union(INTEGER, NONE)),
        (NONE, union(INTEGER, NONE)),
        (union(INTEGER, NONE), union(NONE, STRING, INTEGER)),
        (union(INTEGER), INTEGER),
        (union(STRING, enum("a")), STRING),
        (STRING, union(STRING, enum("a"))),
        (enum("a"), union(STRING, enum("a", "b"), enum("a"))),
        (POINT_3D, POINT),
        (STRUCT, POINT),
        (POINT, STRUCT),
        (POINT, struct("Loose", ("x",), x=INTEGER, colour=STRING)),
        (POINT_3D, union(POINT, POINT_3D)),
        (ERROR, union(ERROR, NONE)),
    ],
)
def test_value_may_flow(producer: LiteralType, receiver: LiteralType) -> None:
    """Equal types flow, and so does whatever every value of the producer fits."""
    assert assignable(producer, receiver) is None


@pytest.mark.parametrize(
    ("producer", "receiver", "reason"),
    [
        (INTEGER, FLOAT, "int is not float"),
        (BOOLEAN, INTEGER, "bool is not int"),
        (enum("a"), enum("a", "b"), "enum(a) is not enum(a, b)"),
        (list_of(list_of(INTEGER)), list_of(list_of(STRING)), "in each element, in each element, int is not str"),
        (dict_of(INTEGER), dict_of(STRING), "in each value, int is not str"),
        (list_of(INTEGER), dict_of(INTEGER), "list[int] is not dict[str, int]"),
        (blob("csv"), blob("json"), "its format is csv, not json"),
        (blob("csv"), CSV_DIRECTORY, "File[csv] is not Directory[csv]"),
        (dataset("csv"), dataset("parquet"), "its format is csv, not parquet"),
        (dataset(a=INTEGER), dataset(b=INTEGER), "it has no column 'b'"),
        (dataset(a=INTEGER), dataset(a=STRING), "in column 'a', int is not str"),
        (union(INTEGER, NONE), INTEGER, "it may be None"),
        (union(INTEGER, NONE), union(INTEGER, STRING), "it may be None, which is none of int or str"),
        (FLOAT, union(INTEGER, STRING, NONE), "float is none of int, str or None"),
        (POINT_3D, union(POINT, struct("Flat", x=INTEGER)), "Point3d is ambiguous: it fits Point and Flat"),
        (POINT, POINT_3D, "Point has no field 'z', which Point3d needs"),
        (struct("P", x=STRING), struct("Q", x=INTEGER), "in field 'x', str is not int"),
    ],
)
def test_value_may_not_flow(producer: LiteralType, receiver: LiteralType, reason: str) -> None:
    """The reason names the innermost types at odds, and the way to them."""
    assert assignable(producer, receiver) == reason


def test_memory_answers_as_the_rule_does() -> None:
    """The same pair of types is judged once; a pair that merely looks alike is judged by itself."""
    fits = Assignability()

    answers = [fits(INTEGER, STRING), fits(INTEGER, STRING), fits(INTEGER, INTEGER), fits(STRING, INTEGER)]

    assert answers == ["int is not str", "int is not str", None, "str is not int"]
