"""
Making literals of primitives, as fast as Python allows.

A literal of a scalar is made for every element of every list, so it bypasses the generated ``__init__`` of the frozen IR classes
and fills their slots directly: half the time, and the same objects.
"""

from collections.abc import Callable
from typing import Any

from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType

_new = object.__new__
_slots: Any = vars(Literal)
_set_value, _set_hash, _set_metadata = (_slots[name].__set__ for name in ("value", "hash", "metadata"))
_primitive_slots: Any = vars(Primitive)
_set_kind, _set_atom = (_primitive_slots[name].__set__ for name in ("kind", "value"))


def primitive_maker(kind: SimpleType) -> Callable[[Any], Literal]:
    """Return the function that makes literals of *kind*; it trusts its argument."""

    def primitive(atom: Any) -> Literal:
        inner = _new(Primitive)
        _set_kind(inner, kind)
        _set_atom(inner, atom)
        literal = _new(Literal)
        _set_value(literal, inner)
        _set_hash(literal, None)
        _set_metadata(literal, None)
        return literal

    return primitive


def literal_of(variant: Any) -> Literal:
    """Make the literal that holds *variant*, without hash or metadata."""
    literal = _new(Literal)
    _set_value(literal, variant)
    _set_hash(literal, None)
    _set_metadata(literal, None)
    return literal
