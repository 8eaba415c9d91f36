"""
Making literals as fast as Python allows.

One is made for every value that leaves a task, so the generated ``__init__`` of the frozen IR classes is passed by, and their slots
are filled directly: the same objects in half the time.
"""

from collections.abc import Callable
from typing import Any

from plait_core.ir.literals import Literal, primitive_literal
from plait_core.ir.types import SimpleType
from plait_core.types.contexts import ConversionContext

_new = object.__new__
_set_value, _set_hash, _set_metadata = (vars(Literal)[name].__set__ for name in ("value", "hash", "metadata"))


def primitive_writer(
    kind: SimpleType, accept: Callable[[Any, ConversionContext], Any]
) -> Callable[[Any, ConversionContext], Literal]:
    """Return the ``to_literal`` of a type whose values, once *accept* has seen them, are primitives of *kind*."""

    def to_literal(value: Any, context: ConversionContext) -> Literal:
        return primitive_literal(kind, accept(value, context))

    return to_literal


def literal_of(variant: Any) -> Literal:
    """Make the literal that holds *variant*, without hash or metadata."""
    literal = _new(Literal)
    _set_value(literal, variant)
    _set_hash(literal, None)
    _set_metadata(literal, None)
    return literal
