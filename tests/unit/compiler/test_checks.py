"""Everything that can be wrong with a graph is found, all at once, each with the lines that it was written on."""

from collections.abc import Sequence

import attrs
import pytest

from plait_core.compiler.checks import check
from plait_core.compiler.closures import compile_closure
from plait_core.errors.compiling import CompileFailed, Fault
from plait_core.ir.executions import Closure
from plait_core.ir.ids import NodeId
from plait_core.ir.interfaces import Variable
from plait_core.ir.launch_plans import LaunchPlanTemplate, ScheduleSpec
from plait_core.ir.tasks import (
    CachePolicy,
    Container,
    ResourceEntry,
    ResourceName,
    ResourceSpec,
    RetryPolicy,
    TaskMetadata,
    TaskTemplate,
)
from plait_core.ir.types import (
    BOOLEAN,
    DATETIME,
    ERROR,
    INTEGER,
    NONE,
    STRING,
    LiteralType,
    SimpleType,
    TypeStructure,
)
from plait_core.ir.workflows import (
    Approve,
    Array,
    BindingCollection,
    BindingMap,
    Gate,
    Node,
    NodeMetadata,
    Promise,
    Sleep,
    TaskOverrides,
    TaskRef,
    WaitForInput,
    WorkflowTemplate,
)
from tests.unit.compiler.making import (
    T,
    bindings,
    branch,
    child,
    closure,
    compare,
    const,
    dict_of,
    enum,
    interface,
    list_of,
    node,
    plan,
    source,
    sub_workflow,
    task,
    union,
    workflow,
)

ADD = task({"a": INTEGER, "b": INTEGER}, {"o0": INTEGER}, name="add")
INC = task({"a": INTEGER}, {"o0": INTEGER})
SHOUT = task({"s": STRING}, {"o0": STRING}, name="shout")
MAYBE = union(INTEGER, NONE)
X = {"x": INTEGER}
ROW = LiteralType(
    type=SimpleType.STRUCT, structure=TypeStructure(tag="Row", fields={"id": INTEGER, "tags": list_of(STRING)})
)
POSITIVE = compare("x", ">", 0)


def graph(*nodes: Node, more: Sequence[TaskTemplate | WorkflowTemplate | LaunchPlanTemplate] = ()) -> Closure:
    """A workflow with an integer input ``x`` and these nodes, beside the tasks above."""
    return closure(ADD, INC, SHOUT, *more, workflow(*nodes, inputs=X))


def part(promise: str, *path: str | int) -> Promise:
    whole = source(promise)
    assert isinstance(whole, Promise)
    return attrs.evolve(whole, path=path)


def array(target: str, *bound: str, ratio: float | None = None, successes: int | None = None) -> Array:
    found = node("", target).target
    assert isinstance(found, TaskRef)
    return Array(target=found, bound_inputs=bound, min_success_ratio=ratio, min_successes=successes)


def told(faults: Sequence[Fault]) -> list[tuple[str, str, str]]:
    return [(fault.code, fault.node, fault.message) for fault in faults]


def test_sound_graph_of_every_kind_has_no_fault() -> None:
    """Every kind of node passes, with values that fit."""
    handler = task({"x": INTEGER, "err": union(ERROR, NONE)}, name="clean_up")
    sound = closure(
        ADD,
        INC,
        SHOUT,
        handler,
        workflow(node("n0", a="x"), name="inner", inputs=X, outputs={"o0": (INTEGER, "n0.o0")}),
        plan({"x": (INTEGER, 3)}, workflow="inner"),
        workflow(
            node("n0", "add", a="x", b=2),
            node("n1", sub_workflow("inner"), x="n0.o0"),
            node("n2", child("p")),
            node("n3", branch((POSITIVE, node("n0", a="n1.o0")), otherwise=node("n1", a="n2.o0"))),
            node("n4", Gate(condition=Approve(signal_id="ok")), o0="n3.o0"),
            node("n5", Gate(condition=WaitForInput(signal_id="s", type=list_of(INTEGER)))),
            node("n6", array("add", "b", ratio=0.5), a="n5.o0", b="n4.o0"),
            node("n7", Gate(condition=Sleep(duration_ns=5))),
            inputs=X,
            outputs={"o0": (INTEGER, "n4.o0"), "o1": (list_of(MAYBE), "n6.o0"), "o2": (INTEGER, "x")},
            failure_node=node("fn0", "clean_up", x="x"),
        ),
    )

    assert check(sound) == ()


def test_edge_names_both_types_both_lines_and_the_remedy() -> None:
    """A mismatch points at the step that takes the value and at the step that makes it."""
    faults = check(graph(node("n0", line=3, a="x"), node("n1", "shout", line=7, s="n0.o0")))

    assert faults == (
        Fault(
            code="type-mismatch",
            entity="workflow w",
            node="n1",
            message="input 's' of task shout takes str, but n0.o0 is int: int is not str",
            remedy="change one of the two types, or put a task that converts between them",
            sources=("wf.py:7", "wf.py:3"),
        ),
    )


def test_two_nodes_of_one_name_are_no_cycle() -> None:
    """The second one takes what the first gives, and only the name is at fault."""
    faults = check(graph(node("n0", "add", a="x", b="x"), node("n0", "add", a="n0.o0", b="x")))

    assert told(faults) == [("duplicate-node", "n0", "two nodes are called 'n0'")]


def test_all_faults_are_reported_at_once() -> None:
    """One look at the report is enough to correct everything."""
    faults = check(
        graph(
            node("n0", "add", a="n9.o0", z=1),
            node("n0", "gone", a="x"),
            node("n1", a="n0.o7"),
            node("n2", "add", a="y", b="x"),
        )
    )

    assert told(faults) == [
        ("duplicate-node", "n0", "two nodes are called 'n0'"),
        ("unknown-node", "n0", "input 'a' of task add takes its value from node 'n9', which does not exist"),
        ("unknown-input", "n0", "task add has no input 'z'"),
        ("unbound-input", "n0", "input 'b' of task add is not bound"),
        ("missing-entity", "n0", "it refers to task:default:development:gone@local, which is not there"),
        ("unknown-output", "n2", "input 'a' of task add takes workflow input 'y', which does not exist"),
    ]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (
            node("n1", a="n0.o7"),
            ("unknown-output", "input 'a' of task t takes output 'o7' of node n0, which does not exist"),
        ),
        (
            node("n1", "shout", s=const(4)),
            (
                "type-mismatch",
                "input 's' of task shout is given a constant of another type: $ is 4, which is not str",
            ),
        ),
        (
            attrs.evolve(node("n1", a="x"), inputs=(*bindings({"a": "x"}), *bindings({"a": 2}))),
            ("duplicate-binding", "input 'a' of task t is bound twice"),
        ),
        (
            attrs.evolve(node("n1", a="x"), upstream=(NodeId("n8"),)),
            ("unknown-node", "it waits for node 'n8', which does not exist"),
        ),
        (
            node("n1", a=BindingCollection(items=(const(1),))),
            ("type-mismatch", "input 'a' of task t takes int, but is given a list"),
        ),
    ],
)
def test_binding_that_cannot_be(bad: Node, expected: tuple[str, str]) -> None:
    """Each input gets one value, of its type, from something that exists."""
    code, message = expected

    assert told(check(graph(node("n0", a="x"), bad))) == [(code, "n1", message)]


def test_lists_and_maps_of_promises_are_checked_part_by_part() -> None:
    """The message names the part; for a union, the variant that fits best is spoken of."""
    take = task({"rows": list_of(INTEGER), "named": union(dict_of(INTEGER), NONE)}, name="take")
    rows = BindingCollection(items=(const(1), source("n0.o0"), const("two")))
    named = BindingMap(items=(("a", source("x")), ("b", source("n0.o0"))))

    faults = check(graph(node("n0", "shout", s=const("a")), node("n1", "take", rows=rows, named=named), more=[take]))

    assert told(faults) == [
        ("type-mismatch", "n1", "input 'rows' of task take[1] takes int, but n0.o0 is str: str is not int"),
        (
            "type-mismatch",
            "n1",
            "input 'rows' of task take[2] is given a constant of another type: $ is 'two', which is not int",
        ),
        ("type-mismatch", "n1", "input 'named' of task take['b'] takes int, but n0.o0 is str: str is not int"),
    ]


def test_paths_are_followed_into_lists_maps_and_structs() -> None:
    """A part of a value has the type that its fields and elements say, also behind an Optional."""
    make = task({}, {"o0": dict_of(union(ROW, NONE)), "o1": LiteralType(type=SimpleType.STRUCT)}, name="make")
    nodes = [
        node("n1", a=part("n0.o0", "k", "id")),
        node("n2", "shout", s=part("n0.o0", "k", "tags", 0)),
        node("n3", "shout", s=part("n0.o1", "anything", 3)),
        node("n4", a=part("n0.o0", "k", "tags", 0)),
        node("n5", a=part("n0.o0", "k", "name")),
        node("n6", a=part("n0.o0", 0)),
    ]

    faults = check(graph(node("n0", "make"), *nodes, more=[make]))

    assert told(faults) == [
        ("type-mismatch", "n4", "input 'a' of task t takes int, but n0.o0 is str: str is not int"),
        (
            "bad-path",
            "n5",
            "input 'a' of task t takes $.k.name of n0.o0, but $.k has no field 'name'; its fields are id, tags",
        ),
        (
            "bad-path",
            "n6",
            "input 'a' of task t takes $[0] of n0.o0, but $ is dict[str, Row | None], which has no part 0",
        ),
    ]


def test_cycle_is_spelled_out() -> None:
    """The nodes of a cycle are named in the direction of the values, and edges outside it are still checked."""
    faults = check(
        graph(node("n0", line=1, a="n1.o0"), node("n1", line=2, a="n0.o0"), node("n2", "shout", line=3, s="n1.o0"))
    )

    assert [(fault.code, fault.message, fault.sources) for fault in faults] == [
        ("cycle", "these nodes wait for each other: n1 → n0 → n1", ("wf.py:2", "wf.py:1")),
        (
            "type-mismatch",
            "input 's' of task shout takes str, but n1.o0 is int: int is not str",
            ("wf.py:3", "wf.py:2"),
        ),
    ]


def test_outputs_of_a_workflow_are_checked() -> None:
    """Every declared output is bound, once, to a value of its type."""
    wrong = workflow(
        node("n0", a="x"), inputs=X, outputs={"o0": (STRING, "n0.o0"), "o1": (INTEGER, "n0.o0"), "o2": (INTEGER, "x")}
    )
    outputs = (wrong.outputs[0], *bindings({"o1": "x", "o9": "x"}), *bindings({"o1": "x"}))

    faults = check(closure(INC, attrs.evolve(wrong, outputs=outputs)))

    assert told(faults) == [
        ("type-mismatch", "", "output 'o0' takes str, but n0.o0 is int: int is not str"),
        ("unknown-output", "", "output 'o9' is bound, but the workflow declares no such output"),
        ("duplicate-binding", "", "output 'o1' is bound twice"),
        ("unbound-output", "", "output 'o2' is declared, but nothing is bound to it"),
    ]


def test_branch_yields_what_all_arms_yield() -> None:
    """Outputs are intersected by name; a type that differs between arms becomes a union, which the next step must take."""
    one = branch((POSITIVE, node("n0", a="x")), otherwise=node("n1", "shout", s=const("a")))
    two = branch((POSITIVE, node("n0", a="x")), otherwise=node("n1", "quiet"))

    faults = check(
        graph(
            node("n0", one),
            node("n1", a="n0.o0"),
            node("n2", two),
            node("n3", a="n2.o0"),
            more=[task({}, name="quiet")],
        )
    )

    assert told(faults) == [
        ("type-mismatch", "n1", "input 'a' of task t takes int, but n0.o0 is int | str: it may be str"),
        ("unknown-output", "n3", "input 'a' of task t takes output 'o0' of node n2, which does not exist"),
    ]


def test_branch_of_a_shape_that_cannot_run() -> None:
    """No condition, no else, two arms of one name, and an arm whose input is wrong."""
    arms = branch((POSITIVE, node("m0", a="x")), (POSITIVE, node("m0", "shout", s="x")))

    faults = check(graph(node("n0", branch(error="none")), node("n1", arms)))

    assert told(faults) == [
        ("no-arms", "n0", "the conditional has no condition"),
        ("missing-else", "n1", "the conditional says nothing for the case that no condition holds"),
        ("duplicate-node", "m0", "two nodes are called 'm0'"),
        ("type-mismatch", "m0", "input 's' of task shout takes str, but workflow input x is int: int is not str"),
    ]


@pytest.mark.parametrize(
    ("left", "operator", "right", "problem"),
    [
        ("n0.i", "==", const("a"), "the condition n0.i == 'a' cannot be judged: int never equals str"),
        ("n0.b", "<", const(True), "the condition n0.b < True cannot be judged: bool and bool have no order"),
        ("n0.l", "==", const(1), "the condition n0.l == 1 cannot be judged: list[int] is not a scalar"),
        ("n0.i", ">", const(None), "the condition n0.i > None cannot be judged: int and None have no order"),
        ("n0.i", "==", const([1]), "the condition compares [1], which is not a scalar"),
        ("n0.z", "==", const(1), "the condition takes output 'z' of node n0, which does not exist"),
    ],
)
def test_condition_that_cannot_be_judged(left: str, operator: str, right: Promise, problem: str) -> None:
    """Conditions compare scalars of one kind, and order only what has an order."""
    make = task({}, {"i": INTEGER, "b": BOOLEAN, "l": list_of(INTEGER)}, name="make")
    bad = branch((compare(left, operator, right), node("m0", a="x")), error="no")

    faults = check(graph(node("n0", "make"), node("n1", bad), more=[make]))

    assert [fault.message for fault in faults] == [problem]


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [
        ("n0.i", "<", const(1.5)),
        ("n0.b", "==", const(True)),
        ("n0.m", "==", const(None)),
        ("n0.m", ">=", const(3)),
        ("n0.e", "!=", const("a")),
    ],
)
def test_condition_that_can_be_judged(left: str, operator: str, right: Promise) -> None:
    """Numbers mix, enums compare with text, and optionals with None."""
    make = task({}, {"i": INTEGER, "b": BOOLEAN, "m": MAYBE, "e": enum("a", "b")}, name="make")
    good = branch((compare(left, operator, right), node("m0", a="x")), error="no")

    assert check(graph(node("n0", "make"), node("n1", good), more=[make])) == ()


def test_map_that_cannot_run() -> None:
    """A map has a list to run over, yields one list, binds what exists, and runs a plain task."""
    pair = task({"a": INTEGER}, {"o0": INTEGER, "o1": INTEGER}, name="pair")
    grow = attrs.evolve(task({"a": INTEGER}, {}, name="grow"), metadata=TaskMetadata(is_dynamic=True))
    ints = source("n0.o0")

    faults = check(
        graph(
            node("n0", Gate(condition=WaitForInput(signal_id="s", type=list_of(INTEGER)))),
            node("n1", array("t", "a"), a="x"),
            node("n2", array("t", "q", ratio=1.5), a=ints),
            node("n3", array("pair"), a=ints),
            node("n4", array("grow"), a=ints),
            node("n5", array("t"), a="x"),
            node("n6", array("t", successes=1), a=ints),
            node("n7", array("t"), a="n6.o0"),
            more=[pair, grow],
        )
    )

    assert told(faults) == [
        ("bad-map", "n1", "the map over task t has no list to run over"),
        ("bad-map", "n2", "the map over task t binds q, which it does not take"),
        ("bad-map", "n2", "the map over task t asks for a success ratio of 1.5"),
        ("bad-map", "n3", "the map over task pair yields o0, o1, and a map yields one list at most"),
        ("bad-map", "n4", "the map over task grow runs a task that is dynamic, and such a task cannot be mapped over"),
        (
            "type-mismatch",
            "n5",
            "input 'a' of the map over task t takes list[int], but workflow input x is int: int is not list[int]",
        ),
        (
            "type-mismatch",
            "n7",
            "input 'a' of the map over task t takes list[int], but n6.o0 is list[int | None]: in each element, it may be None",
        ),
    ]


def test_gate_that_cannot_open() -> None:
    """A gate has a name to be signalled by, and takes no inputs unless it approves them."""
    faults = check(
        graph(
            node("n0", Gate(condition=Sleep(duration_ns=-1))),
            node("n1", Gate(condition=Approve(signal_id="")), v="x"),
            node("n2", Gate(condition=WaitForInput(signal_id="s", type=INTEGER)), v="x"),
            node("n3", "shout", s="n1.v"),
        )
    )

    assert told(faults) == [
        ("bad-gate", "n0", "it sleeps for -1 ns"),
        ("bad-gate", "n1", "it waits for a signal without a name"),
        ("unknown-input", "n2", "the wait for input has no input 'v'"),
        ("type-mismatch", "n3", "input 's' of task shout takes str, but n1.v is int: int is not str"),
    ]


def test_failure_handler_takes_the_inputs_of_its_workflow() -> None:
    """It takes all of them; what it takes beside is Optional; and it reads no node, since any may have failed."""
    narrow = task({"b": INTEGER, "err": ERROR, "c": MAYBE}, name="narrow")

    faults = [
        *check(closure(narrow, workflow(inputs=X, failure_node=node("fn0", "narrow")))),
        *check(closure(INC, workflow(node("n0", a="x"), inputs=X, failure_node=node("fn0", a="n0.o0")))),
        *check(closure(workflow(failure_node=node("fn0", Gate(condition=Sleep(duration_ns=0)))))),
    ]

    assert told(faults) == [
        (
            "bad-failure-handler",
            "fn0",
            "task narrow does not take x, and a failure handler takes every input of its workflow",
        ),
        ("unbound-input", "fn0", "input 'b' of task narrow is not bound"),
        ("bad-failure-handler", "fn0", "the failure handler reads n0, which may not have run"),
        ("bad-failure-handler", "fn0", "the failure handler is neither a task nor a workflow"),
    ]


def test_launch_plan_binds_what_its_workflow_takes() -> None:
    """Each input is fixed or a parameter, with values of its type, and nothing is both."""
    inner = workflow(name="inner", inputs={"a": INTEGER, "b": STRING, "c": INTEGER})
    wrong = plan({"a": (INTEGER, "one"), "z": INTEGER}, {"a": 1, "b": 2}, workflow="inner")

    faults = check(closure(inner, wrong, workflow()))

    assert told(faults) == [
        ("fixed-input", "", "input 'a' is fixed, and a parameter too"),
        ("type-mismatch", "", "the default of input 'a' does not fit: $ is 'one', which is not int"),
        ("unknown-input", "", "workflow inner has no input 'z'"),
        ("type-mismatch", "", "the fixed input 'b' does not fit: $ is 2, which is not str"),
        ("unbound-input", "", "input 'c' of workflow inner is neither fixed nor a parameter"),
    ]


def test_fixed_input_of_a_child_cannot_be_overridden() -> None:
    """A node may give what is a parameter, must give what is required, and may not give what is fixed."""
    faults = check(graph(node("n0", child("p"), a=1), more=[plan({"b": INTEGER}, {"a": 2}, workflow="elsewhere")]))

    assert told(faults) == [
        ("fixed-input", "n0", "input 'a' of launch plan p is fixed and cannot be overridden"),
        ("unbound-input", "n0", "input 'b' of launch plan p is not bound"),
    ]


def test_schedule_leaves_nothing_to_ask_for() -> None:
    """At a fire time every required input has a value, but for the datetime input that receives the time."""
    cron = ScheduleSpec(kind="cron", spec={}, kickoff_input="at")
    good = attrs.evolve(plan({"at": DATETIME}, workflow="elsewhere", name="good"), schedule=cron)
    bad = attrs.evolve(plan({"at": (INTEGER, 3), "n": INTEGER}, workflow="elsewhere", name="bad"), schedule=cron)

    faults = check(closure(good, bad, workflow()))

    assert told(faults) == [
        ("bad-schedule", "", "the schedule hands its fire time to 'at', which is no datetime input without a value"),
        ("unbound-input", "", "the plan has a schedule, but no value for n"),
    ]


def test_task_options_that_contradict_themselves() -> None:
    """Requests stay within limits, caches have a version, budgets are not negative; overrides are held to the same."""

    def amounts(**quantities: str) -> tuple[ResourceEntry, ...]:
        return tuple(ResourceEntry(name=ResourceName(name), quantity=text) for name, text in quantities.items())

    resources = ResourceSpec(
        requests=amounts(cpu="1500m", memory="2Gi", gpu="1", ephemeral_storage="lots"),
        limits=amounts(cpu="1", memory="2048Mi", gpu="2"),
    )
    cache = CachePolicy(version="", ignored_inputs=("q",))
    bad = attrs.evolve(
        task({"a": INTEGER}),
        target=Container(resources=resources),
        metadata=TaskMetadata(cache=cache, retry=RetryPolicy(retries=-1), timeout_ns=-5),
    )
    overrides = TaskOverrides(resources=ResourceSpec(requests=amounts(memory="1G"), limits=amounts(memory="1M")))
    overridden = attrs.evolve(
        node("n0", TaskRef(id=T, overrides=overrides), a="x"),
        metadata=NodeMetadata(cache=CachePolicy(version="1", ignored_inputs=("a", "z"))),
    )

    faults = check(closure(bad, workflow(overridden, inputs=X)))

    assert told(faults) == [
        ("bad-retries", "", "retries is -1"),
        ("bad-timeout", "", "the timeout is -5 ns"),
        ("bad-cache", "", "caching is on, but the cache has no version"),
        ("bad-cache", "", "the cache ignores q, which is no input"),
        ("bad-resources", "", "the ephemeral_storage request 'lots' is not an amount"),
        ("bad-resources", "", "the cpu request 1500m is above the limit 1"),
        ("bad-resources", "", "the gpu request 1 differs from the limit 2, and GPUs are not shared"),
        ("bad-cache", "n0", "the cache ignores z, which is no input"),
        ("bad-resources", "n0", "the memory request 1G is above the limit 1M"),
    ]


def test_entities_are_there_once_and_contain_no_themselves() -> None:
    """One definition per id, a definition for what is to run, and no sub-workflow inside itself."""
    twice = Variable(name="a", type=INTEGER)
    doubled = attrs.evolve(INC, interface=attrs.evolve(interface({}, {}), inputs=(twice, twice)))
    outer = workflow(
        node("n0", branch((compare(1, "==", 1), node("m0", sub_workflow("inner"))), error="no")), name="outer"
    )
    inner = workflow(node("n0", sub_workflow("outer")), name="inner")

    faults = check(closure(doubled, outer, inner, outer))

    assert [(fault.code, fault.entity, fault.message) for fault in faults] == [
        ("duplicate-entity", "workflow outer", "2 definitions share the id workflow:default:development:outer@local"),
        (
            "missing-entity",
            "workflow w",
            "workflow:default:development:w@local is to run, but its definition is not there",
        ),
        ("duplicate-variable", "task t", "two inputs are called 'a'"),
        ("recursive-workflow", "workflow inner", "the workflow contains itself: inner in outer in inner"),
    ]


def test_compiling_raises_one_error_with_every_fault() -> None:
    """The message reads from top to bottom: place, problem, lines, remedy."""
    with pytest.raises(CompileFailed) as caught:
        compile_closure(graph(node("n0", line=3, a="x"), node("n1", "shout", line=7, s="n0.o0"), node("n2", line=9)))

    assert str(caught.value) == (
        "the graph has 2 faults\n"
        "1. workflow w, node n1: input 's' of task shout takes str, but n0.o0 is int: int is not str\n"
        "    at wf.py:7\n"
        "    at wf.py:3\n"
        "    → change one of the two types, or put a task that converts between them\n"
        "2. workflow w, node n2: input 'a' of task t is not bound\n"
        "    at wf.py:9\n"
        "    → pass a=…, or give it a default where it is declared\n"
        "  → `plait check FILE` repeats these checks without running anything"
    )


def test_closure_is_compiled_once() -> None:
    """The same closure object gives the same answer again; an equal one is compiled by itself."""
    sound, twin = graph(node("n0", a="x")), graph(node("n0", a="x"))

    compiled = compile_closure(sound)

    assert compile_closure(sound) is compiled
    assert compile_closure(twin) is not compiled
    assert compiled.workflows[sound.main].order == ("n0",)


def test_long_chain_compiles() -> None:
    """Neither recursion nor a cost that grows faster than the graph limits its length."""
    chain = [node("n0", a="x"), *(node(f"n{i}", a=f"n{i - 1}.o0") for i in range(1, 20_000))]

    linked = compile_closure(graph(*reversed(chain))).workflows[graph().main]

    assert linked.order == tuple(f"n{i}" for i in range(20_000))
