"""
Conditions: what comparing promises makes, for ``conditional(...).if_(...)``.

A condition never computes anything here; it becomes a tree in the workflow and is evaluated by the engine.
"""

from abc import abstractmethod
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, NoReturn, TypeAlias

from plait_core.authoring import sources
from plait_core.authoring.durations import nanoseconds
from plait_core.errors.authoring import PromiseMisuse
from plait_core.ir.literals import NOTHING, Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.ir.workflows import Combine, Compare, Comparison, Condition, Conjunction, Const, Promise

Operand: TypeAlias = Callable[[Any], Promise | Const]
"""Turns an operand as the user wrote it into its form in the IR."""

_KINDS: dict[type, SimpleType] = {
    bool: SimpleType.BOOLEAN,
    int: SimpleType.INTEGER,
    float: SimpleType.FLOAT,
    str: SimpleType.STRING,
}


class Expression:
    """A comparison, or two expressions joined by ``&`` or ``|``."""

    __slots__ = ()

    @abstractmethod
    def build(self, operand: Operand) -> Condition:
        """Make the tree, reading operands through *operand*."""

    def __and__(self, other: object) -> "Expression":
        return Joined(self, Conjunction.AND, _expression(other, "&"))

    def __or__(self, other: object) -> "Expression":
        return Joined(self, Conjunction.OR, _expression(other, "|"))

    def __bool__(self) -> NoReturn:
        raise misuse("a condition", "a truth test", _COMBINE)


class Compared(Expression):
    """Two operands and an operator."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, left: object, operator: Comparison, right: object) -> None:
        self.left, self.operator, self.right = left, operator, right

    def build(self, operand: Operand) -> Condition:
        return Compare(left=operand(self.left), operator=self.operator, right=operand(self.right))


class Joined(Expression):
    """Two expressions and how they combine."""

    __slots__ = ("conjunction", "left", "right")

    def __init__(self, left: Expression, conjunction: Conjunction, right: Expression) -> None:
        self.left, self.conjunction, self.right = left, conjunction, right

    def build(self, operand: Operand) -> Condition:
        return Combine(left=self.left.build(operand), operator=self.conjunction, right=self.right.build(operand))


def constant(value: object) -> Const:
    """Make a constant operand of *value*: a scalar, an enum member or None."""
    match value:
        case None:
            return Const(value=NOTHING)
        case Enum():
            return constant(value.value)
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return _primitive(SimpleType.DATETIME, nanoseconds(aware - _EPOCH))
        case date():
            return constant(datetime(value.year, value.month, value.day, tzinfo=UTC))
        case timedelta():
            return _primitive(SimpleType.DURATION, nanoseconds(value))
        case bool() | int() | float() | str():
            return _primitive(_KINDS[type(value)], value)
    raise misuse(f"a {type(value).__name__}", "comparing it with a promise", _SCALARS)


def misuse(subject: str, operation: str, instead: str) -> PromiseMisuse:
    """Make the error that says what to write instead, naming the user's line."""
    where = sources.line_of(sources.here())
    return PromiseMisuse(promise=subject, operation=operation, instead=instead, file=where.file, line=where.line)


_COMBINE = (
    "hand it to conditional(...).if_(...) instead of `if`; instead of `and` and `or` write `(a > 1) & (b == 2)`, or `|`"
)
_SCALARS = "compare numbers, strings, booleans, datetimes, durations, enum members or None; compare anything else inside a task"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _expression(value: object, operator: str) -> Expression:
    if isinstance(value, Expression):
        return value
    raise misuse(
        f"a {type(value).__name__}", f"`{operator}` beside a condition", "compare first, as in `(a > 1) & (b == True)`"
    )


def _primitive(kind: SimpleType, value: float | str | bool) -> Const:
    return Const(value=Literal(value=Primitive(kind=kind, value=value)))
