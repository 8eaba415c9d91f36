"""
Branches: their shape, and conditions between scalars that can be compared.

Numbers compare with numbers, everything else with its own kind; booleans and ``None`` know only ``==`` and ``!=``. An
optional may be ordered, because an arm before may have dealt with its ``None``.
"""

from collections.abc import Iterator

from plait_core.compiler.linking import operands
from plait_core.compiler.scopes import Scope, promise_text
from plait_core.compiler.values import own_type, value_text
from plait_core.compiler.wording import type_text
from plait_core.errors.compiling import Fault
from plait_core.ir.types import EnumType, LiteralType, SimpleType, UnionType
from plait_core.ir.workflows import Branch, Combine, Compare, Comparison, Condition, Const, Node, Promise

_EQUALITY = {Comparison.EQ, Comparison.NE}
_KINDS = {
    SimpleType.NONE: "None",
    SimpleType.INTEGER: "number",
    SimpleType.FLOAT: "number",
    SimpleType.STRING: "text",
    SimpleType.BOOLEAN: "truth",
    SimpleType.DATETIME: "datetime",
    SimpleType.DURATION: "timedelta",
}
_ORDERED = {"number", "text", "datetime", "timedelta"}


def branch_faults(scope: Scope, node: Node, branch: Branch) -> Iterator[Fault]:
    """Yield what is wrong with the shape of *branch* and with its conditions; its arms are not looked into."""
    if not branch.arms:
        yield scope.fault("no-arms", "the conditional has no condition", "begin it with if_(…).then(…)", node)
    if branch.otherwise is None and not branch.error:
        message = "the conditional says nothing for the case that no condition holds"
        yield scope.fault("missing-else", message, "end it with else_().then(…) or else_().fail('…')", node)
    for arm in branch.arms:
        for comparison in _comparisons(arm.condition):
            yield from _comparison_faults(scope, node, comparison)


def _comparisons(condition: Condition) -> Iterator[Compare]:
    if isinstance(condition, Combine):
        yield from _comparisons(condition.left)
        yield from _comparisons(condition.right)
    else:
        yield condition


def _comparison_faults(scope: Scope, node: Node, comparison: Compare) -> Iterator[Fault]:
    types: list[LiteralType | None] = []
    for operand in operands(comparison):
        found = _operand_type(scope, node, operand)
        if isinstance(found, Fault):
            yield found
            return
        types.append(found)
    left, right = types
    if left is None or right is None:
        return
    if problem := _incomparable(left, right, comparison.operator):
        others = [operand.node for operand in operands(comparison) if isinstance(operand, Promise)]
        text = f"{_operand_text(comparison.left)} {comparison.operator.value} {_operand_text(comparison.right)}"
        message = f"the condition {text} cannot be judged: {problem}"
        yield scope.fault(
            "bad-condition", message, "compare scalars of one kind, or compute a bool in a task", node, *others
        )


def _incomparable(left: LiteralType, right: LiteralType, operator: Comparison) -> str | None:
    kinds = _kinds(left), _kinds(right)
    for type_, kind in zip((left, right), kinds, strict=True):
        if not kind:
            return f"{type_text(type_)} is not a scalar"
    if operator in _EQUALITY:
        return None if kinds[0] & kinds[1] else f"{type_text(left)} never equals {type_text(right)}"
    ordered = kinds[0] - {"None"}, kinds[1] - {"None"}
    if ordered[0] != ordered[1] or len(ordered[0]) != 1 or not ordered[0] <= _ORDERED:
        return f"{type_text(left)} and {type_text(right)} have no order"
    return None


def _kinds(type_: LiteralType) -> set[str]:
    """The kinds of scalar that a value of *type_* may be; empty when it may be something else."""
    match type_.type:
        case SimpleType() as simple:
            return {_KINDS[simple]} if simple in _KINDS else set()
        case EnumType():
            return {"text"}
        case UnionType(variants=variants):
            each = [_kinds(variant) for variant in variants]
            return set.union(*each) if all(each) else set()
    return set()


def _operand_type(scope: Scope, node: Node, operand: Promise | Const) -> LiteralType | Fault | None:
    if isinstance(operand, Promise):
        return scope.resolve(operand, "the condition", node)
    if type_ := own_type(operand.value):
        return type_
    message = f"the condition compares {value_text(operand.value)}, which is not a scalar"
    return scope.fault("bad-condition", message, "compare scalars of one kind, or compute a bool in a task", node)


def _operand_text(operand: Promise | Const) -> str:
    return promise_text(operand) if isinstance(operand, Promise) else value_text(operand.value)
