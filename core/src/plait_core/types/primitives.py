"""
Making literals of primitives, as fast as Python allows.

A literal of a scalar is made for every element of every list, so it bypasses the generated ``__init__`` of the frozen IR classes
and fills their slots directly: the same objects in half the time.
"""

from collections.abc import Callable
from typing import Any

from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.types.contexts import ConversionContext

_new = object.__new__
_set_value, _set_hash, _set_metadata = (vars(Literal)[name].__set__ for name in ("value", "hash", "metadata"))
_set_kind, _set_atom = (vars(Primitive)[name].__set__ for name in ("kind", "value"))


def primitive_writer(
    kind: SimpleType, accept: Callable[[Any, ConversionContext], Any]
) -> Callable[[Any, ConversionContext], Literal]:
    """Return the ``to_literal`` of a type whose values, once *accept* has seen them, are primitives of *kind*."""

    def to_literal(value: Any, context: ConversionContext) -> Literal:
        atom = accept(value, context)
        primitive = _new(Primitive)
        _set_kind(primitive, kind)
        _set_atom(primitive, atom)
        literal = _new(Literal)
        _set_value(literal, primitive)
        _set_hash(literal, None)
        _set_metadata(literal, None)
        return literal

    return to_literal


def literal_of(variant: Any) -> Literal:
    """Make the literal that holds *variant*, without hash or metadata."""
    literal = _new(Literal)
    _set_value(literal, variant)
    _set_hash(literal, None)
    _set_metadata(literal, None)
    return literal
