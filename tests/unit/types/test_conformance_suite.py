"""
The conformance suite of type transformers catches what it is there to catch.
"""

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from plait_core.ir.literals import NOTHING, Literal, Primitive
from plait_core.ir.types import INTEGER, LiteralType, SimpleType
from plait_core.testing.transformers import TypeTransformerConformance
from plait_core.types import ConversionContext, TypeTransformer
from plait_core.types.converters import Plain, wrong_value


class Metres:
    def __init__(self, n: int) -> None:
        self.n = n

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Metres) and other.n == self.n

    __hash__ = None  # type: ignore[assignment]  # mutable


class MetresTransformer(TypeTransformer[Metres]):
    name = "metres"
    python_type: ClassVar[Any] = Metres

    def literal_type(self, python_type: Any) -> LiteralType:
        return INTEGER

    def to_literal(self, value: Metres, python_type: Any, context: ConversionContext) -> Literal:
        if not isinstance(value, Metres):
            raise wrong_value(value, "Metres")
        return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value.n))

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Metres:
        assert isinstance(literal.value, Primitive)
        return Metres(int(literal.value.value))


class TestMetres(TypeTransformerConformance):
    def make(self) -> TypeTransformer[Any]:
        return MetresTransformer()

    def values(self) -> Sequence[tuple[Any, Any]]:
        return [(Metres, Metres(0)), (Metres, Metres(7))]

    def refused(self) -> Sequence[tuple[Any, Any]]:
        return [(Metres, 7), (Metres, "7")]


class Lossy(MetresTransformer):
    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Metres:
        return Metres(0)


class TakesAnything(MetresTransformer):
    def to_literal(self, value: Any, python_type: Any, context: ConversionContext) -> Literal:
        return Literal(value=Primitive(kind=SimpleType.INTEGER, value=getattr(value, "n", 0)))


class TakesNone(MetresTransformer):
    def to_literal(self, value: Any, python_type: Any, context: ConversionContext) -> Literal:
        return NOTHING if value is None else super().to_literal(value, python_type, context)


class ChangesTheValue(MetresTransformer):
    def to_literal(self, value: Metres, python_type: Any, context: ConversionContext) -> Literal:
        literal = super().to_literal(value, python_type, context)
        value.n += 1
        return literal


class UnstableType(MetresTransformer):
    counter = itertools.count()

    def literal_type(self, python_type: Any) -> LiteralType:
        return LiteralType(type=SimpleType.INTEGER, metadata={"made": next(self.counter)})


class NotPlain(MetresTransformer):
    def pack(self, value: Metres, python_type: Any, context: ConversionContext) -> Plain:
        return value


class SchemaOfObjects(MetresTransformer):
    def json_schema(self, python_type: Any) -> Any:
        return {"type": Metres}


BROKEN = {
    Lossy: "test_value_survives_its_literal",
    TakesAnything: "test_other_types_are_refused",
    TakesNone: "test_other_types_are_refused",
    ChangesTheValue: "test_conversion_leaves_the_value_alone",
    UnstableType: "test_literal_type_is_stable",
    NotPlain: "test_value_survives_as_a_field",
    SchemaOfObjects: "test_json_schema_is_json",
}


@pytest.mark.parametrize(("broken", "test"), BROKEN.items(), ids=lambda it: getattr(it, "__name__", it))
def test_broken_transformer_is_caught(broken: type[MetresTransformer], test: str) -> None:
    """Each fault fails the test that is named for it."""

    class Suite(TestMetres):
        def make(self) -> TypeTransformer[Any]:
            return broken()

    with pytest.raises((AssertionError, TypeError, ValueError, pytest.fail.Exception)):
        getattr(Suite(), test)()
