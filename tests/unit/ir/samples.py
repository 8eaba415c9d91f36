"""
One of everything that is stored, for the golden files of this folder.

Samples are never changed: a new form gets a new sample. `python -m tests.unit.ir.samples` adds what the files lack.
"""

import json
import math
from pathlib import Path
from typing import Any

from plait_core.ir.canonical import canonical_bytes, digest
from plait_core.ir.codec import dumps, to_json
from plait_core.ir.events import (
    AbortRequested,
    AttemptDue,
    AttemptFailed,
    AttemptMoved,
    AttemptScheduled,
    AttemptStopped,
    BranchTaken,
    CacheAnswered,
    CacheRequested,
    CancelRequested,
    ChildCalled,
    ChildStarted,
    Decision,
    ElementsMissed,
    ElementsScheduled,
    ElementsSucceeded,
    ExecutionEnded,
    ExecutionStarted,
    FailureNodeStarted,
    FragmentCompiled,
    FragmentReceived,
    GateOpened,
    LeaseTaken,
    NodeEnded,
    NodeRecovered,
    NodeStarted,
    NodeSucceeded,
    ReuseDeclined,
    ReuseRequested,
    ScopeFailing,
    SignalReceived,
    ValueLoaded,
    ValueRequested,
)
from plait_core.ir.executions import (
    CacheStatus,
    CacheVerdict,
    Closure,
    ExecutionMode,
    ExecutionSpec,
    Fault,
    TaskError,
)
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeExecutionId, NodeId
from plait_core.ir.interfaces import Parameter, TypedInterface, Variable
from plait_core.ir.launch_plans import (
    ConcurrencyPolicy,
    ExecutionOptions,
    LaunchPlanTemplate,
    NotificationSpec,
    ScheduleSpec,
)
from plait_core.ir.literals import (
    NOTHING,
    Binary,
    Blob,
    Collection,
    ErrorValue,
    Generic,
    Literal,
    MapValue,
    Offloaded,
    Primitive,
    StructuredDatasetValue,
    UnionValue,
)
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.tasks import (
    CachePolicy,
    Container,
    DataConfig,
    ExtendedResources,
    MountRequirement,
    PodSpec,
    ResourceEntry,
    ResourceName,
    ResourceSpec,
    RetryPolicy,
    SecretRequest,
    SecurityContext,
    Sql,
    TaskMetadata,
    TaskTemplate,
)
from plait_core.ir.types import (
    FLOAT,
    INTEGER,
    NONE,
    STRING,
    BlobType,
    CollectionType,
    DatasetColumn,
    Dimensionality,
    EnumType,
    LiteralType,
    MapType,
    SimpleType,
    StructuredDatasetType,
    TypeStructure,
    UnionType,
)
from plait_core.ir.units import Action, CommandLine, ContainerRun, FunctionCall, Result, Unit
from plait_core.ir.workflows import (
    Approve,
    Arm,
    Array,
    Binding,
    BindingCollection,
    BindingMap,
    Branch,
    Combine,
    Compare,
    Comparison,
    Conjunction,
    Const,
    FailurePolicy,
    Gate,
    LaunchPlanRef,
    Node,
    NodeMetadata,
    Promise,
    Sleep,
    SourceLine,
    SubWorkflowRef,
    TaskOverrides,
    TaskRef,
    WaitForInput,
    WorkflowTemplate,
)

GOLDEN = Path(__file__).parent / "golden"


def primitive(kind: SimpleType, value: Any) -> Literal:
    return Literal(value=Primitive(kind=kind, value=value))


def integer(value: int) -> Literal:
    return primitive(SimpleType.INTEGER, value)


N0, N1 = NodeId("n0"), NodeId("n1")
TASK = EntityId(kind=EntityKind.TASK, name="app.add")
WORKFLOW = EntityId(kind=EntityKind.WORKFLOW, name="app.wf", project="p", domain="d", version="v1", org="o")
PLAN = EntityId(kind=EntityKind.LAUNCH_PLAN, name="app.wf")
RUN = ExecutionId(project="p", domain="d", name="e1")
ERROR = TaskError(
    code="SYSTEM",
    message="lost",
    fault=Fault.SYSTEM,
    is_recoverable=False,
    traceback="File …",
    exception="builtins:OSError",
    node="n0",
    worker="host-1",
    at_ns=5,
)
DATASET = StructuredDatasetType(
    columns=(DatasetColumn(name="age", type=INTEGER),),
    format="parquet",
    external_schema_type="arrow",
    external_schema=b"\x00\xff",
)
OPTIONAL_INT = LiteralType(
    type=UnionType(variants=(LiteralType(type=SimpleType.INTEGER, structure=TypeStructure(tag="int")), NONE))
)
TYPES: dict[str, LiteralType] = {
    **{f"type {kind.value}": LiteralType(type=kind) for kind in SimpleType},
    "type collection": LiteralType(type=CollectionType(element=OPTIONAL_INT)),
    "type map": LiteralType(type=MapType(value=FLOAT)),
    "type blob": LiteralType(type=BlobType(format="csv", dimensionality=Dimensionality.MULTIPART)),
    "type enum": LiteralType(type=EnumType(values=("b", "a"))),
    "type union": OPTIONAL_INT,
    "type dataset": LiteralType(type=DATASET),
    "type with side-cars": LiteralType(
        type=SimpleType.STRUCT,
        metadata={"title": "P", "required": ["x"], "n": 1, "ratio": 0.5, "strict": True, "default": None},
        annotation={"unit": {"si": "m"}},
        structure=TypeStructure(tag="P", fields={"x": INTEGER, "s": STRING}),
    ),
}
LITERALS: dict[str, Literal] = {
    "integer": integer(-(2**63)),
    "float": primitive(SimpleType.FLOAT, 0.1),
    "float nan": primitive(SimpleType.FLOAT, math.nan),
    "float infinity": primitive(SimpleType.FLOAT, -math.inf),
    "float zero": primitive(SimpleType.FLOAT, 0.0),
    "float negative zero": primitive(SimpleType.FLOAT, -0.0),
    "string": primitive(SimpleType.STRING, "größe \udc80"),
    "boolean": primitive(SimpleType.BOOLEAN, True),
    "datetime": primitive(SimpleType.DATETIME, 1_790_000_000_000_000_001),
    "duration": primitive(SimpleType.DURATION, -1),
    "none": NOTHING,
    "no value": Literal(value=None),
    "hash and metadata": Literal(value=integer(3).value, hash="h", metadata={"k": "v"}),
    "blob": Literal(value=Blob(uri="s3://b/k", type=BlobType(format="csv"))),
    "bytes": Literal(value=Binary(value=b"\x00\xff", tag="bytes")),
    "msgpack": Literal(value=Binary(value=bytes.fromhex("82a16202a16101"), tag="msgpack")),
    "error": Literal(value=ErrorValue(failed_node_id=N0, message="no")),
    "generic": Literal(value=Generic(value={"a": [1.0, None]})),
    "dataset": Literal(value=StructuredDatasetValue(uri="s3://b/d", type=DATASET)),
    "union": Literal(value=UnionValue(value=integer(3), type=INTEGER)),
    "collection": Literal(value=Collection(literals=(integer(1), NOTHING))),
    "long collection": Literal(value=Collection(literals=tuple(integer(n) for n in range(40)))),
    "nested collection": Literal(value=Collection(literals=(Literal(value=Collection(literals=())),))),
    "map": Literal(value=MapValue(literals={"b": integer(1), "a": integer(2)})),
    "offloaded": Literal(
        value=Offloaded(
            uri="s3://b/o", size_bytes=10**6, type=LiteralType(type=MapType(value=INTEGER)), digest="ab12", length=7
        )
    ),
}
PROMISE = Promise(node=N0, var="o0", path=("k", 0))
COMPARE = Compare(left=PROMISE, operator=Comparison.GE, right=Const(value=integer(3)))
NODES = (
    Node(
        id=N0,
        target=TaskRef(
            id=TASK,
            overrides=TaskOverrides(
                resources=ResourceSpec(requests=(ResourceEntry(name=ResourceName.GPU, quantity="1"),)),
                extended_resources=ExtendedResources(accelerator="t4", partition="", shared_memory="1Gi"),
                container_image="img",
                pod_template={"spec": {}},
                task_config={"k": [1]},
            ),
        ),
        inputs=(
            Binding(var="a", data=BindingCollection(items=(PROMISE, Const(value=integer(1))))),
            Binding(var="b", data=BindingMap(items=(("z", PROMISE), ("a", Promise(node=NodeId(""), var="x"))))),
        ),
        upstream=(N1,),
        metadata=NodeMetadata(
            name="add",
            timeout_ns=5,
            retry=RetryPolicy(retries=2, only_on=("builtins:OSError",), backoff_base_ns=1, backoff_cap_ns=9),
            interruptible=False,
            cache_enabled=False,
            cache=CachePolicy(version="1", serializable=True, ignored_inputs=("b",)),
            config=(("k", "v"),),
        ),
        output_aliases=(("o0", "sum"),),
        source=SourceLine(file="app.py", line=3),
    ),
    Node(id=N1, target=SubWorkflowRef(id=WORKFLOW)),
    Node(id=NodeId("n2"), target=LaunchPlanRef(id=PLAN)),
    Node(
        id=NodeId("n3"),
        target=Branch(
            arms=(
                Arm(
                    condition=Combine(left=COMPARE, operator=Conjunction.OR, right=COMPARE),
                    node=Node(id=N0, target=TaskRef(id=TASK)),
                ),
            ),
            otherwise=Node(id=N1, target=TaskRef(id=TASK)),
            error="none held",
        ),
    ),
    Node(id=NodeId("n4"), target=Gate(condition=Approve(signal_id="ok"))),
    Node(id=NodeId("n5"), target=Gate(condition=WaitForInput(signal_id="x", type=INTEGER, output_var="v"))),
    Node(id=NodeId("n6"), target=Gate(condition=Sleep(duration_ns=7))),
    Node(
        id=NodeId("n7"),
        target=Array(
            target=TaskRef(id=TASK),
            bound_inputs=("b",),
            parallelism=0,
            min_successes=1,
            min_success_ratio=0.5,
            run_all_sub_nodes=True,
        ),
    ),
)
INTERFACE = TypedInterface(
    inputs=(Variable(name="a", type=INTEGER, description="first", artifact={"k": 1}),),
    outputs=(Variable(name="o0", type=OPTIONAL_INT),),
)
SECURITY = SecurityContext(
    service_account="sa",
    iam_role="role",
    secrets=(SecretRequest(group="g", key="k", mount_requirement=MountRequirement.FILE, env_var="E"),),
)
CONTAINER = Container(
    image="img",
    command=("sh",),
    args=("-c", "{{.inputs.a}}"),
    env=(("B", "1"), ("A", "2")),
    resources=ResourceSpec(limits=(ResourceEntry(name=ResourceName.CPU, quantity="500m"),)),
    ports=(80,),
    data_config=DataConfig(input_path="/in", output_path="/out", format="yaml"),
    architecture="arm64",
)
POD = PodSpec(pod_spec={"containers": []}, primary_container_name="main", labels={"l": "1"}, annotations={"a": "1"})
TASKS = (
    TaskTemplate(id=TASK, type="python-function", interface=INTERFACE, location="app:add"),
    TaskTemplate(
        id=EntityId(kind=EntityKind.TASK, name="app.full"),
        type="container",
        metadata=TaskMetadata(
            cache=CachePolicy(version="1"),
            timeout_ns=1,
            interruptible=True,
            generates_deck=False,
            deck_fields=("input",),
            is_dynamic=True,
            tags={"t": "1"},
        ),
        type_version=2,
        custom={"nested": {"list": [1, "x", None]}},
        config={"k": "v"},
        target=CONTAINER,
        security=SECURITY,
        extended_resources=ExtendedResources(accelerator="t4"),
    ),
    TaskTemplate(id=EntityId(kind=EntityKind.TASK, name="app.pod"), type="pod", target=POD),
    TaskTemplate(id=EntityId(kind=EntityKind.TASK, name="app.sql"), type="sql", target=Sql(statement="SELECT 1")),
)
OPTIONS = ExecutionOptions(
    labels={"l": "1"},
    envs={"E": "1"},
    tags=("nightly",),
    security=SECURITY,
    raw_data_prefix="s3://raw",
    max_parallelism=3,
    interruptible=False,
    overwrite_cache=True,
    notifications=(NotificationSpec(kind="email", phases=(ExecutionPhase.FAILED,), spec={"to": ["a@b"]}),),
)
CLOSURE = Closure(
    main=WORKFLOW,
    tasks=TASKS,
    workflows=(
        WorkflowTemplate(
            id=WORKFLOW,
            interface=INTERFACE,
            nodes=NODES,
            outputs=(Binding(var="o0", data=PROMISE),),
            failure_node=Node(id=NodeId("fn0"), target=TaskRef(id=TASK)),
            failure_policy=FailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE,
            tags=("t",),
        ),
    ),
    launch_plans=(
        LaunchPlanTemplate(
            id=PLAN,
            workflow=WORKFLOW,
            parameters=(
                Parameter(variable=INTERFACE.inputs[0]),
                Parameter(variable=INTERFACE.inputs[0], is_required=False, default=integer(1)),
            ),
            fixed_inputs={"b": integer(2)},
            expected_outputs=INTERFACE.outputs,
            schedule=ScheduleSpec(kind="cron", spec={"expression": "0 0 * * *"}, kickoff_input="at"),
            options=OPTIONS,
            concurrency=ConcurrencyPolicy(max_concurrency=1),
            auto_activate=True,
        ),
    ),
)
SPEC = ExecutionSpec(
    target=PLAN,
    user_inputs={"a": integer(1)},
    inputs={"a": integer(1), "b": integer(2)},
    options=OPTIONS,
    mode=ExecutionMode.SCHEDULED,
    principal="ada",
    nesting=1,
    parent=NodeExecutionId(execution=RUN, node=N0),
    reference=RUN,
    scheduled_at_ns=9,
)
VERDICT = CacheVerdict(status=CacheStatus.MISS, key="k", reason="input a changed", source="p/d/e0/n0/0")
DECISIONS: tuple[Decision, ...] = (
    ExecutionStarted(spec=SPEC, closure="c1", placements={str(TASK): "inline"}),
    LeaseTaken(owner="engine-1"),
    AbortRequested(reason="enough", principal="ada"),
    ExecutionEnded(phase=ExecutionPhase.FAILED, outputs={"o0": integer(1)}, error=ERROR),
    ScopeFailing(node=NodeId(""), error=ERROR),
    FailureNodeStarted(node=N0),
    NodeStarted(node=N0, n_elements=3),
    NodeSucceeded(
        node=N0,
        outputs={"o0": integer(1)},
        n=0,
        phase=NodePhase.RECOVERED,
        cache=VERDICT,
        deck_uri="d",
        started_at_ns=1,
        ended_at_ns=2,
    ),
    NodeEnded(node=N0, phase=NodePhase.TIMED_OUT, error=ERROR),
    CancelRequested(node=N0, reason="sibling failed"),
    BranchTaken(node=N0, arm=-1),
    GateOpened(node=N0, due_at_ns=5, signal_id="ok"),
    ValueRequested(node=N0, values=(("a", "s3://b/o", ("k", 0)),)),
    ValueLoaded(node=N0, uri="s3://b/o", path=("k", 0), value=integer(1)),
    ChildStarted(node=N0, execution=RUN, element=2),
    ChildCalled(node=N0, n=0, child=N1, target=TASK, inputs={}, closure="c1", placements={}),
    ReuseRequested(node=N0),
    NodeRecovered(node=N0, outputs={"o0": integer(1)}, source=NodeExecutionId(execution=RUN, node=N1), deck_uri="d"),
    ReuseDeclined(node=N0, has_begun=True, checkpoint_uri="c"),
    CacheRequested(node=N0, element=0),
    CacheAnswered(node=N0, verdict=VERDICT, element=0, wait_until_ns=5),
    AttemptScheduled(node=N0, n=1, element=0, due_at_ns=5),
    AttemptDue(node=N0, n=1, element=0),
    AttemptMoved(node=N0, n=1, phase=AttemptPhase.RUNNING, element=0, message="pulled"),
    AttemptFailed(
        node=N0, n=1, error=ERROR, phase=AttemptPhase.RETRYABLE_FAILED, element=0, started_at_ns=1, ended_at_ns=2
    ),
    AttemptStopped(node=N0, n=1, element=0),
    FragmentReceived(node=N0, n=0, closure="c2"),
    FragmentCompiled(node=N0, n=0, closure="c2", placements={"t": "inline"}),
    ElementsScheduled(node=N0, start=0, stop=10),
    ElementsMissed(node=N0, elements=(1, 4)),
    ElementsSucceeded(node=N0, outcomes=((0, 0, integer(1), False), (1, 2, None, True))),
    SignalReceived(signal_id="ok", value=primitive(SimpleType.BOOLEAN, True), principal="ada"),
)
ATTEMPT = AttemptId(execution=RUN, node=N0, task=TASK, element=3, n=1)
ACTIONS: dict[str, Action] = {
    "function": FunctionCall(entity=TASK, location="app:add", bundle="b1"),
    "command": CommandLine(argv=("ls", "-l")),
    "container": ContainerRun(target=CONTAINER),
    "pod": ContainerRun(target=POD),
}
UNITS = {
    name: Unit(
        attempt=ATTEMPT,
        template=TASKS[0],
        action=action,
        inputs={"a": integer(1)},
        output_prefix="s3://b/out",
        secrets=SECURITY.secrets,
        env={"E": "1"},
        timeout_ns=5,
        token="t",
    )
    for name, action in ACTIONS.items()
}
STORED: dict[str, tuple[Any, Any]] = {
    **{name: (LiteralType, value) for name, value in TYPES.items()},
    **{f"literal {name}": (Literal, value) for name, value in LITERALS.items()},
    **{f"decision {type(value).__name__}": (Decision, value) for value in DECISIONS},
    "elements held": (Decision, ElementsMissed(node=N0, elements=(1,), held=(2, 4))),
    **{f"unit {name}": (Unit, value) for name, value in UNITS.items()},
    "closure": (Closure, CLOSURE),
    "result outputs": (Result, Result(outputs={"o0": integer(1)}, deck_uri="d", worker="w", ended_at_ns=3)),
    "result error": (Result, Result(error=ERROR, checkpoint_uri="c")),
    "result fragment": (Result, Result(fragment=Closure(main=WORKFLOW))),
}
"""Name -> (what it is read as, value)."""

CANONICAL: dict[str, Any] = {
    **{f"literal {name}": value for name, value in LITERALS.items()},
    **TYPES,
    "interface": INTERFACE,
    **{f"task {template.id.name}": template for template in TASKS},
    "workflow": CLOSURE.workflows[0],
    "launch plan": CLOSURE.launch_plans[0],
    "closure": CLOSURE,
}


def stored_forms() -> dict[str, Any]:
    return {name: {"json": to_json(value), "msgpack": dumps(value).hex()} for name, (_, value) in STORED.items()}


def canonical_forms() -> dict[str, Any]:
    return {name: {"bytes": canonical_bytes(value).hex(), "digest": digest(value)} for name, value in CANONICAL.items()}


def golden(name: str) -> dict[str, Any]:
    """Read a golden file."""
    forms: dict[str, Any] = json.loads((GOLDEN / name).read_text())
    return forms


def add_missing(name: str, forms: dict[str, Any]) -> None:
    """Write the file with what it lacks; what it has stays as it is."""
    path = GOLDEN / name
    kept = golden(name) if path.exists() else {}
    path.write_text(json.dumps({**forms, **kept}, indent=1) + "\n")


if __name__ == "__main__":
    add_missing("stored.json", stored_forms())
    add_missing("canonical.json", canonical_forms())
