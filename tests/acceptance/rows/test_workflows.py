"""Workflows, through real runs: inputs, outputs, order, overrides, failures, references and what promises offer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, Optional

import pytest
from pydantic import BaseModel

from plait import (
    LaunchPlan,
    PodTemplate,
    Resources,
    TaskFailure,
    Workflow,
    WorkflowFailurePolicy,
    create_node,
    current_context,
    reference_launch_plan,
    reference_task,
    task,
    workflow,
)
from plait.testing import task_mock
from plait_core.errors.authoring import InvalidOption, PromiseMisuse, ReferenceCalled, UnknownField, WrongOutputs
from plait_core.errors.compiling import CompileFailed
from plait_core.ir.executions import ExecutionMode
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import Container, PodSpec, ResourceEntry, ResourceName, ResourceSpec
from plait_core.ports.databases import ExecutionFilter, Page
from plait_core.testing.memory import MemoryDatabase
from tests.acceptance.rows.recording import begin, engine_on, finished, record, units_of

ran: list[Any] = []
"""What task bodies note down; emptied before each test."""


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


Greetings = NamedTuple("Greetings", [("first", str), ("second", str)])


@task
def add(a: int, b: int = 2) -> int:
    return a + b


@task
def split(a: int) -> tuple[int, str]:
    return a, str(a)


@task
def greet(name: str) -> Greetings:
    return Greetings(f"Hello {name}", f"Bye {name}")


@task
def note(what: str) -> None:
    ran.append(what)


noting: Any = note
"""The same without a type: what it returns can be ordered with ``>>``, which type checkers do not know."""


@task
def boom(n: int = 0) -> int:
    ran.append("boom")
    raise RuntimeError(f"boom {n}")


# ── inputs and outputs ───────────────────────────────────────────────────────


def test_outputs_without_names_can_be_unpacked_and_indexed() -> None:
    """W-03: in the workflow by position and name, outside as the default tuple."""

    @workflow
    def wf(a: int) -> tuple[int, str, int, str]:
        both: Any = split(a=a)
        number, text = both
        return number, text, both[0], both.o1

    assert repr(wf(a=1)) == "DefaultNamedTupleOutput(o0=1, o1='1', o2=1, o3='1')"


def test_named_outputs_keep_their_tuple() -> None:
    """W-04: whether the promise itself is returned or a tuple is made of its parts."""

    @workflow
    def whole() -> Greetings:
        return greet(name="you")

    @workflow
    def made() -> Greetings:
        said = greet(name="you")
        return Greetings(first=said.second, second=said.first)

    assert whole() == Greetings("Hello you", "Bye you")
    assert made() == Greetings("Bye you", "Hello you")


def test_workflow_without_outputs_returns_none() -> None:
    """W-05."""

    @workflow
    def wf() -> None:
        note("ran")

    assert record(wf).value is None
    assert ran == ["ran"]


@pytest.mark.parametrize("use", [bool, str, lambda nothing: nothing == 1, lambda nothing: add(a=nothing)])
def test_using_the_result_of_a_task_that_gives_nothing_is_refused(use: Callable[[Any], Any]) -> None:
    """W-05."""

    @workflow
    def wf() -> None:
        use(noting("x"))

    with pytest.raises(PromiseMisuse):
        wf()


@pytest.mark.parametrize(
    ("declared", "returned"), [(int, (1, 2)), (tuple[int, int], 1), (tuple[int, int], (1, 2, 3)), (None, 1)]
)
def test_returning_another_number_of_outputs_is_one_error(declared: Any, returned: Any) -> None:
    """W-06, Q-21."""

    def wf() -> Any:
        return returned

    wf.__annotations__["return"] = declared

    with pytest.raises(WrongOutputs):
        workflow(wf)()


def test_constants_and_inputs_can_be_outputs() -> None:
    """W-07, Q-17: None too."""

    @workflow
    def wf(a: int, b: Optional[int] = None) -> tuple[int, str, Optional[int]]:
        return a, "constant", b

    assert tuple(wf(a=1)) == (1, "constant", None)


def test_lists_and_dicts_may_mix_promises_and_constants_at_any_depth() -> None:
    """W-08."""

    @task
    def total(ns: dict[str, list[int]]) -> int:
        return sum(n for each in ns.values() for n in each)

    @workflow
    def wf(a: int) -> tuple[int, dict[str, list[int]]]:
        nested = {"x": [add(a=a), 1], "y": [a]}
        return total(ns=nested), nested

    assert tuple(wf(a=1)) == (5, {"x": [3, 1], "y": [1]})


def test_unused_inputs_are_allowed() -> None:
    """W-10."""

    @workflow
    def wf(a: int, unused: str = "x") -> int:
        return add(a=a)

    assert wf(a=1) == 3


def test_types_between_nodes_are_compared_before_anything_runs() -> None:
    """W-20, Q-29."""

    @workflow
    def wf() -> str:
        note("too early")
        return greet(name=add(a=1)).first  # type: ignore[arg-type]  # under test

    with pytest.raises(CompileFailed, match="name"):
        wf()
    assert ran == []


# ── order ────────────────────────────────────────────────────────────────────


def test_order_can_be_said_without_values() -> None:
    """W-15: chains of >>, runs_before, and after=, whatever the order of the calls."""

    @workflow
    def wf() -> None:
        last, third, second, first = noting("4"), noting("3"), create_node(note, what="2"), create_node(note, what="1")
        first >> second
        second >> third >> last
        note.with_overrides(after=last)("5")

    wf()
    assert ran == ["1", "2", "3", "4", "5"]


def test_created_nodes_offer_their_outputs() -> None:
    """W-16: by attribute and by name."""

    @workflow
    def wf() -> tuple[int, str]:
        one = create_node(split, a=1)
        two = create_node(greet, name="you")
        one.runs_before(two)
        number: Any = one.o0
        text: Any = two.outputs["second"]
        return number, text

    assert tuple(wf()) == (1, "Bye you")


def test_subworkflow_is_a_node_of_the_same_execution() -> None:
    """W-11: its own nodes keep their ids below it."""

    @workflow
    def inner(a: int) -> int:
        return add(a=add(a=a))

    @workflow
    def wf(a: int) -> tuple[int, int]:
        return add(a=a), inner(a=a)

    recorded = record(wf, a=1)

    assert tuple(recorded.value) == (3, 5)
    assert sorted(recorded.nodes) == ["n0", "n1", "n1-0-n0", "n1-0-n1"]


def test_launch_plan_in_a_workflow_is_an_execution_of_its_own() -> None:
    """W-12: a child of the node, with the labels of its parent and the plan's fixed inputs."""

    @workflow
    def inner(a: int, b: int = 5) -> int:
        return add(a=a, b=b)

    plan = LaunchPlan.get_or_create(inner, "rows.inner", fixed_inputs={"b": 7})

    @workflow
    def wf(a: int) -> int:
        return add(a=plan(a=a), b=0)

    async def run() -> tuple[Any, Any]:
        async with engine_on(MemoryDatabase()) as engine:
            execution = await begin(engine, wf, a=1, options=ExecutionOptions(labels={"team": "x"}))
            recorded = await finished(engine, wf, execution)
            rows, _ = await engine.database.views.executions(ExecutionFilter(), Page())
            (child,) = [row for row in rows if row.id != execution]
            return recorded, child

    recorded, child = asyncio.run(run())
    assert recorded.value == 8
    assert (child.mode, child.phase) == (ExecutionMode.CHILD_WORKFLOW, ExecutionPhase.SUCCEEDED)
    assert child.labels == {"team": "x"}


# ── imperative workflows ─────────────────────────────────────────────────────


def test_imperative_workflow_runs_like_a_decorated_one() -> None:
    """W-24: with a sub-workflow, a launch plan and a list as output."""

    @workflow
    def inner(a: int) -> int:
        return add(a=a, b=0)

    wf = Workflow(name="rows.imperative")
    a = wf.add_workflow_input("a", int)
    first = wf.add_entity(add, a=a)
    second = wf.add_subwf(inner, a=first.outputs["o0"])
    third = wf.add_launch_plan(LaunchPlan.get_or_create(inner, "rows.imperative.inner"), a=second.outputs["o0"])
    wf.add_workflow_output("single", third.outputs["o0"])
    wf.add_workflow_output("both", [first.outputs["o0"], a], python_type=list[int])

    assert wf.ready()
    result: Any = wf(a=1)
    assert (result.single, result.both) == (3, [3, 1])


def test_imperative_workflow_can_choose_and_clean_up() -> None:
    """W-24: create_conditional and add_on_failure_handler."""

    @task
    def clean_up(n: int, err: Optional[TaskFailure] = None) -> None:
        ran.append(("cleaned", n, err and err.failed_node_id))

    wf = Workflow(name="rows.imperative_choice")
    n: Any = wf.add_workflow_input("n", int)
    wf.create_conditional("choose").if_(n > 1).then(boom(n=n)).else_().then(add(a=n))
    wf.add_on_failure_handler(clean_up)

    wf(n=1)
    with pytest.raises(RuntimeError, match="boom 2"):
        wf(n=2)
    assert ran == ["boom", ("cleaned", 2, "n0-0-n0")]


# ── overrides ────────────────────────────────────────────────────────────────


def test_overridden_retries_count() -> None:
    """W-17: in place of those of the task."""

    @task(retries=5)
    def flaky() -> None:
        ran.append(current_context().attempt)
        raise RuntimeError

    flaking: Any = flaky

    @workflow
    def wf() -> None:
        flaking().with_overrides(retries=1)

    with pytest.raises(RuntimeError):
        wf()
    assert ran == [0, 1]


def test_retries_can_be_overridden_with_none_at_all() -> None:
    """W-17: zero is a number."""

    @task(retries=5)
    def flaky() -> None:
        ran.append(current_context().attempt)
        raise RuntimeError

    @workflow
    def wf() -> None:
        flaky.with_overrides(retries=0)()

    with pytest.raises(RuntimeError):
        wf()
    assert ran == [0]


def test_overridden_timeout_counts() -> None:
    """W-17."""

    @task(timeout=100)
    async def stuck() -> None:
        await asyncio.Event().wait()

    waiting: Any = stuck

    @workflow
    def wf() -> None:
        waiting.with_overrides(timeout=timedelta(milliseconds=10))()

    assert record(wf).codes == ["TimeoutExpired"]


def test_overridden_name_becomes_the_id_of_the_node() -> None:
    """W-17: normalised; ``name`` is what people see."""

    @workflow
    def wf() -> int:
        first: Any = add(a=1)
        return add(a=first.with_overrides(node_name="My_Node", name="My node"))

    recorded = record(wf)

    assert sorted(recorded.nodes) == ["my-node", "n1"]
    assert recorded.nodes["my-node"].name == "My node"


def test_two_nodes_of_one_name_are_refused() -> None:
    """W-17, W-21, Q-28: before anything runs."""

    @workflow
    def wf() -> int:
        add.with_overrides(node_name="same")(a=1)
        return add.with_overrides(node_name="Same")(a=1)

    with pytest.raises(CompileFailed, match="two nodes are called 'same'"):
        wf()


def test_overrides_reach_the_executor() -> None:
    """W-17: image, resources, devices and pod, although the task declares none of them."""

    @task
    def plain() -> None:
        pass

    @workflow
    def wf() -> None:
        plain.with_overrides(container_image="other:2", requests=Resources(cpu="2"), shared_memory="1Gi")()

    (unit,) = units_of(wf)

    requests = (ResourceEntry(name=ResourceName.CPU, quantity="2"),)
    assert unit.template.target == Container(image="other:2", resources=ResourceSpec(requests=requests))
    assert unit.template.extended_resources.shared_memory == "1Gi"


def test_overridden_image_goes_into_the_pod_of_the_task() -> None:
    """W-17: and an overridden pod takes the container of the task in."""
    pod = PodTemplate(pod_spec={"containers": [{"name": "primary", "tty": True}]}, labels={"a": "b"})

    @task(pod_template=pod, container_image="own:1")
    def podded() -> None:
        pass

    @task(container_image="own:1")
    def plain() -> None:
        pass

    @workflow
    def wf() -> None:
        podded.with_overrides(container_image="other:2")()
        plain.with_overrides(pod_template=pod)()

    targets = [unit.template.target for unit in units_of(wf)]

    assert targets == [
        PodSpec(pod_spec={"containers": [{"name": "primary", "tty": True, "image": image}]}, labels={"a": "b"})
        for image in ("other:2", "own:1")
    ]


@pytest.mark.parametrize("overrides", [{"timeout": "1"}, {"retries": -1}, {"retries": "2"}])
def test_override_of_the_wrong_kind_is_refused(overrides: Any) -> None:
    """W-17: as it is for the task itself."""

    @workflow
    def wf() -> int:
        return add.with_overrides(**overrides)(a=1)

    with pytest.raises(InvalidOption):
        wf()


@pytest.mark.parametrize(
    ("of_node", "of_task", "of_execution", "of_workflow", "told"),
    [
        (None, None, None, False, False),
        (None, None, None, True, True),
        (None, False, None, True, False),
        (None, True, None, False, True),
        (False, True, None, True, False),
        (True, False, None, False, True),
        (None, None, True, False, True),
        (None, None, False, True, False),
        (None, False, True, True, False),
    ],
)
def test_nearest_word_on_interruption_counts(
    of_node: bool | None, of_task: bool | None, of_execution: bool | None, of_workflow: bool, told: bool
) -> None:
    """T-08: the node's, then the task's, then the execution's, then the workflow's."""

    @task(interruptible=of_task)
    def work() -> None:
        pass

    overrides: Any = {} if of_node is None else {"interruptible": of_node}

    @workflow(interruptible=of_workflow)
    def wf() -> None:
        work.with_overrides(**overrides)()

    (unit,) = units_of(wf, options=ExecutionOptions(interruptible=of_execution))

    assert unit.is_interruptible is told


# ── promises ─────────────────────────────────────────────────────────────────


@dataclass
class Inner:
    """A part."""

    numbers: list[int]
    names: dict[str, str]


@dataclass
class Outer:
    """A whole."""

    inner: Inner
    size: int


class Model(BaseModel):
    """A part in pydantic's way."""

    label: str
    inner: list[int]


@task
def make_outer(n: int) -> Outer:
    return Outer(inner=Inner(numbers=list(range(n)), names={"k": "v" * n}), size=n)


@task
def make_model() -> Model:
    return Model(label="m", inner=[4, 5])


@task
def make_files() -> dict[str, list[int]]:
    return {"a": [1, 2], "b": []}


@pytest.mark.parametrize("n", [3, 40_000])
def test_parts_of_promises_flow(n: int) -> None:
    """W-18: fields, items and keys, chained; of values that are stored apart too, of which only the part is read."""

    @workflow
    def wf(n: int) -> tuple[int, int, str, Inner, list[int]]:
        outer = make_outer(n=n)
        number = add(a=outer.inner.numbers[2], b=outer.size)
        return number, outer.inner.numbers[1], outer.inner.names["k"], outer.inner, outer.inner.numbers

    number, second, text, inner, numbers = wf(n=n)

    assert (number, second, text) == (2 + n, 1, "v" * n)
    assert inner == Inner(numbers=list(range(n)), names={"k": "v" * n})
    assert numbers == list(range(n))


def test_parts_of_models_and_dicts_flow() -> None:
    """W-18."""

    @workflow
    def wf() -> tuple[str, int, int]:
        model, files = make_model(), make_files()
        return model.label, model.inner[1], add(a=files["a"][0], b=model.inner[0])

    assert tuple(wf()) == ("m", 5, 5)


def test_part_that_is_missing_fails_the_node_that_needs_it() -> None:
    """W-18: at run time, naming what is not there."""

    @workflow
    def wf() -> int:
        return add(a=make_files()["b"][3])

    recorded = record(wf)

    assert recorded.error.node == "n1"
    assert "3" in recorded.error.message


def test_field_that_a_class_does_not_have_is_refused_before_anything_runs() -> None:
    """W-18."""

    @workflow
    def wf() -> int:
        return make_outer(n=1).nothing  # type: ignore[attr-defined, no-any-return]  # under test

    with pytest.raises(UnknownField, match="nothing"):
        wf()


# ── failures ─────────────────────────────────────────────────────────────────


def test_failure_stops_what_has_not_begun() -> None:
    """W-13: the default policy."""

    @workflow
    def wf() -> None:
        failed: Any = boom()
        failed >> noting("after the failure")
        noting("independent") >> noting("later")

    recorded = record(wf)

    assert recorded.ending.phase is ExecutionPhase.FAILED
    assert "after the failure" not in ran
    assert "later" not in ran


def test_other_policy_lets_independent_nodes_end() -> None:
    """W-13: those that depend on the failure never run, and the run fails."""

    @workflow(failure_policy=WorkflowFailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE)
    def wf() -> None:
        failed: Any = boom()
        failed >> noting("after the failure")
        noting("independent") >> noting("later")

    recorded = record(wf)

    assert recorded.ending.phase is ExecutionPhase.FAILED
    assert recorded.error.node == "n0"
    assert ran == ["boom", "independent", "later"]


def test_failure_of_a_subworkflow_is_handled_there_and_raised() -> None:
    """W-14: each workflow has its own handler, the inner one first."""

    @task
    def clean_inner(n: int, err: Optional[TaskFailure] = None) -> None:
        ran.append(("inner", n, err and err.failed_node_id))

    @task
    def clean_outer(err: Optional[TaskFailure] = None) -> None:
        ran.append(("outer", err and err.message))

    @workflow(on_failure=clean_inner)
    def inner(n: int) -> int:
        return boom(n=n)

    @workflow(on_failure=clean_outer)
    def wf() -> int:
        return inner(n=4)

    recorded = record(wf)

    assert ran == ["boom", ("inner", 4, "n0-0-n0"), ("outer", recorded.error.message)]
    assert "boom 4" in recorded.error.message


def test_workflow_can_handle_a_failure() -> None:
    """W-14: and what is not about the error gets nothing."""

    @task
    def say(n: int, err: Optional[TaskFailure], extra: Optional[str]) -> None:
        ran.append((n, extra, err is not None))

    @workflow
    def handler(n: int, extra: Optional[str] = None, err: Optional[TaskFailure] = None) -> None:
        say(n=n, err=err, extra=extra)

    @workflow(on_failure=handler)
    def wf(n: int) -> int:
        return boom(n=n)

    with pytest.raises(RuntimeError, match="boom 1"):
        wf(n=1)
    assert ran == ["boom", (1, None, True)]


def test_handler_that_fails_does_not_hide_the_failure() -> None:
    """W-14: the error of the run is the first one."""

    @task
    def clean_up(err: Optional[TaskFailure] = None) -> None:
        raise LookupError("cleaning failed")

    @workflow(on_failure=clean_up)
    def wf() -> int:
        return boom(n=1)

    recorded = record(wf)

    assert recorded.error.node == "n0"
    assert recorded.phases == {"n0": "FAILED", "fn0": "FAILED"}


def test_handler_is_not_run_where_nothing_failed() -> None:
    """W-14."""

    @task
    def clean_up(a: int) -> None:
        ran.append("cleaned")

    @workflow(on_failure=clean_up)
    def wf(a: int) -> int:
        return add(a=a)

    assert wf(a=1) == 3
    assert ran == []


# ── references ───────────────────────────────────────────────────────────────


@reference_task(project="p", domain="d", name="elsewhere.load", version="v1")
def load(x: int) -> int:
    raise NotImplementedError


@reference_launch_plan(project="p", domain="d", name="elsewhere.plan", version="v1")
def planned(x: int) -> int:
    raise NotImplementedError


def test_reference_runs_where_a_mock_stands_in() -> None:
    """W-26, W-60."""

    @workflow
    def wf(x: int) -> int:
        return add(a=load(x=x))

    with task_mock(load) as mock:
        mock.return_value = 40
        assert wf(x=1) == 42


@pytest.mark.parametrize("reference", [load, planned])
def test_reference_alone_does_not_run(reference: Callable[..., int]) -> None:
    """W-60, W-61."""
    with pytest.raises(ReferenceCalled):
        reference(x=1)


# ── launch plans ─────────────────────────────────────────────────────────────


def test_plan_gives_its_defaults_and_keeps_what_is_fixed() -> None:
    """Q-06, Q-07."""

    @workflow
    def wf(a: int = 1, b: int = 1) -> int:
        return add(a=a, b=b)

    plan = LaunchPlan.get_or_create(wf, "rows.plan", default_inputs={"a": 10}, fixed_inputs={"b": 100})

    assert (plan(), plan(a=1)) == (110, 101)
