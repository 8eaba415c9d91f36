"""
A closure as a drawing, in the languages of Mermaid and of Graphviz (DOT), for ``plait graph``.

Boxes hold boxes: a sub-workflow, the arms of a branch, the workflow behind a launch plan. Edges are drawn where values
flow between nodes of one workflow, dashed where a node merely waits for another or a condition reads it.
"""

from collections.abc import Iterator

import attrs

from plait_core.compiler.graphs import condition_text, node_text, opened_workflow
from plait_core.compiler.linking import operands, promises
from plait_core.compiler.wording import entity_text, type_text
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.workflows import Branch, Node, Promise, WorkflowTemplate

_ROOT = "w"
_OUTPUTS = "out"
_MERMAID_CODES = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}


@attrs.frozen
class _Box:
    """A node of the drawing; ``key`` is unique in it. ``caption`` is what leads to the box: a condition, or nothing."""

    key: str
    label: str
    boxes: "list[_Box]"
    edges: "list[_Edge]"
    caption: str = ""


@attrs.frozen
class _Edge:
    source: str
    target: str
    label: str = ""
    is_dashed: bool = False


def render_mermaid(closure: Closure) -> str:
    """Draw *closure* as a Mermaid flowchart."""
    return "\n".join(["flowchart TD", *_mermaid(_outermost(closure), "  ")]) + "\n"


def render_dot(closure: Closure) -> str:
    """Draw *closure* as a Graphviz digraph."""
    body = "\n".join(_dot(_outermost(closure), "  "))
    return f'digraph "{_dot_text(closure.main.name)}" {{\n  node [shape=box];\n{body}\n}}\n'


def _outermost(closure: Closure) -> _Box:
    workflow = closure.workflow_by_id.get(closure.main)
    if workflow is None:
        return _Box("", "", [_Box("main", entity_text(closure.main), [], [])], [])
    inputs = [
        _Box(_key("in", variable.name), f"{variable.name}: {type_text(variable.type)}", [], [])
        for variable in workflow.interface.inputs
    ]
    inner = _workflow_box(closure, workflow, _ROOT, ())
    outputs = [_Box(_OUTPUTS, "outputs", [], [])] if workflow.outputs else []
    edges = [
        _Edge(_source(_ROOT, promise), _OUTPUTS, binding.var)
        for binding in workflow.outputs
        for promise in promises(binding.data)
    ]
    return _Box("", "", [*inputs, *inner.boxes, *outputs], [*inner.edges, *edges])


def _workflow_box(closure: Closure, workflow: WorkflowTemplate, scope: str, within: tuple[EntityId, ...]) -> _Box:
    """A box without a label, that holds the nodes of *workflow*, whose keys begin with *scope*, and their edges."""
    inside = (*within, workflow.id)
    nodes = [_node_box(closure, node, scope, scope, inside) for node in workflow.nodes]
    if workflow.failure_node:
        failure = _node_box(closure, workflow.failure_node, scope, scope, inside)
        nodes.append(attrs.evolve(failure, caption="on failure"))
    edges = [edge for node in workflow.nodes for edge in _edges(node, scope, scope)]
    return _Box("", "", nodes, edges)


def _node_box(closure: Closure, node: Node, prefix: str, scope: str, within: tuple[EntityId, ...]) -> _Box:
    """The box of *node*, whose bindings resolve in *scope* and whose key begins with *prefix*."""
    key, label = _key(prefix, node.id), f"{node.id}: {node_text(node)}"
    if isinstance(node.target, Branch):
        arms = [
            attrs.evolve(_node_box(closure, inner, key, scope, within), caption=caption)
            for caption, inner in _captioned(node.target)
        ]
        return _Box(key, label, arms, [])
    workflow = opened_workflow(closure, node)
    if workflow is None or workflow.id in within:
        return _Box(key, label, [], [])
    return attrs.evolve(_workflow_box(closure, workflow, key, within), key=key, label=label)


def _edges(node: Node, prefix: str, scope: str) -> Iterator[_Edge]:
    key = _key(prefix, node.id)
    for binding in node.inputs:
        for promise in promises(binding.data):
            if promise.node or scope == _ROOT:
                yield _Edge(_source(scope, promise), key, binding.var)
    for above in node.upstream:
        yield _Edge(_key(scope, above), key, is_dashed=True)
    if isinstance(node.target, Branch):
        read = dict.fromkeys(operand for arm in node.target.arms for operand in operands(arm.condition))
        for operand in read:
            if isinstance(operand, Promise) and (operand.node or scope == _ROOT):
                yield _Edge(_source(scope, operand), key, operand.var, is_dashed=True)
        for _, inner in _captioned(node.target):
            yield from _edges(inner, key, scope)


def _captioned(branch: Branch) -> Iterator[tuple[str, Node]]:
    for arm in branch.arms:
        yield f"if {condition_text(arm.condition)}", arm.node
    if branch.otherwise:
        yield "else", branch.otherwise


def _source(scope: str, promise: Promise) -> str:
    return _key(scope, promise.node) if promise.node else _key("in", promise.var)


def _key(scope: str, name: str) -> str:
    """A name that is no keyword of either language, and differs wherever *scope* or *name* do."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else f"_{ord(letter):x}_" for letter in name)
    return f"{scope}__{plain}"


def _mermaid(box: _Box, indent: str) -> Iterator[str]:
    for inner in box.boxes:
        label = _mermaid_text(_titled(inner))
        if inner.boxes:
            yield f'{indent}subgraph {inner.key}["{label}"]'
            yield from _mermaid(inner, indent + "  ")
            yield f"{indent}end"
        else:
            yield f'{indent}{inner.key}["{label}"]'
    for edge in box.edges:
        arrow = "-.->" if edge.is_dashed else "-->"
        label = f'|"{_mermaid_text(edge.label)}"|' if edge.label else ""
        yield f"{indent}{edge.source} {arrow}{label} {edge.target}"


def _dot(box: _Box, indent: str) -> Iterator[str]:
    """An edge cannot end at a cluster, so a box with boxes is a node of its own inside its cluster."""
    for inner in box.boxes:
        if inner.boxes:
            yield f"{indent}subgraph cluster_{inner.key} {{"
            yield f'{indent}  {inner.key} [label="{_dot_text(_titled(inner))}", shape=plaintext];'
            yield from _dot(inner, indent + "  ")
            yield f"{indent}}}"
        else:
            yield f'{indent}{inner.key} [label="{_dot_text(_titled(inner))}"];'
    for edge in box.edges:
        style = ", style=dashed" if edge.is_dashed else ""
        yield f'{indent}{edge.source} -> {edge.target} [label="{_dot_text(edge.label)}"{style}];'


def _titled(box: _Box) -> str:
    return f"{box.caption} · {box.label}" if box.caption else box.label


def _mermaid_text(text: str) -> str:
    """Replace what Mermaid would read by its entity codes, which are those of HTML with ``#`` in place of ``&``."""
    return "".join(_MERMAID_CODES.get(letter, letter) for letter in text)


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
