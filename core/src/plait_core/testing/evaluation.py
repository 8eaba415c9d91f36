"""
The oracle: what an arithmetic closure comes to when it is evaluated one node after the other.

It knows no schedule, no attempts in parallel, no cache and no failure policy, because none of them may change what comes
out. Simulations of the engine compare with it.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from math import ceil

import attrs

from plait_core.compiler.linking import link
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.literals import NOTHING, Collection, Literal, LiteralMap, Primitive
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import RetryPolicy
from plait_core.ir.types import SimpleType
from plait_core.ir.workflows import (
    WORKFLOW_INPUT,
    Approve,
    Array,
    BindingCollection,
    BindingData,
    BindingMap,
    Branch,
    Combine,
    Comparison,
    Condition,
    Conjunction,
    Const,
    Gate,
    Node,
    Promise,
    WaitForInput,
    WorkflowTemplate,
)
from plait_core.testing.arithmetic import literal_of, perform, value_of

YES, NO = (Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=value)) for value in (True, False))


@attrs.frozen(kw_only=True)
class Expected:
    """How an execution ends: SUCCEEDED with outputs, or FAILED; which node fails first is left to the schedule."""

    phase: ExecutionPhase
    outputs: LiteralMap | None = None


def expected(closure: Closure, inputs: LiteralMap) -> Expected:
    """Evaluate the workflow that *closure* is for."""
    try:
        outputs = _Evaluation(closure).workflow(closure.workflow_by_id[closure.main], inputs)
    except _Failed:
        return Expected(phase=ExecutionPhase.FAILED)
    return Expected(phase=ExecutionPhase.SUCCEEDED, outputs=outputs)


def signal_value(signal_id: str) -> Literal | None:
    """Say what people answer: ``approve-1``, ``reject-2`` and ``ignore-3`` say it themselves, ``give-17`` gives 17."""
    verb, _, number = signal_id.partition("-")
    if verb == "ignore":
        return None
    if verb == "give":
        return literal_of(int(number))
    return YES if verb == "approve" else NO


class _Failed(Exception):  # an outcome, not an error of ours
    """A node failed for good."""


_Values = dict[NodeId, LiteralMap]

_OPERATORS: Mapping[Comparison, Callable[[int, int], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
}


class _Evaluation:
    """Evaluates entities of one closure; failure handlers are left out, as they change no outcome."""

    def __init__(self, closure: Closure) -> None:
        self._closure = closure

    def workflow(self, template: WorkflowTemplate, inputs: LiteralMap) -> LiteralMap:
        linked = link(template)
        values: _Values = {WORKFLOW_INPUT: inputs}
        for id_ in linked.order:
            values[id_] = self._node(linked.node_by_id[id_], values)
        return {binding.var: _resolve(binding.data, values) for binding in template.outputs}

    def _node(self, node: Node, values: _Values) -> LiteralMap:
        inputs = {binding.var: _resolve(binding.data, values) for binding in node.inputs}
        match node.target:
            case Branch() as branch:
                return self._node(_taken(branch, values), values)
            case Gate(condition=Approve(signal_id=signal_id)):
                if signal_value(signal_id) != YES:
                    raise _Failed
                return inputs
            case Gate(condition=WaitForInput(signal_id=signal_id, output_var=var)):
                return {var: signal_value(signal_id) or NOTHING}
            case Gate():
                return {}
            case Array() as array:
                return self._array(array, inputs, node.metadata.retry)
            case target:
                return self._run(target.id, inputs, node.metadata.retry)

    def _run(self, id_: EntityId, inputs: LiteralMap, retry: RetryPolicy | None) -> LiteralMap:
        match id_.kind:
            case EntityKind.TASK:
                return self._task(id_, inputs, retry)
            case EntityKind.WORKFLOW:
                return self.workflow(self._closure.workflow_by_id[id_], inputs)
            case EntityKind.LAUNCH_PLAN:
                plan = self._closure.launch_plan_by_id[id_]
                defaults = {p.variable.name: p.default for p in plan.parameters if p.default is not None}
                return self.workflow(
                    self._closure.workflow_by_id[plan.workflow], {**defaults, **inputs, **plan.fixed_inputs}
                )

    def _task(self, id_: EntityId, inputs: LiteralMap, retry: RetryPolicy | None) -> LiteralMap:
        template = self._closure.task_by_id[id_]
        for n in range((retry or template.metadata.retry).retries + 1):
            result = perform(template, inputs, n)
            if result.outputs is not None:
                return result.outputs
            if result.fragment is not None:
                return _Evaluation(result.fragment).workflow(result.fragment.workflow_by_id[result.fragment.main], {})
            if result.error and not result.error.is_recoverable:
                break
        raise _Failed

    def _array(self, array: Array, inputs: LiteralMap, retry: RetryPolicy | None) -> LiteralMap:
        bound = {name: value for name, value in inputs.items() if name in array.bound_inputs}
        lists = {name: _items(value) for name, value in inputs.items() if name not in array.bound_inputs}
        size = len(next(iter(lists.values())))
        outputs: list[Literal] = []
        n_succeeded = 0
        for i in range(size):
            try:
                element = self._run(
                    array.target.id, {**bound, **{name: items[i] for name, items in lists.items()}}, retry
                )
            except _Failed:
                outputs.append(NOTHING)
            else:
                n_succeeded += 1
                outputs.append(element["o0"])
        ratio = 1.0 if array.min_success_ratio is None else array.min_success_ratio
        if n_succeeded < (ceil(ratio * size) if array.min_successes is None else array.min_successes):
            raise _Failed
        return {"o0": Literal(value=Collection(literals=tuple(outputs)))}


def _taken(branch: Branch, values: _Values) -> Node:
    for arm in branch.arms:
        if _holds(arm.condition, values):
            return arm.node
    if branch.otherwise is None:
        raise _Failed
    return branch.otherwise


def _holds(condition: Condition, values: _Values) -> bool:
    if isinstance(condition, Combine):
        both = _holds(condition.left, values), _holds(condition.right, values)
        return all(both) if condition.operator is Conjunction.AND else any(both)
    left, right = (value_of(_resolve(operand, values)) for operand in (condition.left, condition.right))
    assert isinstance(left, int)
    assert isinstance(right, int)
    return _OPERATORS[condition.operator](left, right)


def _resolve(data: BindingData, values: _Values) -> Literal:
    match data:
        case Promise(node=node, var=var, path=path):
            literal = values[node][var]
            for step in path:
                literal = _items(literal)[int(step)]
            return literal
        case Const(value=value):
            return value
        case BindingCollection(items=items):
            return Literal(value=Collection(literals=tuple(_resolve(item, values) for item in items)))
        case BindingMap():
            raise AssertionError("arithmetic has no mappings")


def _items(literal: Literal) -> Sequence[Literal]:
    assert isinstance(literal.value, Collection)
    return literal.value.literals
