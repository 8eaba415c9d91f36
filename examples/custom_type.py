"""
A type of your own: a transformer says how its values travel.

    plait run examples/custom_type.py wf --colour '#204060'

A plugin offers a transformer to everybody by ``plait_type_transformers``; ``Annotated`` uses one right here.
"""

from typing import Annotated, Any

from plait import task, workflow
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import STRING, LiteralType, SimpleType
from plait_core.types import ConversionContext, TypeTransformer


class Rgb:
    """A colour from a library that has never heard of plait."""

    def __init__(self, red: int, green: int, blue: int) -> None:
        self.channels = red, green, blue

    def __repr__(self) -> str:
        return "#{:02x}{:02x}{:02x}".format(*self.channels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rgb) and other.channels == self.channels

    def __hash__(self) -> int:
        return hash(self.channels)


class RgbTransformer(TypeTransformer[Rgb]):
    """Colours are strings to everybody else."""

    name = "rgb"
    python_type = Rgb

    def literal_type(self, python_type: Any) -> LiteralType:
        return STRING

    def to_literal(self, value: Rgb, python_type: Any, context: ConversionContext) -> Literal:
        return Literal(value=Primitive(kind=SimpleType.STRING, value=repr(value)))

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Rgb:
        assert isinstance(literal.value, Primitive)
        return self.parse(str(literal.value.value), python_type)

    def parse(self, text: str, python_type: Any) -> Rgb:
        """Read what people type."""
        return Rgb(*bytes.fromhex(text.removeprefix("#")))


Colour = Annotated[Rgb, RgbTransformer()]


@task
def invert(colour: Colour) -> Colour:
    """Return the opposite colour."""
    return Rgb(*(255 - channel for channel in colour.channels))


@workflow
def wf(colour: Colour = Rgb(255, 128, 0)) -> Colour:  # noqa: B008  # a constant
    """Invert a colour."""
    return invert(colour=colour)
