"""
Conditions of branches, judged on literals.

Operands are scalars of one primitive type; booleans and ``None`` compare only for equality. Both sides of a
conjunction may be skipped, as they have no effects.
"""

import operator
from collections.abc import Callable
from typing import Any

from plait_core.engine._bindings import Loaded, Source, Unread, resolve
from plait_core.ir.literals import Literal, NoneValue, Offloaded, Primitive, UnionValue
from plait_core.ir.workflows import Branch, Combine, Comparison, Condition, Conjunction, Const, Promise

_OPERATORS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
}


class Incomparable(Exception):  # carried to the user inside a TaskError
    """Two operands cannot be compared; the text says which."""


def arm_taken(branch: Branch, source: Source, loaded: Loaded) -> int:
    """
    Return the index of the first arm that holds, ``len(arms)`` for the else node, -1 when nothing holds.

    Raises ``Incomparable``, and what resolving an operand raises.
    """
    for index, arm in enumerate(branch.arms):
        if holds(arm.condition, source, loaded):
            return index
    return len(branch.arms) if branch.otherwise is not None else -1


def holds(condition: Condition, source: Source, loaded: Loaded) -> bool:
    """Judge one condition."""
    if isinstance(condition, Combine):
        left = holds(condition.left, source, loaded)
        if left == (condition.operator is Conjunction.OR):
            return left
        return holds(condition.right, source, loaded)
    left_value = _operand(condition.left, source, loaded)
    right_value = _operand(condition.right, source, loaded)
    if condition.operator in (Comparison.EQ, Comparison.NE):
        same = type(left_value) is type(right_value) or {type(left_value), type(right_value)} == {int, float}
        return (same and left_value == right_value) == (condition.operator is Comparison.EQ)
    if isinstance(left_value, bool) or isinstance(right_value, bool) or left_value is None or right_value is None:
        message = f"{left_value!r} {condition.operator.value} {right_value!r}: only == and != are defined here"
        raise Incomparable(message)
    try:
        return _OPERATORS[condition.operator](left_value, right_value)
    except TypeError as error:
        raise Incomparable(str(error)) from error


def _operand(data: Promise | Const, source: Source, loaded: Loaded) -> Any:
    literal = resolve(data, source, loaded)
    value = literal.value
    if isinstance(value, Offloaded):
        found = loaded.get((value.uri, ()))
        if found is None:
            raise Unread(value.uri, ())
        value = found.value
    return _scalar(value)


def _scalar(value: Any) -> Any:
    while isinstance(value, UnionValue):
        value = value.value.value
    if isinstance(value, NoneValue):
        return None
    if isinstance(value, Primitive):
        return value.value
    message = f"a {type(value).__name__} is not a scalar, and conditions compare scalars only"
    raise Incomparable(message)


def literal_scalar(literal: Literal) -> Any:
    """Return the Python value of a scalar literal; raises ``Incomparable`` for anything else."""
    return _scalar(literal.value)
