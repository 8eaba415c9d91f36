"""Which literals are values of which types."""

import pytest

from plait_core.compiler.values import misfit, value_text
from plait_core.ir.literals import (
    NOTHING,
    Binary,
    Blob,
    Generic,
    Literal,
    LiteralVariant,
    MapValue,
    Offloaded,
    Primitive,
    UnionValue,
)
from plait_core.ir.types import BINARY, INTEGER, NONE, STRING, STRUCT, BlobType, LiteralType, SimpleType
from tests.unit.compiler.making import dict_of, enum, list_of, literal, union

CSV = LiteralType(type=BlobType(format="csv"))


def made(value: LiteralVariant) -> Literal:
    return Literal(value=value)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (literal(3), INTEGER),
        (literal([1, 2]), list_of(INTEGER)),
        (literal([]), list_of(STRING)),
        (NOTHING, union(INTEGER, NONE)),
        (literal("a"), enum("a", "b")),
        (literal([1]), union(STRING, list_of(INTEGER))),
        (made(UnionValue(value=literal(3), type=INTEGER)), union(INTEGER, STRING)),
        (made(UnionValue(value=literal(3), type=INTEGER)), INTEGER),
        (made(MapValue(literals={"k": literal(1)})), dict_of(INTEGER)),
        (made(Blob(uri="s3://b/x", type=BlobType(format="csv"))), CSV),
        (made(Binary(value=b"\x80", tag="msgpack")), STRUCT),
        (made(Binary(value=b"x", tag="bytes")), BINARY),
        (made(Generic(value={"a": 1})), STRUCT),
        (made(Offloaded(uri="u", size_bytes=9, type=list_of(INTEGER), digest="d", length=4)), list_of(INTEGER)),
    ],
)
def test_literal_is_a_value_of_the_type(value: Literal, type_: LiteralType) -> None:
    """Inline, wrapped in a union, or stored elsewhere."""
    assert misfit(value, type_) is None


@pytest.mark.parametrize(
    ("value", "type_", "reason"),
    [
        (literal(3), STRING, "$ is 3, which is not str"),
        (literal([1, "two"]), list_of(INTEGER), "$[1] is 'two', which is not int"),
        (
            made(MapValue(literals={"k": literal([None])})),
            dict_of(list_of(INTEGER)),
            "$['k'][0] is None, which is not int",
        ),
        (literal("c"), enum("a", "b"), "$ is 'c', which is not one of a, b"),
        (literal(1.5), union(INTEGER, STRING), "$ is 1.5, which is not int | str"),
        (literal([1]), INTEGER, "$ is [1], which is not int"),
        (literal([1.5]), union(list_of(INTEGER), NONE), "$ is [1.5], which is not list[int] | None"),
        (made(UnionValue(value=literal("x"), type=STRING)), union(INTEGER, NONE), "$ is 'x', which is not int | None"),
        (Literal(value=None), INTEGER, "$ has no value"),
        (made(Binary(value=b"x", tag="bytes")), STRUCT, "$ is 1 bytes, which is not struct"),
    ],
)
def test_literal_is_no_value_of_the_type(value: Literal, type_: LiteralType, reason: str) -> None:
    """The reason names the part at fault."""
    assert misfit(value, type_) == reason


@pytest.mark.parametrize(
    ("kind", "ns", "text"),
    [
        (SimpleType.DATETIME, 1_577_836_800_500_000_000, "2020-01-01T00:00:00.500000Z"),
        (SimpleType.DURATION, 180_000_000_000, "PT3M"),
        (SimpleType.INTEGER, 180_000_000_000, "180000000000"),
    ],
)
def test_times_are_shown_as_people_write_them(kind: SimpleType, ns: int, text: str) -> None:
    """In drawings of graphs and in messages, which is where nobody counts nanoseconds."""
    assert value_text(made(Primitive(kind=kind, value=ns))) == text
