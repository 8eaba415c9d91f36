"""
A closure as a tree of text, for ``plait graph`` and for messages.

One line per node with what each input is bound to; sub-workflows, the arms of branches and the workflows behind launch
plans hang below the node that runs them, a workflow inside itself only by its name. The closure need not be sound. The
phrases for nodes, bindings and conditions serve the drawings too.
"""

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from plait_core.compiler.paths import path_text
from plait_core.compiler.values import value_text
from plait_core.compiler.wording import entity_text, type_text
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.workflows import (
    Approve,
    Array,
    BindingCollection,
    BindingData,
    BindingMap,
    Branch,
    Combine,
    Condition,
    Const,
    Gate,
    LaunchPlanRef,
    Node,
    Promise,
    Sleep,
    SubWorkflowRef,
    TaskRef,
    WaitForInput,
    WorkflowTemplate,
)

_Tree: TypeAlias = tuple[str, "list[_Tree]"]
"""A line and what hangs below it."""


def render_text(closure: Closure) -> str:
    """Draw *closure* as an indented tree, one line per node."""
    workflow = closure.workflow_by_id.get(closure.main)
    if workflow is None:
        interface = (
            closure.task_by_id[closure.main].interface if closure.main in closure.task_by_id else TypedInterface()
        )
        return f"{entity_text(closure.main)}{signature_text(interface)}\n"
    heading = f"{entity_text(closure.main)}{signature_text(workflow.interface)}"
    return "\n".join([heading, *_drawn(_workflow_trees(closure, workflow, ()))]) + "\n"


def node_text(node: Node) -> str:
    """Say in a few words what *node* does."""
    match node.target:
        case TaskRef(id=id_) | SubWorkflowRef(id=id_) | LaunchPlanRef(id=id_):
            return entity_text(id_)
        case Array(target=target):
            return f"map over {entity_text(target.id)}"
        case Branch():
            return "branch"
        case Gate(condition=Approve(signal_id=signal_id)):
            return f"approve {signal_id}"
        case Gate(condition=WaitForInput(signal_id=signal_id, type=type_)):
            return f"wait for {signal_id}: {type_text(type_)}"
        case Gate(condition=Sleep(duration_ns=duration)):
            return f"sleep {duration / 1e9:g} s"
    raise AssertionError(node)


def data_text(data: BindingData) -> str:
    """Render where a value comes from: ``n0.o0``, ``x``, ``[n0.o0, 3]``."""
    match data:
        case Promise(node=node, var=var, path=path):
            return (f"{node}.{var}" if node else var) + path_text(path)[1:]
        case Const(value=value):
            return value_text(value)
        case BindingCollection(items=items):
            return f"[{', '.join(map(data_text, items))}]"
        case BindingMap(items=pairs):
            return f"{{{', '.join(f'{key}: {data_text(item)}' for key, item in pairs)}}}"
        case _ as never:
            assert_never(never)


def condition_text(condition: Condition) -> str:
    """Render *condition* as Python would have it."""
    if not isinstance(condition, Combine):
        return f"{data_text(condition.left)} {condition.operator.value} {data_text(condition.right)}"
    sides = (
        f"({condition_text(c)})" if isinstance(c, Combine) else condition_text(c)
        for c in (condition.left, condition.right)
    )
    return f" {condition.operator.value} ".join(sides)


def opened_workflow(closure: Closure, node: Node) -> WorkflowTemplate | None:
    """Find the workflow that *node* runs, directly or through a launch plan; ``None`` for other nodes or if it is absent."""
    target = node.target.target if isinstance(node.target, Array) else node.target
    match target:
        case SubWorkflowRef(id=id_):
            return closure.workflow_by_id.get(id_)
        case LaunchPlanRef(id=id_):
            plan = closure.launch_plan_by_id.get(id_)
            return closure.workflow_by_id.get(plan.workflow) if plan else None
    return None


def signature_text(interface: TypedInterface) -> str:
    """Render *interface* like the signature of a function."""

    def listed(variables: tuple[Variable, ...]) -> str:
        return ", ".join(f"{variable.name}: {type_text(variable.type)}" for variable in variables)

    returned = f" -> {listed(interface.outputs)}" if interface.outputs else ""
    return f"({listed(interface.inputs)}){returned}"


def _workflow_trees(closure: Closure, workflow: WorkflowTemplate, within: tuple[EntityId, ...]) -> list[_Tree]:
    if workflow.id in within:
        return [("… as above", [])]
    inside = (*within, workflow.id)
    trees = [_node_tree(closure, node, inside) for node in workflow.nodes]
    trees += [(f"→ {binding.var} ← {data_text(binding.data)}", []) for binding in workflow.outputs]
    if workflow.failure_node:
        trees.append(("on failure", [_node_tree(closure, workflow.failure_node, inside)]))
    return trees


def _node_tree(closure: Closure, node: Node, within: tuple[EntityId, ...]) -> _Tree:
    inputs = [f"{binding.var} ← {data_text(binding.data)}" for binding in node.inputs]
    after = [f"after {', '.join(node.upstream)}"] if node.upstream else []
    details = ", ".join([*inputs, *after])
    line = f"{node.id}  {node_text(node)}" + (f"  ({details})" if details else "")
    if isinstance(node.target, Branch):
        return line, list(_arm_trees(closure, node.target, within))
    workflow = opened_workflow(closure, node)
    return line, _workflow_trees(closure, workflow, within) if workflow else []


def _arm_trees(closure: Closure, branch: Branch, within: tuple[EntityId, ...]) -> Iterator[_Tree]:
    for arm in branch.arms:
        yield f"if {condition_text(arm.condition)}", [_node_tree(closure, arm.node, within)]
    if branch.otherwise:
        yield "else", [_node_tree(closure, branch.otherwise, within)]
    else:
        yield f"else fail: {branch.error}", []


def _drawn(trees: list[_Tree], indent: str = "") -> Iterator[str]:
    for n, (line, below) in enumerate(trees, start=1):
        is_last = n == len(trees)
        yield f"{indent}{'└─' if is_last else '├─'} {line}"
        yield from _drawn(below, indent + ("   " if is_last else "│  "))
