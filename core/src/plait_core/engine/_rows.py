"""
Read-model rows of a turn: where the nodes and attempts it touched stand now.

Called by the shell when it appends. A row is always whole, so a store only ever replaces it.
"""

from collections.abc import Sequence

from plait_core.engine._state import ExecutionState, NodeState
from plait_core.ir import events as ev
from plait_core.ir.executions import TaskError
from plait_core.ir.ids import AttemptId, NodeId
from plait_core.ir.phases import AttemptPhase, NodePhase
from plait_core.ir.workflows import Array, Branch, Gate, LaunchPlanRef, SubWorkflowRef, TaskRef
from plait_core.ports.databases import AttemptRow, ExecutionRow, NodeRow

_KINDS: dict[type, str] = {
    TaskRef: "task",
    SubWorkflowRef: "workflow",
    LaunchPlanRef: "launch_plan",
    Branch: "branch",
    Gate: "gate",
    Array: "map",
}


def execution_row(state: ExecutionState, *, pool: str, now_ns: int, wake_at_ns: int | None) -> ExecutionRow:
    """Return the execution's row."""
    spec = state.spec
    assert spec is not None
    return ExecutionRow(
        id=state.id,
        target=spec.target,
        phase=state.phase,
        mode=spec.mode,
        principal=spec.principal,
        pool=pool,
        created_at_ns=state.created_at_ns,
        updated_at_ns=now_ns,
        ended_at_ns=state.ended_at_ns,
        error=state.error,
        wake_at_ns=wake_at_ns,
        labels=spec.options.labels,
    )


def node_rows(state: ExecutionState, decisions: Sequence[ev.Decision]) -> list[NodeRow]:
    """Return a row for every node that *decisions* speak of, in order of first mention."""
    touched = dict.fromkeys(node for d in decisions if (node := getattr(d, "node", None)))
    return [_node_row(state, state.nodes[node]) for node in touched if node in state.nodes]


def _node_row(state: ExecutionState, node: NodeState) -> NodeRow:
    target = node.node.target
    array = node.array
    entity = getattr(target, "id", None) or (target.target.id if isinstance(target, Array) else None)
    phase = NodePhase.FAILING if node.is_cancelling else node.phase
    return NodeRow(
        execution=state.id,
        node=node.id,
        definition=node.node.id,
        parent=_parent(node),
        phase=phase,
        kind=_KINDS[type(target)],
        entity=entity.name if entity is not None else "",
        name=node.node.metadata.name,
        started_at_ns=node.started_at_ns,
        ended_at_ns=node.ended_at_ns,
        error=node.error,
        cache=node.verdict.status.value if node.verdict is not None else "",
        deck_uri=node.deck_uri,
        n_elements=array.size if array is not None else None,
        n_elements_done=array.n_done if array is not None else 0,
    )


def _parent(node: NodeState) -> NodeId | None:
    if node.parent is not None:
        return node.parent.id
    owner = node.graph.owner
    return owner.id or None


def attempt_rows(state: ExecutionState, at_ns: int, decisions: Sequence[ev.Decision]) -> list[AttemptRow]:
    """Return the rows of the attempts that *decisions* move, each with its last phase only."""
    rows: dict[tuple[NodeId, int | None, int], AttemptRow] = {}
    for decision in decisions:
        kind = type(decision)
        if kind is ev.NodeSucceeded:
            assert isinstance(decision, ev.NodeSucceeded)
            if decision.n is not None:
                rows[decision.node, None, decision.n] = _ended(
                    state, at_ns, decision, decision.n, AttemptPhase.SUCCEEDED
                )
        elif kind is ev.AttemptScheduled:
            assert isinstance(decision, ev.AttemptScheduled)
            rows[decision.node, decision.element, decision.n] = _row(
                state, decision.node, decision.element, decision.n, AttemptPhase.QUEUED, scheduled_at_ns=at_ns
            )
        elif kind is ev.AttemptFailed:
            assert isinstance(decision, ev.AttemptFailed)
            rows[decision.node, decision.element, decision.n] = _ended(
                state, at_ns, decision, decision.n, decision.phase, element=decision.element, error=decision.error
            )
        elif kind is ev.ElementsSucceeded:
            assert isinstance(decision, ev.ElementsSucceeded)
            rows.update(_element_rows(state, at_ns, decision))
        elif kind is ev.AttemptMoved:
            assert isinstance(decision, ev.AttemptMoved)
            node = state.nodes[decision.node]
            rows[decision.node, None, decision.n] = _row(
                state,
                decision.node,
                None,
                decision.n,
                decision.phase,
                scheduled_at_ns=node.scheduled_at_ns,
                started_at_ns=at_ns if decision.phase is AttemptPhase.RUNNING else None,
                message=decision.message,
            )
        elif kind is ev.NodeEnded or kind is ev.FragmentReceived:
            _settle_attempt(state, at_ns, decision, rows)
    return list(rows.values())


def _settle_attempt(
    state: ExecutionState,
    at_ns: int,
    decision: ev.Decision,
    rows: dict[tuple[NodeId, int | None, int], AttemptRow],
) -> None:
    assert isinstance(decision, ev.NodeEnded | ev.FragmentReceived)
    node = state.nodes[decision.node]
    if node.attempt is None or node.attempt_phase not in (AttemptPhase.ABORTED, AttemptPhase.SUCCEEDED):
        return
    key = (node.id, None, node.attempt)
    if key not in rows:
        rows[key] = _row(
            state,
            node.id,
            None,
            node.attempt,
            node.attempt_phase,
            scheduled_at_ns=node.scheduled_at_ns,
            started_at_ns=node.scheduled_at_ns,
            ended_at_ns=at_ns,
        )


def _element_rows(
    state: ExecutionState, at_ns: int, decision: ev.ElementsSucceeded
) -> dict[tuple[NodeId, int | None, int], AttemptRow]:
    node = state.nodes[decision.node]
    task = node.node.target.target.id  # type: ignore[union-attr]  # only map nodes have elements
    executor = state.executor_of(task)
    started_at_ns = node.started_at_ns or at_ns
    return {
        (node.id, element, n): AttemptRow(
            id=AttemptId(execution=state.id, node=node.id, task=task, element=element, n=n),
            phase=AttemptPhase.SUCCEEDED,
            executor=executor,
            scheduled_at_ns=started_at_ns,
            started_at_ns=started_at_ns,
            ended_at_ns=at_ns,
            is_cached=is_cached,
        )
        for element, n, _, is_cached in decision.outcomes
    }


def _ended(
    state: ExecutionState,
    at_ns: int,
    decision: ev.NodeSucceeded | ev.AttemptFailed,
    n: int,
    phase: AttemptPhase,
    *,
    element: int | None = None,
    error: TaskError | None = None,
) -> AttemptRow:
    scheduled_at_ns = _scheduled_at_ns(state.nodes[decision.node], element, n)
    return _row(
        state,
        decision.node,
        element,
        n,
        phase,
        scheduled_at_ns=scheduled_at_ns,
        started_at_ns=decision.started_at_ns or scheduled_at_ns,
        ended_at_ns=decision.ended_at_ns or at_ns,
        error=error,
        deck_uri=decision.deck_uri,
    )


def _scheduled_at_ns(node: NodeState, element: int | None, n: int) -> int:
    """Return when an attempt was scheduled that has ended; by now, the next one may have been."""
    if element is not None:
        return node.started_at_ns or 0
    return node.scheduled_at_ns if n == node.attempt else node.replaced_scheduled_at_ns


def _row(
    state: ExecutionState,
    node_id: NodeId,
    element: int | None,
    n: int,
    phase: AttemptPhase,
    *,
    scheduled_at_ns: int,
    started_at_ns: int | None = None,
    ended_at_ns: int | None = None,
    error: TaskError | None = None,
    deck_uri: str = "",
    message: str = "",
) -> AttemptRow:
    target = state.nodes[node_id].node.target
    task = target.target.id if isinstance(target, Array) else target.id  # type: ignore[union-attr]  # attempts belong to tasks
    return AttemptRow(
        id=AttemptId(execution=state.id, node=node_id, task=task, element=element, n=n),
        phase=phase,
        executor=state.executor_of(task),
        scheduled_at_ns=scheduled_at_ns,
        started_at_ns=started_at_ns,
        ended_at_ns=ended_at_ns,
        error=error,
        deck_uri=deck_uri,
        message=message,
    )
