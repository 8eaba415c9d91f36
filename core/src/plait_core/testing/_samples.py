"""Values that the suites for stores write and expect back."""

from collections.abc import Sequence
from typing import Any

import attrs

from plait_core.ir.events import AttemptScheduled, Decision, NodeStarted
from plait_core.ir.executions import Closure, ExecutionMode, TaskError
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.launch_plans import LaunchPlanTemplate, ScheduleSpec
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.types import INTEGER, SimpleType
from plait_core.ir.workflows import Binding, Node, Promise, TaskRef, WorkflowTemplate
from plait_core.ports.databases import (
    Append,
    AttemptRow,
    AuditLine,
    CacheEntry,
    CacheKey,
    Database,
    ExecutionRow,
    NodeRow,
    Posted,
    Reservation,
    Snapshot,
)

NOON_NS = 1_790_000_000_000_000_000
POOL = "servers"
TASK = EntityId(kind=EntityKind.TASK, name="app.add", version="v1")
WORKFLOW = EntityId(kind=EntityKind.WORKFLOW, name="app.wf", version="v1")
PLAN = EntityId(kind=EntityKind.LAUNCH_PLAN, name="app.wf", version="v1")
SIGNAL = Posted(key="s1", kind="signal", payload={"id": "approve", "value": {"boolean": True}})
FAILURE = TaskError(code="USER", message="division by zero", traceback="line 1\nline 2", at_ns=NOON_NS)


def execution_id(name: str = "e1", **changes: Any) -> ExecutionId:
    """Name an execution."""
    return ExecutionId(name=name, **changes)


def integer(value: int) -> Literal:
    """Make the literal of an int."""
    return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


def execution_row(execution: ExecutionId, **changes: Any) -> ExecutionRow:
    """Make the row of a running execution."""
    row = ExecutionRow(
        id=execution,
        target=PLAN,
        phase=ExecutionPhase.RUNNING,
        mode=ExecutionMode.MANUAL,
        principal="ada",
        pool=POOL,
        created_at_ns=NOON_NS,
        updated_at_ns=NOON_NS,
    )
    return attrs.evolve(row, **changes)


def node_row(execution: ExecutionId, node: str, **changes: Any) -> NodeRow:
    """Make the row of a running node."""
    row = NodeRow(
        execution=execution,
        node=NodeId(node),
        definition=NodeId(node),
        parent=None,
        phase=NodePhase.RUNNING,
        kind="task",
        entity=str(TASK),
        name="",
        started_at_ns=NOON_NS,
        ended_at_ns=None,
    )
    return attrs.evolve(row, **changes)


def attempt_id(execution: ExecutionId, node: str = "n0", *, element: int | None = None, n: int = 0) -> AttemptId:
    """Name an attempt."""
    return AttemptId(execution=execution, node=NodeId(node), task=TASK, element=element, n=n)


def attempt_row(attempt: AttemptId, **changes: Any) -> AttemptRow:
    """Make the row of a running attempt."""
    row = AttemptRow(id=attempt, phase=AttemptPhase.RUNNING, executor="inline", scheduled_at_ns=NOON_NS)
    return attrs.evolve(row, **changes)


def turn(execution: ExecutionId, first_seq: int = 1, *, owner: str = "engine-1", **changes: Any) -> Append:
    """Make a turn with two decisions, and rows as given."""
    decisions: Sequence[Decision] = (NodeStarted(node=NodeId("n0")), AttemptScheduled(node=NodeId("n0"), n=0))
    batch = Append(
        execution=execution,
        owner=owner,
        first_seq=first_seq,
        at_ns=NOON_NS,
        decisions=decisions,
        row=execution_row(execution),
    )
    return attrs.evolve(batch, **changes)


async def started(database: Database, name: str = "e1", **row: Any) -> ExecutionId:
    """Create an execution of engine-1 with two events; the next seq is 3."""
    execution = execution_id(name)
    refused = await database.log.append([turn(execution, row=execution_row(execution, **row))])
    assert list(refused) == []
    return execution


def cache_key(digest: str = "k1", *, task: str = "app.add", project: str = "default") -> CacheKey:
    """Make a key."""
    return CacheKey(digest=digest, project=project, domain="development", task=task)


def cache_entry(key: CacheKey, value: int = 3, *, at_ns: int = NOON_NS) -> CacheEntry:
    """Make the entry of an attempt that returned *value*."""
    return CacheEntry(
        key=key,
        outputs={"o0": integer(value)},
        source="default/development/e1/n0/0",
        input_digests={"a": "d1"},
        created_at_ns=at_ns,
    )


def closure(version: str = "v1", *, node_inputs: str = "a", every: str = "hour") -> Closure:
    """Make a launch plan with its workflow of one task."""
    task_id, workflow_id, plan_id = (attrs.evolve(entity, version=version) for entity in (TASK, WORKFLOW, PLAN))
    interface = TypedInterface(inputs=(Variable(name="a", type=INTEGER),), outputs=(Variable(name="o0", type=INTEGER),))
    binding = Binding(var="a", data=Promise(node=NodeId(""), var=node_inputs))
    node = Node(id=NodeId("n0"), target=TaskRef(id=task_id), inputs=(binding,))
    output = Binding(var="o0", data=Promise(node=NodeId("n0"), var="o0"))
    return Closure(
        main=plan_id,
        tasks=(TaskTemplate(id=task_id, type="python-function", interface=interface),),
        workflows=(WorkflowTemplate(id=workflow_id, interface=interface, nodes=(node,), outputs=(output,)),),
        launch_plans=(
            LaunchPlanTemplate(
                id=plan_id, workflow=workflow_id, schedule=ScheduleSpec(kind="rate", spec={"every": every})
            ),
        ),
    )


def audit_line(action: str) -> AuditLine:
    """Make the line of a change by ada."""
    return AuditLine(at_ns=NOON_NS, principal="ada", action=action, subject="x")


async def ended_execution(database: Database, name: str) -> ExecutionId:
    """Make an execution that leaves something in every place, and has ended."""
    execution = await started(database, name)
    await database.inbox.post(execution, SIGNAL)
    await database.log.save_snapshot(execution, Snapshot(seq=2, version=7, state=b"s"))
    reservation = Reservation(key=cache_key(f"{name} held"), attempt=attempt_id(execution))
    await database.cache.reserve(reservation)
    row = execution_row(execution, phase=ExecutionPhase.FAILED, ended_at_ns=NOON_NS + 9)
    await database.log.append(
        [
            turn(
                execution,
                3,
                row=row,
                nodes=(node_row(execution, "n0"),),
                attempts=(attempt_row(attempt_id(execution)),),
                cache=(cache_entry(cache_key(name)),),
            )
        ]
    )
    return execution
