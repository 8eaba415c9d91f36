"""
Converters: what the type engine compiles a Python type into.

A value has three forms besides the Python object: its *literal*; its *plain* form (``None``, bool, int, float, str, bytes, list, dict),
which is what it looks like inside msgpack and JSON; and its *text*, which people type and read. Plain forms are why every type
can be a field of a dataclass.
"""

import re
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import attrs

from plait_core.errors.values import ConversionFailed, NoneRefused, UnreadableLiteral, WrongValue
from plait_core.ir.json import Json
from plait_core.ir.literals import Binary, Generic, Literal, NoneValue, Offloaded, Primitive, UnionValue
from plait_core.ir.types import LiteralType, SimpleType
from plait_core.types.contexts import ConversionContext

Plain: TypeAlias = Any
ToLiteral: TypeAlias = Callable[[Any, ConversionContext], Literal]
ToPython: TypeAlias = Callable[[Literal, ConversionContext], Any]
Atom: TypeAlias = Callable[[Any, ConversionContext], int | float | str | bool]
Pack: TypeAlias = Callable[[Any, ConversionContext], Plain]
Unpack: TypeAlias = Callable[[Plain, ConversionContext], Any]

MSGPACK = "msgpack"
"""Tag of a ``Binary`` that holds a plain form."""

ANY_PLAIN = frozenset({type(None), bool, int, float, str, bytes, list, dict})
"""The classes that plain forms are made of."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Converter:
    """
    All conversions of one Python type.

    ``to_literal(value, context)`` and ``to_python(literal, context)`` raise subclasses of ``ConversionFailed``; ``parse(text)``
    raises ``UnreadableText`` or ``ConversionFailed``. ``pack`` and ``unpack`` convert to and from the plain form;
    ``plain_kinds`` are the classes that form may have. ``tag`` names the transformer, for unions to choose by. ``render(value)`` gives a text that ``parse`` reads.
    Where literals are nothing but primitives of the kind that the literal type is, which hold the Python value itself, ``atom`` lets that through.
    """

    python_type: Any
    literal_type: LiteralType
    tag: str
    to_literal: ToLiteral
    to_python: ToPython
    pack: Pack
    unpack: Unpack
    plain_kinds: frozenset[type]
    json_schema: Callable[[], Json]
    parse: Callable[[str], Any]
    render: Callable[[Any], str]
    atom: Atom | None = None

    @property
    def name(self) -> str:
        """How the type is called in messages."""
        return type_name(self.python_type)


class Types(Protocol):
    """What compiling a type may ask for: the converters of the types it is made of, and whether unknown ones are pickled."""

    @property
    def pickle_untyped(self) -> bool: ...

    @property
    def formats(self) -> Any: ...

    def converter(self, python_type: Any) -> Converter: ...

    def transformer(self, python_type: Any) -> Any: ...


Compile: TypeAlias = Callable[[Any, Types], Converter]
"""Makes the converter of a Python type."""


def type_name(python_type: Any) -> str:
    """Name a type as its author wrote it: ``int``, ``list[int]``, ``Reading``."""
    if isinstance(python_type, type) and not hasattr(python_type, "__origin__"):
        return python_type.__qualname__.rpartition("<locals>.")[2]
    return str(python_type).replace("typing.", "")


def show(value: object) -> str:
    """Render a value for a message, on one line: its class, unless the repr begins with it, and 80 characters of its repr."""
    text, kind = repr(value), type(value).__qualname__
    if "\n" in text:
        text = " ".join(text.split())
    short = text if len(text) <= 80 else text[:77] + "..."
    return short if re.match(rf"<?([\w.]+\.)?{re.escape(kind)}\b", text) else f"{kind} {short}"


def wrong_value(value: object, expected: str, advice: str = "") -> ConversionFailed:
    """Make the error for a value that is not what was *expected*."""
    if value is None:
        return NoneRefused(expected=expected)
    return WrongValue(expected=expected, found=show(value), advice=advice)


def read_otherwise(
    literal: Literal, context: ConversionContext, *, to_python: ToPython, unpack: Unpack, name: str
) -> Any:
    """
    Read a literal that is not of the shape a converter writes: wrapped, offloaded, or in plain form.

    Attribute paths select plain values out of a msgpack; consoles send JSON, whose numbers are doubles.
    """
    value = literal.value
    match value:
        case UnionValue(value=inner):
            return to_python(inner, context)
        case Offloaded():
            from plait_core.types.blocking import run
            from plait_core.types.offloading import fetch

            return to_python(run(fetch(literal, context.blobs)), context)
        case Binary(tag="msgpack", value=data):
            from msgpack import unpackb

            return unpack(unpackb(data, strict_map_key=False), context)
        case Generic(value=plain):
            return unpack(plain, context)
        case Primitive(kind=kind, value=plain) if kind not in {SimpleType.DATETIME, SimpleType.DURATION}:
            return unpack(plain, context)
        case NoneValue():
            raise NoneRefused(expected=name)
    raise UnreadableLiteral(expected=name, found=type(value).__name__)
