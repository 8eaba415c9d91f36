"""What people type becomes literals, or a fault that says what is wrong."""

from typing import Any

import pytest

from plait_core.ir.literals import NOTHING, Binary, Collection, Literal, MapValue, Primitive, UnionValue
from plait_core.ir.types import (
    BOOLEAN,
    DATETIME,
    DURATION,
    FLOAT,
    INTEGER,
    NONE,
    STRING,
    CollectionType,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    UnionType,
)
from plait_server.console.readings import Misread, read_text

INTS = LiteralType(type=CollectionType(element=INTEGER))
MAYBE = LiteralType(type=UnionType(variants=(INTEGER, NONE)))
ENUM = LiteralType(type=EnumType(values=("fast", "full")))
STRUCT = LiteralType(
    type=SimpleType.STRUCT,
    metadata={"type": "object", "properties": {"low": {"type": "integer"}}, "required": ["low"]},
)


def primitive(kind: SimpleType, value: Any) -> Literal:
    return Literal(value=Primitive(kind=kind, value=value))


@pytest.mark.parametrize(
    ("text", "type_", "literal"),
    [
        ("3", INTEGER, primitive(SimpleType.INTEGER, 3)),
        (" 1.5 ", FLOAT, primitive(SimpleType.FLOAT, 1.5)),
        (" as is ", STRING, primitive(SimpleType.STRING, " as is ")),
        ("true", BOOLEAN, primitive(SimpleType.BOOLEAN, True)),
        ("2026-01-31 12:00", DATETIME, primitive(SimpleType.DATETIME, 1_769_860_800_000_000_000)),
        ("1h30m", DURATION, primitive(SimpleType.DURATION, 5_400_000_000_000)),
        ("fast", ENUM, primitive(SimpleType.STRING, "fast")),
        ("[1, 2]", INTS, Literal(value=Collection(literals=tuple(primitive(SimpleType.INTEGER, n) for n in (1, 2))))),
        (
            '{"a": 1}',
            LiteralType(type=MapType(value=INTEGER)),
            Literal(value=MapValue(literals={"a": primitive(SimpleType.INTEGER, 1)})),
        ),
        ("4", MAYBE, Literal(value=UnionValue(value=primitive(SimpleType.INTEGER, 4), type=INTEGER))),
        ("", MAYBE, Literal(value=UnionValue(value=NOTHING, type=NONE))),
        ('{"low": 1}', STRUCT, Literal(value=Binary(value=b"\x81\xa3low\x01", tag="msgpack"))),
    ],
)
def test_text_is_read_by_its_type(text: str, type_: LiteralType, literal: Literal) -> None:
    """Each type has the text that people would write."""
    assert read_text(text, type_) == literal


@pytest.mark.parametrize(
    ("text", "type_", "fault"),
    [
        ("three", INTEGER, "'three' is no whole number"),
        ("1e999x", FLOAT, "'1e999x' is no number"),
        (str(2**63), INTEGER, f"{2**63} does not fit into 64 bits"),
        ("maybe", BOOLEAN, "'maybe' is neither true nor false"),
        ("soon", DATETIME, "write a date and time in UTC, such as 2026-01-31 12:00, or now - 1d"),
        ("long", DURATION, "write a duration such as 1h30m, 10 days or PT1H30M"),
        ("slow", ENUM, "'slow' is not one of fast, full"),
        ('[1, "b"]', INTS, '[1]: "b" is not int'),
        ("[1,", INTS, "this is no JSON: Expecting value: line 1 column 4 (char 3)"),
        ("x", MAYBE, "'x' is no whole number"),
        ("[]", STRUCT, "a JSON object is wanted, with low"),
        ("{}", STRUCT, "low missing"),
        ('{"low": 1, "hihg": 2}', STRUCT, "hihg unknown; there are low"),
        ('{"low": "x"}', STRUCT, 'low: "x" is not a whole number'),
        (f'{{"low": {2**70}}}', STRUCT, "a number in it does not fit into 64 bits"),
        ('{"a": "\\ud800"}', LiteralType(type=SimpleType.STRUCT), "there is half of a surrogate pair in it"),
        ('{"a":' * 100_000, STRUCT, "this is nested too deeply"),
        ('{"a":' * 990 + "1" + "}" * 990, LiteralType(type=SimpleType.STRUCT), "this is nested too deeply"),
    ],
)
def test_what_does_not_fit_is_told(text: str, type_: LiteralType, fault: str) -> None:
    """In words for the person who typed it, with the place."""
    with pytest.raises(Misread) as misread:
        read_text(text, type_)

    assert str(misread.value) == fault
