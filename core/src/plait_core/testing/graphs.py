"""
Graphs by chance: closures of every kind of node, made from a seed, for simulations of the engine.

The same seed gives the same closure in every process. Tasks are those of ``arithmetic``, signals those that
``evaluation.signal_value`` answers, and ``evaluation.expected`` says what comes out. Every closure compiles without faults;
about one in three holds something that may make it fail.
"""

from collections.abc import Callable
from random import Random

import attrs

from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import Parameter, Variable
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.literals import LiteralMap
from plait_core.ir.tasks import CachePolicy, RetryPolicy, TaskMetadata, TaskTemplate
from plait_core.ir.types import INTEGER
from plait_core.ir.workflows import (
    WORKFLOW_INPUT,
    Approve,
    Arm,
    Array,
    Binding,
    BindingCollection,
    BindingData,
    Branch,
    Combine,
    Compare,
    Comparison,
    Condition,
    Conjunction,
    Const,
    FailurePolicy,
    Gate,
    LaunchPlanRef,
    Node,
    NodeMetadata,
    NodeTarget,
    Promise,
    Sleep,
    SubWorkflowRef,
    TaskRef,
    WaitForInput,
    WorkflowTemplate,
)
from plait_core.testing.arithmetic import arithmetic_task, interface, literal_of

SECOND_NS = 1_000_000_000
LONG_NS = 900 * SECOND_NS
"""A timeout that no attempt needs which does not hang, however often its engine crashes."""


@attrs.frozen(kw_only=True)
class Case:
    """A closure, and how to run it."""

    closure: Closure
    inputs: LiteralMap
    max_parallelism: int | None = None


def random_case(seed: int, size: int = 10) -> Case:
    """Make the case of *seed*, whose outermost workflow has about *size* nodes and yields every integer they make."""
    rng = Random(seed)  # noqa: S311  # a seed, not a secret
    parts = _Parts(rng, may_fail=rng.random() < 1 / 3)
    main = _Author(parts, depth=2).workflow(size)
    closure = Closure(
        main=main.id, tasks=tuple(parts.tasks), workflows=tuple(parts.workflows), launch_plans=tuple(parts.plans)
    )
    inputs = {name: literal_of(rng.randrange(100)) for name in ("x", "y")}
    return Case(closure=closure, inputs=inputs, max_parallelism=rng.choice((None, None, 1, 2)))


class _Parts:
    """What has been made of a closure so far."""

    def __init__(self, rng: Random, *, may_fail: bool) -> None:
        self.rng = rng
        self.tasks: list[TaskTemplate] = []
        self.workflows: list[WorkflowTemplate] = []
        self.plans: list[LaunchPlanTemplate] = []
        self._may_fail = may_fail

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def trouble(self, probability: float) -> bool:
        """Whether to put something in that may make the execution fail."""
        return self._may_fail and self.chance(probability)

    def task(self, op: str, **numbers: int | list[int]) -> EntityId:
        """
        Add a task of *op*, with retries, a cache, and attempts that fail, as chance has it.

        Attempts that fail for a while stay within the task's own retries, and ten of them are beyond those of any
        node: so whether a cache is asked or not makes no difference.
        """
        retries = self.rng.choice((0, 0, 1, 3))
        numbers.setdefault("fails", self.rng.randint(0, retries) + (10 if self.trouble(0.05) else 0))
        if self.trouble(0.1):
            numbers.setdefault("refuses", self.refused())
        hangs = self.chance(0.05)
        if hangs:
            numbers["hangs"] = 1
        cache = CachePolicy(
            version="1", serializable=self.chance(0.5), ignored_inputs=("noise",) if op == "first" else ()
        )
        metadata = TaskMetadata(
            retry=RetryPolicy(retries=retries, backoff_base_ns=self.rng.choice((0, SECOND_NS))),
            cache=cache if self.chance(0.3) else None,
            timeout_ns=LONG_NS if hangs or self.chance(0.1) else None,
            is_dynamic=op == "grow",
        )
        task = arithmetic_task(f"{op}_{len(self.tasks)}", op, metadata, **numbers)
        self.tasks.append(task)
        return task.id

    def refused(self) -> list[int]:
        return [3, self.rng.randrange(3)]

    def plan(self, workflow: WorkflowTemplate) -> LaunchPlanTemplate:
        """Add a launch plan of *workflow* that asks for ``x`` and has ``y`` fixed or by default."""
        x, y = (Variable(name=name, type=INTEGER) for name in ("x", "y"))
        value = literal_of(self.rng.randrange(100))
        is_fixed = self.chance(0.5)
        default = () if is_fixed else (Parameter(variable=y, is_required=False, default=value),)
        plan = LaunchPlanTemplate(
            id=EntityId(kind=EntityKind.LAUNCH_PLAN, name=f"plan_{len(self.plans)}"),
            workflow=workflow.id,
            parameters=(Parameter(variable=x), *default),
            fixed_inputs={"y": value} if is_fixed else {},
            expected_outputs=workflow.interface.outputs,
        )
        self.plans.append(plan)
        return plan


class _Author:
    """Writes one workflow with the inputs ``x`` and ``y``, node by node; each node takes what is there already."""

    def __init__(self, parts: _Parts, depth: int) -> None:
        self._parts = parts
        self._depth = depth
        self._nodes: list[Node] = []
        self._ints = [Promise(node=WORKFLOW_INPUT, var="x"), Promise(node=WORKFLOW_INPUT, var="y")]
        self._lists: list[Promise] = []
        """Lists of one integer or more."""

    def workflow(self, size: int, n_outputs: int | None = None) -> WorkflowTemplate:
        """Write about *size* nodes, and return *n_outputs* of the integers they make, by default all of them."""
        kinds: list[Callable[[], None]] = [self._calls] * 5 + [self._spans, self._maps, self._grows, self._branches]
        kinds += [self._sleeps, self._approves, self._asks]
        if self._depth:
            kinds += [self._nests, self._launches, self._maps_a_plan]
        for _ in range(size):
            self._rng.choice(kinds)()
        self._calls()
        made = self._ints[2:]
        returned = made if n_outputs is None else self._rng.sample(made, min(n_outputs, len(made)))
        template = WorkflowTemplate(
            id=EntityId(kind=EntityKind.WORKFLOW, name=f"workflow_{len(self._parts.workflows)}"),
            interface=interface({"x": INTEGER, "y": INTEGER}, {f"o{i}": INTEGER for i in range(len(returned))}),
            nodes=tuple(self._nodes),
            outputs=tuple(Binding(var=f"o{i}", data=data) for i, data in enumerate(returned)),
            failure_node=self._handler() if self._parts.chance(0.25) else None,
            failure_policy=self._rng.choice(list(FailurePolicy)),
        )
        self._parts.workflows.append(template)
        return template

    # ── kinds of nodes ───────────────────────────────────────────────────────

    def _calls(self) -> None:
        target, inputs = self._call()
        self._yields_ints(self._add(target, **inputs))

    def _spans(self) -> None:
        task = TaskRef(id=self._parts.task("span", least=1))
        self._lists.append(self._out(self._add(task, a=self._int())))

    def _grows(self) -> None:
        self._yields_ints(self._add(TaskRef(id=self._parts.task("grow", k=3, depth=self._depth)), a=self._int()))

    def _sleeps(self) -> None:
        self._add(Gate(condition=Sleep(duration_ns=self._rng.randrange(90) * SECOND_NS)))

    def _approves(self) -> None:
        verb = self._rng.choice(("reject", "ignore")) if self._parts.trouble(0.1) else "approve"
        gate = Gate(condition=Approve(signal_id=f"{verb}-{self._rng.randrange(100)}"))
        self._yields_ints(self._add(gate, o0=self._int()))

    def _asks(self) -> None:
        gate = Gate(condition=WaitForInput(signal_id=f"give-{self._rng.randrange(100)}", type=INTEGER))
        self._yields_ints(self._add(gate))

    def _nests(self) -> None:
        workflow = self._inner()
        node = self._add(SubWorkflowRef(id=workflow.id), x=self._int(), y=self._int())
        self._yields_ints(node, *workflow.interface.output_types)

    def _launches(self) -> None:
        plan = self._parts.plan(self._inner())
        node = self._add(LaunchPlanRef(id=plan.id), x=self._int())
        self._yields_ints(node, *(variable.name for variable in plan.expected_outputs))

    def _branches(self) -> None:
        self._yields_ints(self._add(self._branch(depth=2)))

    def _maps(self) -> None:
        """Over one or two lists, of which some elements may fail when none has to succeed."""
        items, tolerates = self._list(), self._parts.chance(0.4)
        refuses: dict[str, list[int]] = {"refuses": self._parts.refused()} if tolerates else {}
        task = TaskRef(id=self._parts.task("add", k=self._rng.randrange(9), **refuses))
        is_bound = self._parts.chance(0.5)
        ratio = self._rng.choice((0.0, 0.5)) if self._parts.trouble(0.5) else 0.0
        array = Array(
            target=task,
            bound_inputs=("b",) if is_bound else (),
            parallelism=self._rng.choice((None, 0, 1, 2)),
            min_success_ratio=ratio if tolerates else None,
        )
        self._totals(self._add(array, a=items, b=self._int() if is_bound else items))

    def _maps_a_plan(self) -> None:
        plan = self._parts.plan(_Author(self._parts, self._depth - 1).workflow(2, n_outputs=1))
        self._totals(self._add(Array(target=LaunchPlanRef(id=plan.id)), x=self._list()))

    def _totals(self, mapped: Node) -> None:
        self._yields_ints(self._add(TaskRef(id=self._parts.task("total")), a=self._out(mapped)))

    # ── what nodes are made of ───────────────────────────────────────────────

    @property
    def _rng(self) -> Random:
        return self._parts.rng

    def _add(self, target: NodeTarget, **inputs: BindingData) -> Node:
        above = tuple(node.id for node in self._nodes if self._parts.chance(0.05))
        node = self._node(f"n{len(self._nodes)}", target, inputs, above)
        self._nodes.append(node)
        return node

    def _node(
        self, id_: str, target: NodeTarget, inputs: dict[str, BindingData], upstream: tuple[NodeId, ...] = ()
    ) -> Node:
        runs_a_task = isinstance(target, TaskRef | Array)
        metadata = NodeMetadata(
            retry=RetryPolicy(retries=5) if runs_a_task and self._parts.chance(0.1) else None,
            cache_enabled=False if runs_a_task and self._parts.chance(0.1) else None,
            timeout_ns=LONG_NS if isinstance(target, Gate) else None,
        )
        bindings = tuple(Binding(var=var, data=data) for var, data in inputs.items())
        return Node(id=NodeId(id_), target=target, inputs=bindings, upstream=upstream, metadata=metadata)

    def _yields_ints(self, node: Node, *names: str) -> None:
        self._ints += [self._out(node, name) for name in names or ("o0",)]

    def _out(self, node: Node, name: str = "o0") -> Promise:
        return Promise(node=node.id, var=name)

    def _call(self) -> tuple[TaskRef, dict[str, BindingData]]:
        op, second = self._rng.choice((("add", "b"), ("first", "noise")))
        task = TaskRef(id=self._parts.task(op, k=self._rng.randrange(9)))
        return task, {"a": self._int(), second: self._int()}

    def _branch(self, depth: int) -> Branch:
        nodes: list[Node] = []
        for i in range(self._rng.randint(2, 3)):
            if depth and self._parts.chance(0.2):
                nodes.append(self._node(f"n{i}", self._branch(depth - 1), {}))
            else:
                nodes.append(self._node(f"n{i}", *self._call()))
        *some, last = nodes
        fails = self._parts.trouble(0.3)
        return Branch(
            arms=tuple(Arm(condition=self._condition(), node=node) for node in (nodes if fails else some)),
            otherwise=None if fails else last,
            error="no arm holds" if fails else "",
        )

    def _condition(self) -> Condition:
        compared = Compare(
            left=self._rng.choice(self._ints), operator=self._rng.choice(list(Comparison)), right=self._const()
        )
        if self._parts.chance(0.7):
            return compared
        return Combine(left=compared, operator=self._rng.choice(list(Conjunction)), right=self._condition())

    def _int(self) -> Promise | Const:
        """A constant, an element of a list, or an integer made before: often the last one, so that chains grow."""
        if self._parts.chance(0.15):
            return self._const()
        if self._lists and self._parts.chance(0.2):
            return attrs.evolve(self._rng.choice(self._lists), path=(0,))
        return self._ints[-1] if self._parts.chance(0.4) else self._rng.choice(self._ints)

    def _const(self) -> Const:
        return Const(value=literal_of(self._rng.randrange(100)))

    def _list(self) -> BindingData:
        if self._lists and self._parts.chance(0.7):
            return self._rng.choice(self._lists)
        if self._parts.chance(0.5):
            return BindingCollection(items=tuple(self._int() for _ in range(self._rng.randrange(4))))
        return self._out(self._add(TaskRef(id=self._parts.task("span", least=0)), a=self._int()))

    def _inner(self) -> WorkflowTemplate:
        """Another workflow: one that is there already, or a new one."""
        if self._parts.workflows and self._parts.chance(0.3):
            return self._rng.choice(self._parts.workflows)
        return _Author(self._parts, self._depth - 1).workflow(self._rng.randint(1, 4), n_outputs=2)

    def _handler(self) -> Node:
        inputs = {name: Promise(node=WORKFLOW_INPUT, var=name) for name in ("x", "y")}
        return self._node("fn0", TaskRef(id=self._parts.task("clean_up")), dict(inputs))
