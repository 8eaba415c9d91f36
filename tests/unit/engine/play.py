"""
An execution without a shell: graphs in a few words, stimuli in, decisions out.

`Play` folds what is decided and answers nothing by itself, so a test says every stimulus and sees every command.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from plait_core.compiler.closures import compile_closure
from plait_core.engine import ExecutionState, NodeState
from plait_core.engine import _stimuli as st
from plait_core.engine._commands import Command
from plait_core.engine._turns import open_commands, take_turn
from plait_core.ir import events as ev
from plait_core.ir.executions import Closure, ExecutionSpec, Fault, TaskError
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Literal
from plait_core.ir.phases import NodePhase
from plait_core.ir.tasks import RetryPolicy, TaskMetadata, TaskTemplate
from plait_core.ir.types import INTEGER, LiteralType
from plait_core.ir.units import Result
from plait_core.ir.workflows import (
    Binding,
    BindingData,
    Const,
    FailurePolicy,
    Node,
    NodeMetadata,
    NodeTarget,
    Promise,
    TaskRef,
    WorkflowTemplate,
)
from plait_core.testing.arithmetic import interface, literal_of

SECOND_NS = 1_000_000_000
NOON = 1_767_268_800 * SECOND_NS

FLAKY = TaskError(code="USER:ValueError", message="not this time")
LOST = TaskError(code="Lost", message="the worker is gone", fault=Fault.SYSTEM)
HOPELESS = TaskError(code="USER:ValueError", message="never", is_recoverable=False)
ONE = {"o0": literal_of(1)}
NONE: Mapping[str, LiteralType] = {}
INTEGER_OUT = {"o0": INTEGER}


# ── graphs ───────────────────────────────────────────────────────────────────


def task(
    name: str,
    *inputs: str,
    metadata: TaskMetadata | None = None,
    retries: int = 0,
    types: Mapping[str, LiteralType] | None = None,
    outputs: Mapping[str, LiteralType] = INTEGER_OUT,
) -> TaskTemplate:
    """A task with integer *inputs*, or inputs of *types*, and one integer output."""
    return TaskTemplate(
        id=EntityId(kind=EntityKind.TASK, name=name),
        type="any",
        interface=interface(types or dict.fromkeys(inputs, INTEGER), outputs),
        metadata=metadata or TaskMetadata(retry=RetryPolicy(retries=retries)),
    )


def node(
    id_: str,
    target: TaskTemplate | NodeTarget,
    *,
    after: Sequence[str] = (),
    metadata: Any = None,
    **inputs: BindingData,
) -> Node:
    """A node that runs *target*."""
    return Node(
        id=NodeId(id_),
        target=TaskRef(id=target.id) if isinstance(target, TaskTemplate) else target,
        inputs=tuple(Binding(var=var, data=data) for var, data in inputs.items()),
        upstream=tuple(map(NodeId, after)),
        metadata=metadata or NodeMetadata(),
    )


def of(id_: str, *path: str | int, var: str = "o0") -> Promise:
    """What another node yields; ``of("")`` with *var* is an input of the workflow."""
    return Promise(node=NodeId(id_), var=var, path=path)


def const(value: Any) -> Const:
    return Const(value=literal_of(value))


def workflow(
    *nodes: Node,
    name: str = "wf",
    inputs: Mapping[str, LiteralType] = NONE,
    outputs: Mapping[str, tuple[LiteralType, BindingData]] | None = None,
    policy: FailurePolicy = FailurePolicy.FAIL_IMMEDIATELY,
    failure_node: Node | None = None,
) -> WorkflowTemplate:
    """A workflow of *nodes*; *outputs* are (type, binding) by name."""
    given = outputs or {}
    return WorkflowTemplate(
        id=EntityId(kind=EntityKind.WORKFLOW, name=name),
        interface=interface(inputs, {var: type_ for var, (type_, _) in given.items()}),
        nodes=nodes,
        outputs=tuple(Binding(var=var, data=data) for var, (_, data) in given.items()),
        failure_policy=policy,
        failure_node=failure_node,
    )


# ── playing ──────────────────────────────────────────────────────────────────


class Play:
    """One execution of the first workflow in *parts*; the other parts are what it reaches."""

    def __init__(
        self, *parts: Any, inputs: Mapping[str, Literal] | None = None, options: ExecutionOptions | None = None
    ) -> None:
        self.now = NOON
        self.library: dict[str, Any] = {}
        self.digest = self.keep(*parts)
        self.state = ExecutionState(id=ExecutionId(name="play"), library=self.library)
        self.log: list[ev.Event] = []
        main = next(part.id for part in parts if isinstance(part, WorkflowTemplate))
        spec = ExecutionSpec(target=main, user_inputs={}, inputs=inputs or {}, options=options or ExecutionOptions())
        self.first = self.tell(st.Launched(self.now, spec, self.digest, {}))

    def keep(self, *parts: Any) -> str:
        """Put a closure in the library; returns its digest."""
        workflows = tuple(part for part in parts if isinstance(part, WorkflowTemplate))
        tasks = tuple(part for part in parts if isinstance(part, TaskTemplate))
        plans = tuple(part for part in parts if not isinstance(part, WorkflowTemplate | TaskTemplate))
        main = workflows[0].id if workflows else tasks[0].id
        closure = Closure(main=main, tasks=tasks, workflows=workflows, launch_plans=plans)
        digest = f"closure-{len(self.library)}"
        self.library[digest] = compile_closure(closure)
        return digest

    def tell(self, *stimuli: st.Stimulus) -> list[ev.Decision]:
        """Take one turn; returns what was decided."""
        seq = self.state.seq
        decisions = take_turn(self.state, stimuli, self.now)
        self.log += [
            ev.Event(seq=place, at_ns=self.now, decision=decision) for place, decision in enumerate(decisions, seq + 1)
        ]
        return decisions

    def succeed(self, id_: str, n: int = 0, *, element: int | None = None, **outputs: Literal) -> list[ev.Decision]:
        """The attempt comes back with *outputs*, by default ``o0 = 1``."""
        return self.tell(st.AttemptEnded(self.now, NodeId(id_), n, Result(outputs=outputs or ONE), element))

    def fail(self, id_: str, error: TaskError = FLAKY, n: int = 0, *, element: int | None = None) -> list[ev.Decision]:
        """The attempt comes back with *error*, or is gone when that is the system's fault."""
        if error.fault is Fault.SYSTEM:
            return self.tell(st.AttemptGone(self.now, NodeId(id_), n, error, element))
        return self.tell(st.AttemptEnded(self.now, NodeId(id_), n, Result(error=error), element))

    def stopped(self, id_: str, n: int = 0, *, element: int | None = None) -> list[ev.Decision]:
        """The executor confirms that the attempt was stopped."""
        error = TaskError(code="Cancelled", message="stopped on request", is_recoverable=False)
        return self.tell(st.AttemptGone(self.now, NodeId(id_), n, error, element, is_cancelled=True))

    def fire(self, id_: str, what: str, n: int = 0, *, element: int | None = None) -> list[ev.Decision]:
        """A timer of the node goes off."""
        return self.tell(st.TimerFired(self.now, NodeId(id_), what, n, element))

    def __getitem__(self, id_: str) -> NodeState:
        return self.state.nodes[NodeId(id_)]

    @property
    def phases(self) -> dict[str, NodePhase]:
        """Phase by node, the top left out."""
        return {id_: state.phase for id_, state in self.state.nodes.items() if id_}

    @property
    def open(self) -> list[tuple[Any, ...]]:
        """The keys of all open commands, in order."""
        return [command.key for command in open_commands(self.state)]

    def command(self, *key: Any) -> Command:
        """One open command."""
        return self.state.open[key]


def kinds(decisions: Sequence[ev.Decision]) -> list[str]:
    """What was decided, in one word each and the node: ``NodeSucceeded n0``."""
    return [f"{type(decision).__name__} {getattr(decision, 'node', '')}".strip() for decision in decisions]
