"""
Snapshots: a state as bytes, so that a long log need not be folded from its beginning.

Taken by ``Run`` as the log grows, and read by ``load``, which folds the events that came later. A snapshot is disposable: it says
nothing that the log does not say, and one of another version is left aside. Templates are not in it: a node is found again
by the digest of its closure, the graph it is in and its id there. Reasons: docs/adr/snapshots-spare-the-fold.md.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import attrs

from plait_core.engine import _commands as cmd
from plait_core.engine._commands import TIMER, Command
from plait_core.engine._outputs import Outputs
from plait_core.engine._snapshot_records import (
    VERSION,
    ArrayRecord,
    CommandRecord,
    NodeRecord,
    ScopeRecord,
    StateRecord,
)
from plait_core.engine._state import TOP, ArrayState, ExecutionState, Library, NodeState, Scope
from plait_core.errors.stores import NotReadable
from plait_core.ir.codec import dumps, loads
from plait_core.ir.ids import EntityKind, ExecutionId, NodeId
from plait_core.ir.workflows import Branch, LaunchPlanRef, Node, SubWorkflowRef, TaskRef
from plait_core.ports.databases import Snapshot

_COMMANDS: Mapping[str, type[Command]] = {
    "submit": cmd.Submit,
    "submit_elements": cmd.SubmitElements,
    "cancel": cmd.Cancel,
    "cancel_elements": cmd.CancelElements,
    "load_value": cmd.LoadValue,
    "look_up_reference": cmd.LookUpReference,
    "look_up_cache": cmd.LookUpCache,
    "look_up_elements": cmd.LookUpElements,
    "start_child": cmd.StartChild,
    "abort_child": cmd.AbortChild,
    "wait_until": cmd.WaitUntil,
    "compile_fragment": cmd.CompileFragment,
    "assemble_outputs": cmd.AssembleOutputs,
}
_NAMES = {kind: name for name, kind in _COMMANDS.items()}

_CALLS: Mapping[EntityKind, type[TaskRef | SubWorkflowRef | LaunchPlanRef]] = {
    EntityKind.TASK: TaskRef,
    EntityKind.WORKFLOW: SubWorkflowRef,
    EntityKind.LAUNCH_PLAN: LaunchPlanRef,
}


_CONVERTED: Mapping[type, frozenset[str]] = {
    StateRecord: frozenset({"nodes", "ready", "ready_tasks", "arrays", "settled", "open", "waiting"}),
    NodeRecord: frozenset(
        {"definition", "owner", "parent", "calls", "called_in", "wants", "array", "inner", "arm", "called"}
    ),
    ScopeRecord: frozenset({"closure", "workflow"}),
    ArrayRecord: frozenset({"phases", "outputs", "retries", "children"}),
}
"""Fields of each record that are not stored as the state has them."""

_TAKEN_OVER = {
    record: tuple(field.name for field in attrs.fields(record) if field.name not in converted)
    for record, converted in _CONVERTED.items()
}


# ── writing ──────────────────────────────────────────────────────────────────


def take(state: ExecutionState) -> Snapshot:
    """Write a state down."""
    digests = {id(closure): digest for digest, closure in state.library.items()}
    record = StateRecord(
        **_same(StateRecord, state),
        nodes=tuple(_node_record(node, digests) for node in state.nodes.values()),
        ready=_ids(state.ready),
        ready_tasks=_ids(state.ready_tasks),
        arrays=_ids(state.arrays),
        settled=_ids(scope.owner for scope in state.settled),
        open=tuple(map(_command_record, state.open.values())),
        waiting={signal: _ids(gates) for signal, gates in state.waiting.items()},
    )
    return Snapshot(seq=state.seq, version=VERSION, state=dumps(record))


def _same(record: type[Any], source: Any) -> dict[str, Any]:
    """Collect the fields that a record takes over as they are."""
    return {name: getattr(source, name) for name in _TAKEN_OVER[record]}


def _ids(nodes: Iterable[NodeState]) -> tuple[NodeId, ...]:
    return tuple(node.id for node in nodes)


def _node_record(node: NodeState, digests: Mapping[int, str]) -> NodeRecord:
    scope, target = node.scope, node.node.target
    is_called = scope is not None and scope.workflow is None
    return NodeRecord(
        **_same(NodeRecord, node),
        definition=node.node.id,
        owner=scope.owner.id if scope is not None else None,
        parent=node.parent.id if node.parent is not None else None,
        calls=target.id if is_called and isinstance(target, TaskRef | SubWorkflowRef | LaunchPlanRef) else None,
        called_in=_scope_record(scope, digests) if is_called and scope is not None else None,
        wants=None if node.wants is None else tuple((*part, value) for part, value in node.wants.items()),
        array=_array_record(node.array) if node.array is not None else None,
        inner=_scope_record(node.inner, digests) if node.inner is not None else None,
        arm=node.arm.id if node.arm is not None else None,
        called=_ids(node.called) if node.called is not None else None,
    )


def _scope_record(scope: Scope, digests: Mapping[int, str]) -> ScopeRecord:
    workflow = scope.workflow.template.id if scope.workflow is not None else None
    return ScopeRecord(**_same(ScopeRecord, scope), closure=digests[id(scope.closure)], workflow=workflow)


def _array_record(array: ArrayState) -> ArrayRecord:
    return ArrayRecord(
        **_same(ArrayRecord, array),
        phases=bytes(array.phases),
        outputs=tuple(array.outputs),
        retries=tuple(array.retries.items()),
        children=tuple(array.children.items()),
    )


def _command_record(command: Command) -> CommandRecord:
    given = command._asdict()
    elements = given.get("elements")
    if isinstance(elements, range):
        given |= {"elements": (), "span": (elements.start, elements.stop)}
    return CommandRecord(kind=_NAMES[type(command)], **given)


# ── reading ──────────────────────────────────────────────────────────────────


@attrs.frozen
class Reading:
    """A snapshot of this version, decoded; its *closures* have to be in the library before it becomes a state."""

    record: StateRecord

    @property
    def closures(self) -> set[str]:
        """The digests of all graphs in it."""
        scopes = [scope for node in self.record.nodes for scope in (node.inner, node.called_in)]
        return {scope.closure for scope in scopes if scope is not None}

    def state(self, execution: ExecutionId, library: Library) -> ExecutionState:
        """Make the state, to which the events after the snapshot remain to be applied."""
        record = self.record
        state = ExecutionState(id=execution, library=library)
        _take_over(record, state)
        for written in record.nodes:
            _add_node(state, written)
        for written in record.nodes:
            _connect(state, written)
        state.root = state.nodes[TOP]
        for queue, ids in ((state.ready, record.ready), (state.ready_tasks, record.ready_tasks)):
            queue.extend(state.nodes[id_] for id_ in ids)
        state.arrays.extend(state.nodes[id_] for id_ in record.arrays)
        state.settled.extend(scope for id_ in record.settled if (scope := state.nodes[id_].inner) is not None)
        for command in map(_command, record.open):
            state.open[command.key] = command
            state.n_timers += command.key[0] == TIMER
            state.nodes[command.node].commands.add(command.key)
        state.waiting = {signal: [state.nodes[id_] for id_ in ids] for signal, ids in record.waiting.items()}
        return state


def read(snapshot: Snapshot) -> Reading | None:
    """Decode a snapshot; ``None`` for one that another version of the engine took, or that is damaged: the log says the same."""
    if snapshot.version != VERSION:
        return None
    with suppress(NotReadable):
        return Reading(loads(StateRecord, snapshot.state))
    return None


def _take_over(record: Any, state: Any) -> None:
    for name in _TAKEN_OVER[type(record)]:
        value = getattr(record, name)
        setattr(state, name, dict(value) if isinstance(value, Mapping) else value)


def _add_node(state: ExecutionState, written: NodeRecord) -> None:
    """Make a node in its graph, which was made before it: nodes are written in the order in which they came to be."""
    parent = state.nodes[written.parent] if written.parent is not None else None
    scope = _scope_of(state, written)
    node = NodeState(id=written.id, node=_definition(written, scope, parent), scope=scope, parent=parent)
    state.nodes[node.id] = node
    _take_over(written, node)
    if scope is not None and parent is None:
        scope.nodes[node.node.id] = node
    if written.wants is not None:
        node.wants = {(uri, path): value for uri, path, value in written.wants}
    if written.array is not None:
        node.array = _array(written.array)
    if written.inner is not None:
        node.inner = _scope(state, written.inner, node)


def _connect(state: ExecutionState, written: NodeRecord) -> None:
    node = state.nodes[written.id]
    node.arm = state.nodes[written.arm] if written.arm is not None else None
    node.called = [state.nodes[id_] for id_ in written.called] if written.called is not None else None


def _scope_of(state: ExecutionState, written: NodeRecord) -> Scope | None:
    if written.owner is None:
        return None
    owner = state.nodes[written.owner]
    return _scope(state, written.called_in, owner) if written.called_in is not None else owner.inner


def _scope(state: ExecutionState, written: ScopeRecord, owner: NodeState) -> Scope:
    closure = state.library[written.closure]
    workflow = closure.workflows[written.workflow] if written.workflow is not None else None
    scope = Scope(
        prefix=written.prefix,
        owner=owner,
        closure=closure,
        workflow=workflow,
        inputs=written.inputs,
        pending={},
        remaining=written.remaining,
    )
    _take_over(written, scope)
    return scope


def _definition(written: NodeRecord, scope: Scope | None, parent: NodeState | None) -> Node:
    """Find what the templates say of a node."""
    if written.calls is not None:
        return Node(id=written.definition, target=_CALLS[written.calls.kind](id=written.calls))
    if scope is None:
        assert written.inner is not None
        assert written.inner.workflow is not None
        return Node(id=TOP, target=SubWorkflowRef(id=written.inner.workflow))
    if parent is not None:
        branch = parent.node.target
        assert isinstance(branch, Branch)
        arms = [*(arm.node for arm in branch.arms), *([branch.otherwise] if branch.otherwise else [])]
        return next(arm for arm in arms if arm.id == written.definition)
    assert scope.workflow is not None
    handler = scope.workflow.template.failure_node
    if written.is_failure_node and handler is not None:
        return handler
    return scope.workflow.node_by_id[written.definition]


def _array(written: ArrayRecord) -> ArrayState:
    array = ArrayState(
        size=written.size,
        needed=written.needed,
        parallelism=written.parallelism,
        phases=bytearray(written.phases),
        outputs=Outputs(written.outputs),
        retries=dict(written.retries),
        children=dict(written.children),
    )
    _take_over(written, array)
    return array


def _command(written: CommandRecord) -> Command:
    kind = _COMMANDS[written.kind]
    given: dict[str, Any] = {name: getattr(written, name) for name in kind._fields}
    if written.span is not None:
        given["elements"] = range(*written.span)
    return kind(**given)
