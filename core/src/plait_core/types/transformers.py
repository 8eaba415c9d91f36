"""
``TypeTransformer``: the base class by which plugins teach plait a family of Python types.

A transformer says which literal type a Python type has and converts values both ways. The text form, the JSON schema and the form
inside dataclasses follow from the literal; override them where people should see something better.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

from plait_core.ir.json import Json
from plait_core.ir.literals import Binary, Literal, Offloaded, UnionValue
from plait_core.ir.literals import Generic as JsonValue
from plait_core.ir.types import LiteralType, SimpleType
from plait_core.types.contexts import DETACHED, ConversionContext
from plait_core.types.converters import ANY_PLAIN, Converter, Plain, Types, read_otherwise, type_name
from plait_core.types.plain_texts import load_plain

T = TypeVar("T")


class TypeTransformer(Generic[T]):
    """
    Converts one family of Python types to literals and back.

    ``name`` is the tag by which unions choose, unique among transformers. ``python_type`` is the class it serves, whose subclasses it
    serves too. One instance converts values of many types, in any thread, and keeps no state. Methods get the type as annotated,
    so that ``ndarray[int]`` may differ from ``ndarray``.
    """

    name: ClassVar[str]
    python_type: ClassVar[Any]
    plain_kinds: ClassVar[frozenset[type]] = ANY_PLAIN
    """Classes of the packed form; the fewer, the plainer are unions inside dataclasses."""

    def beside(self, remarks: Sequence[Any]) -> Self:
        """Return a transformer that heeds what stands beside the type in ``Annotated``; most heed nothing."""
        return self

    def literal_type(self, python_type: Any) -> LiteralType:
        """Return the literal type; it depends on nothing but *python_type*."""
        raise NotImplementedError

    def to_literal(self, value: T, python_type: Any, context: ConversionContext) -> Literal:
        """Convert a value; raise ``wrong_value(value, ...)`` for one that is not of the type."""
        raise NotImplementedError

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> T:
        """Convert back what ``to_literal`` made."""
        raise NotImplementedError

    def pack(self, value: T, python_type: Any, context: ConversionContext) -> Plain:
        """Convert to None, bool, int, float, str, bytes, list and dict: the form inside dataclasses and JSON."""
        from plait_core.types.plain_literals import plain_of

        return plain_of(self.to_literal(value, python_type, context))

    def unpack(self, plain: Plain, python_type: Any, context: ConversionContext) -> T:
        """Convert back what ``pack`` made."""
        from plait_core.types.plain_literals import literal_from

        return self.to_python(literal_from(plain, self.literal_type(python_type)), python_type, context)

    def json_schema(self, python_type: Any) -> Json:
        """Describe the packed form as JSON schema; ``{}`` allows anything."""
        return self.literal_type(python_type).metadata or {}

    def parse(self, text: str, python_type: Any) -> T:
        """Read what people type; raise ``UnreadableText``. JSON of the packed form unless overridden."""
        return self.unpack(load_plain(text, type_name(python_type)), python_type, DETACHED)

    def render(self, value: T, python_type: Any) -> str:
        """Write a value for people, so that ``parse`` can read it where possible."""
        return repr(value)

    def guess(self, literal_type: LiteralType) -> Any | None:
        """Return a Python type for a literal type from elsewhere, or ``None`` if it is not of this family."""
        return None

    def compile(self, python_type: Any, types: Types) -> Converter:
        """Bind everything above to one Python type. Override to ask *types* for the converters of type arguments."""
        literal_type = self.literal_type(python_type)

        def to_python(literal: Literal, context: ConversionContext) -> T:
            if _is_foreign(literal, literal_type):
                name = type_name(python_type)
                found: T = read_otherwise(literal, context, to_python=to_python, unpack=unpack, name=name)
                return found
            return self.to_python(literal, python_type, context)

        def unpack(plain: Plain, context: ConversionContext) -> T:
            return self.unpack(plain, python_type, context)

        return Converter(
            python_type=python_type,
            literal_type=literal_type,
            tag=self.name,
            to_literal=lambda value, context: self.to_literal(value, python_type, context),
            to_python=to_python,
            pack=lambda value, context: self.pack(value, python_type, context),
            unpack=unpack,
            plain_kinds=self.plain_kinds,
            json_schema=lambda: self.json_schema(python_type),
            parse=lambda text: self.parse(text, python_type),
            render=lambda value: self.render(value, python_type),
        )


def _is_foreign(literal: Literal, expected: LiteralType) -> bool:
    """Whether a literal is wrapped, offloaded, or a plain form of a type that is not written as one."""
    match literal.value:
        case UnionValue() | Offloaded():
            return True
        case Binary() | JsonValue():
            return expected.type is not SimpleType.STRUCT and expected.type is not SimpleType.BINARY
    return False
