"""Values are shown readable, shortened, with what lies in storage as references."""

import pytest

from plait_core.ir.literals import (
    NOTHING,
    Binary,
    Blob,
    Collection,
    Literal,
    LiteralVariant,
    Offloaded,
    Primitive,
    UnionValue,
)
from plait_core.ir.types import INTEGER, BlobType, SimpleType
from plait_server.console.values import Stored, plain_of, show, size_text

FILE = Blob(uri="s3://b/raw/data.csv", type=BlobType())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Primitive(kind=SimpleType.INTEGER, value=3), "3"),
        (Primitive(kind=SimpleType.STRING, value="<b>"), "<b>"),
        (Primitive(kind=SimpleType.BOOLEAN, value=True), "true"),
        (Primitive(kind=SimpleType.DATETIME, value=1_769_860_800_000_000_000), "2026-01-31T12:00:00Z"),
        (Primitive(kind=SimpleType.DURATION, value=5_400_000_000_000), "1 h 30 min"),
        (NOTHING.value, "None"),
        (Binary(value=b"\x81\xa1a\x01", tag="msgpack"), '{"a": 1}'),
        (Binary(value=b"\x00\x01", tag="bytes"), "2 B: AAE="),
        (UnionValue(value=Literal(value=Primitive(kind=SimpleType.INTEGER, value=1)), type=INTEGER), "1"),
        (
            Offloaded(uri="s3://b/x", size_bytes=2048, type=INTEGER, digest="", length=3),
            "3 elements, 2.0 KiB, stored apart",
        ),
    ],
)
def test_value_is_readable(value: LiteralVariant, text: str) -> None:
    """In the words of people, not in those of the store."""
    assert show("x", Literal(value=value)).text == text


def test_files_inside_a_list_are_linked() -> None:
    """Wherever they are in the value."""
    shown = show("x", Literal(value=Collection(literals=(Literal(value=FILE),))))

    assert shown.stored == (Stored(uri=FILE.uri, name="data.csv", is_file=True),)


def test_long_value_is_folded() -> None:
    """Its beginning stands for it; the whole is there to be opened."""
    shown = show("x", Literal(value=Primitive(kind=SimpleType.STRING, value="word " * 100)))

    assert shown.is_long
    assert len(shown.short) < 200
    assert shown.text == "word " * 100


def test_enormous_value_is_cut() -> None:
    """A page never holds more than a browser can take, and says what is missing."""
    shown = show("x", Literal(value=Primitive(kind=SimpleType.STRING, value="a" * 300_000)))

    assert shown.text.endswith("… 100000 more letters")


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1 << 40, "1.0 TiB")])
def test_sizes_have_units(size: int, text: str) -> None:
    """The largest in which there is at least one."""
    assert size_text(size) == text


def test_many_elements_are_counted() -> None:
    """A form is still filled with all of them."""
    literal = Literal(value=Collection(literals=(Literal(value=Primitive(kind=SimpleType.INTEGER, value=1)),) * 5_010))

    assert "… 10 more" in show("x", literal).text
    assert len(plain_of(literal)) == 5_010
