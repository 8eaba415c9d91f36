"""
Converters of ``int``, ``float``, ``str``, ``bool``, ``None`` and ``bytes``.

Numbers are never widened on the way in: a ``bool`` is no ``int`` and an ``int`` is no ``float``. Instances of subclasses
(``numpy.float64``) become plain. On the way out, whole doubles are read as ``int``, because consoles send JSON.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from plait_core.errors.values import UnreadableText
from plait_core.ir.json import Json
from plait_core.ir.literals import NOTHING, Binary, Literal, NoneValue, Primitive
from plait_core.ir.types import BINARY, BOOLEAN, FLOAT, INTEGER, NONE, STRING, LiteralType, SimpleType
from plait_core.types.contexts import DETACHED, ConversionContext
from plait_core.types.converters import Converter, Plain, Types, read_otherwise, wrong_value
from plait_core.types.primitives import literal_of, primitive_writer

_INT64 = range(-(2**63), 2**63)
_TRUE, _FALSE = ({"true", "t", "yes", "y", "on", "1"}, {"false", "f", "no", "n", "off", "0"})


def compile_int(python_type: Any, types: Types) -> Converter:
    """Compile ``int``: 64 bits, signed."""

    def pack(value: Any, context: ConversionContext) -> int:
        if type(value) is int and -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
            return value
        if isinstance(value, int) and not isinstance(value, bool | Enum) and value in _INT64:
            return int(value)
        expected = "int of 64 bits" if type(value) is int else "int"
        raise wrong_value(value, expected)

    def unpack(plain: Plain, context: ConversionContext) -> int:
        if type(plain) is float and plain.is_integer():
            return int(plain)
        return pack(plain, context)

    read = _parse_with(int, "integer", "42")
    return _scalar(
        int, INTEGER, pack, unpack, parse=lambda text: pack(read(text), DETACHED), schema={"type": "integer"}
    )


def compile_float(python_type: Any, types: Types) -> Converter:
    """Compile ``float``."""

    def accept(value: Any, context: ConversionContext) -> float:
        if type(value) is float:
            return value
        if isinstance(value, float):
            return float(value)
        raise wrong_value(value, "float")

    def unpack(plain: Plain, context: ConversionContext) -> float:
        if type(plain) is float:
            return plain
        if type(plain) is int:
            return float(plain)
        return accept(plain, context)

    return _scalar(
        float, FLOAT, accept, unpack, pack=unpack, parse=_parse_with(float, "number", "1.5"), schema={"type": "number"}
    )


def compile_str(python_type: Any, types: Types) -> Converter:
    """Compile ``str``."""

    def pack(value: Any, context: ConversionContext) -> str:
        if type(value) is str:
            return value
        if isinstance(value, str) and not isinstance(value, Enum):
            return str(value)
        raise wrong_value(value, "str")

    return _scalar(str, STRING, pack, pack, parse=str, render=str, schema={"type": "string"})


def compile_bool(python_type: Any, types: Types) -> Converter:
    """Compile ``bool``."""

    def pack(value: Any, context: ConversionContext) -> bool:
        if value is True or value is False:
            return value
        raise wrong_value(value, "bool")

    def parse(text: str) -> bool:
        if text.strip().lower() in _TRUE | _FALSE:
            return text.strip().lower() in _TRUE
        raise UnreadableText(text=text, expected="boolean", example="true or false")

    def render(value: bool) -> str:
        return str(value).lower()

    return _scalar(bool, BOOLEAN, pack, pack, parse=parse, render=render, schema={"type": "boolean"})


def compile_none(python_type: Any, types: Types) -> Converter:
    """Compile ``None``."""

    def to_literal(value: Any, context: ConversionContext) -> Literal:
        if value is None:
            return NOTHING
        raise wrong_value(value, "None")

    def to_python(literal: Literal, context: ConversionContext) -> None:
        if type(literal.value) is not NoneValue:
            read_otherwise(literal, context, to_python=to_python, unpack=unpack, name="None")

    def unpack(plain: Plain, context: ConversionContext) -> None:
        if plain is not None:
            raise wrong_value(plain, "None")

    def parse(text: str) -> None:
        if text.strip().lower() not in {"", "null", "none"}:
            raise UnreadableText(text=text, expected="None", example="null")

    return Converter(
        python_type=type(None),
        literal_type=NONE,
        tag="none",
        to_literal=to_literal,
        to_python=to_python,
        pack=unpack,
        unpack=unpack,
        plain_kinds=frozenset({type(None)}),
        json_schema=lambda: {"type": "null"},
        parse=parse,
        render=lambda _: "null",
    )


def compile_bytes(python_type: Any, types: Types) -> Converter:
    """Compile ``bytes``: inline, base64 in JSON and text."""

    def to_literal(value: Any, context: ConversionContext) -> Literal:
        return literal_of(Binary(value=pack(value, context), tag="bytes"))

    def to_python(literal: Literal, context: ConversionContext) -> bytes:
        value = literal.value
        if type(value) is Binary and value.tag == "bytes":
            return value.value
        found: bytes = read_otherwise(literal, context, to_python=to_python, unpack=unpack, name="bytes")
        return found

    def pack(value: Any, context: ConversionContext) -> bytes:
        if isinstance(value, bytes):
            return bytes(value)
        raise wrong_value(value, "bytes")

    def unpack(plain: Plain, context: ConversionContext) -> bytes:
        return parse(plain) if type(plain) is str else pack(plain, context)

    def parse(text: str) -> bytes:
        from base64 import b64decode

        try:
            return b64decode(text, validate=True)
        except ValueError as error:
            raise UnreadableText(text=text, expected="base64", example="aGVsbG8=") from error

    def render(value: bytes) -> str:
        from base64 import b64encode

        return b64encode(value).decode()

    return Converter(
        python_type=bytes,
        literal_type=BINARY,
        tag="bytes",
        to_literal=to_literal,
        to_python=to_python,
        pack=pack,
        unpack=unpack,
        plain_kinds=frozenset({bytes, str}),
        json_schema=lambda: {"type": "string", "contentEncoding": "base64"},
        parse=parse,
        render=render,
    )


def _scalar(
    python_type: type,
    literal_type: LiteralType,
    accept: Callable[[Any, ConversionContext], Any],
    unpack: Callable[[Plain, ConversionContext], Any],
    *,
    parse: Callable[[str], Any],
    schema: Json,
    pack: Callable[[Any, ConversionContext], Plain] | None = None,
    render: Callable[[Any], str] = repr,
) -> Converter:
    """Make the converter of a scalar that travels as a primitive holding exactly what *accept* lets through."""
    kind = literal_type.type
    assert isinstance(kind, SimpleType)
    name = python_type.__name__
    to_literal = primitive_writer(kind, accept)

    def to_python(literal: Literal, context: ConversionContext) -> Any:
        value = literal.value
        if type(value) is Primitive and value.kind is kind:
            return value.value
        return read_otherwise(literal, context, to_python=to_python, unpack=unpack, name=name)

    return Converter(
        python_type=python_type,
        literal_type=literal_type,
        tag=name,
        to_literal=to_literal,
        to_python=to_python,
        pack=pack or accept,
        unpack=unpack,
        plain_kinds=frozenset({python_type}),
        json_schema=lambda: schema,
        parse=parse,
        render=render,
        atom=accept,
    )


def _parse_with(read: Callable[[str], Any], expected: str, example: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return read(text.strip())
        except ValueError as error:
            raise UnreadableText(text=text, expected=expected, example=example) from error

    return parse
