"""Launch plans: names, inputs, schedules, notifications and options."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from plait_core.authoring import launch_plans
from plait_core.authoring.launch_plans import LaunchPlan, default_plan
from plait_core.authoring.notifications import Email, PagerDuty, Slack
from plait_core.authoring.options import Annotations, Labels, Options
from plait_core.authoring.references import reference_launch_plan, reference_task, reference_workflow
from plait_core.authoring.schedules import CronSchedule, FixedRate
from plait_core.authoring.tracing import trace
from plait_core.authoring.workflows import workflow
from plait_core.errors.authoring import (
    InvalidLaunchPlan,
    InvalidOption,
    InvalidWorkflow,
    ReferenceCalled,
    UnknownOptions,
    WrongArguments,
)
from plait_core.ir.launch_plans import ConcurrencyPolicy, ExecutionOptions, NotificationSpec, ScheduleSpec
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import SecurityContext
from plait_core.ir.types import SimpleType
from plait_core.ir.workflows import Binding, Const, LaunchPlanRef
from tests.unit.authoring.samples import add


@workflow(default_options=Options(labels=Labels(team="x"), max_parallelism=3))
def sample(a: int, b: int = 2) -> int:
    return add(a=a, b=b)


@workflow
def timed(at: datetime, n: int = 1) -> int:
    return add(a=n)


def integer(value: int) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_plans, "_plans", {})


def test_default_plan_has_name_defaults_and_options_of_its_workflow() -> None:
    """There is one per workflow."""
    plan = LaunchPlan.get_or_create(sample)

    assert plan is default_plan(sample)
    assert (plan.name, plan.template.workflow) == (sample.name, sample.id)
    assert [(p.variable.name, p.is_required, p.default) for p in plan.template.parameters] == [
        ("a", True, None),
        ("b", False, integer(2)),
    ]
    assert plan.template.options.labels == {"team": "x"}
    assert plan.template.options.max_parallelism == 3


def test_fixed_inputs_vanish_and_defaults_replace_those_of_the_workflow() -> None:
    """What remains is what an execution may give."""
    plan = LaunchPlan.create("p", sample, fixed_inputs={"a": 1}, default_inputs={"b": 5})

    assert plan.template.fixed_inputs == {"a": integer(1)}
    assert [(p.variable.name, p.default) for p in plan.template.parameters] == [("b", integer(5))]


def test_same_name_with_same_properties_is_the_same_plan() -> None:
    """Asking again is free."""
    asked = {"fixed_inputs": {"a": 1}}

    assert LaunchPlan.get_or_create(sample, "p", **asked) is LaunchPlan.get_or_create(sample, "p", **asked)  # type: ignore[arg-type]  # one option


CLASHES: dict[str, Callable[[], Any]] = {
    "other property": lambda: LaunchPlan.get_or_create(sample, "p", max_parallelism=2),
    "other workflow": lambda: LaunchPlan.get_or_create(timed, "p", max_parallelism=1),
    "created again": lambda: LaunchPlan.create("p", sample, max_parallelism=1),
    "default plan with properties": lambda: LaunchPlan.get_or_create(sample, max_parallelism=1),
    "unknown fixed input": lambda: LaunchPlan.create("q", sample, fixed_inputs={"z": 1}),
    "unknown default input": lambda: LaunchPlan.create("q", sample, default_inputs={"z": 1}),
    "schedule without inputs": lambda: LaunchPlan.create("q", sample, schedule=CronSchedule("@daily")),
    "options of another type": lambda: LaunchPlan.create("q", sample, max_parallelism="3"),  # type: ignore[arg-type]  # as authors may
    "tags in one text": lambda: LaunchPlan.create("q", sample, tags="abc"),
    "labels that nobody can store": lambda: LaunchPlan.create("q", sample, labels={"a": "\0"}),
    "kickoff that is no datetime": lambda: LaunchPlan.create(
        "q", timed, schedule=CronSchedule("@daily", kickoff_time_input_arg="n")
    ),
}


@pytest.mark.parametrize("make", CLASHES.values(), ids=CLASHES)
def test_plan_that_does_not_fit_is_refused(make: Callable[[], Any]) -> None:
    """The message names the plan and the property."""
    LaunchPlan.create("p", sample, max_parallelism=1)

    with pytest.raises(InvalidLaunchPlan):
        make()


def test_unknown_property_is_refused() -> None:
    """It is not swallowed."""
    with pytest.raises(UnknownOptions):
        LaunchPlan.create("p", sample, schedul="x")  # type: ignore[call-arg]  # under test


def test_clone_differs_by_what_is_given() -> None:
    """The rest is kept."""
    plan = LaunchPlan.create("p", sample, fixed_inputs={"a": 1}, max_parallelism=1)

    clone = plan.clone_with("q", max_parallelism=2)

    assert (clone.options, clone.name) == ({"fixed_inputs": {"a": 1}, "max_parallelism": 2}, "q")


def test_plan_is_called_by_name_and_starts_an_execution_of_its_own() -> None:
    """Only what is given is bound; the plan has the rest."""
    plan = LaunchPlan.create("p", sample, default_inputs={"a": 1})

    @workflow
    def outer() -> int:
        return plan(b=3)

    (node,) = outer.template.nodes
    assert node.target == LaunchPlanRef(id=plan.id)
    assert node.inputs == (Binding(var="b", data=Const(value=integer(3))),)
    assert plan.id in trace(outer).closure.launch_plan_by_id


@pytest.mark.parametrize(
    ("args", "kwargs"), [((1,), {}), ((), {"a": 2}), ((), {"z": 1})], ids=["position", "fixed", "unknown"]
)
def test_call_of_a_plan_that_does_not_fit_is_refused(args: tuple[int, ...], kwargs: dict[str, int]) -> None:
    """Inside a workflow and outside of it."""
    plan = LaunchPlan.create("p", sample, fixed_inputs={"a": 1})

    @workflow
    def outer() -> int:
        return plan(*args, **kwargs)

    with pytest.raises(WrongArguments):
        _ = outer.template
    if args or "a" in kwargs:
        with pytest.raises(WrongArguments):
            plan(*args, **kwargs)


def test_every_property_finds_its_place_in_the_template() -> None:
    """Nothing that a plan declares is lost."""
    security = SecurityContext(service_account="robot")
    template = LaunchPlan.create(
        "p",
        timed,
        schedule=CronSchedule("0 9 * * 1-5", kickoff_time_input_arg="at", timezone="Europe/Berlin", offset="PT1H"),
        notifications=[Email(phases=[ExecutionPhase.FAILED], recipients_email=["a@example.org"])],
        labels={"a": 1},  # type: ignore[dict-item]  # as people write them
        annotations=Annotations(b="2"),
        envs={"C": "3"},
        tags=["t"],
        raw_output_data_config="s3://bucket",
        max_parallelism=5,
        security_context=security,
        interruptible=True,
        overwrite_cache=True,
        auto_activate=True,
        concurrency=ConcurrencyPolicy(max_concurrency=1),
    ).template

    assert template.schedule == ScheduleSpec(
        kind="cron",
        spec={"schedule": "0 9 * * 1-5", "timezone": "Europe/Berlin", "offset": "PT1H"},
        kickoff_input="at",
    )
    told = NotificationSpec(kind="email", phases=(ExecutionPhase.FAILED,), spec={"recipients": ["a@example.org"]})
    assert template.options == ExecutionOptions(
        labels={"a": "1"},
        annotations={"b": "2"},
        envs={"C": "3"},
        tags=("t",),
        raw_data_prefix="s3://bucket",
        max_parallelism=5,
        security=security,
        interruptible=True,
        overwrite_cache=True,
        notifications=(told,),
    )
    assert (template.concurrency, template.auto_activate) == (ConcurrencyPolicy(max_concurrency=1), True)


@pytest.mark.parametrize(("minutes", "value", "unit"), [(90, 90, "minute"), (120, 2, "hour"), (2880, 2, "day")])
def test_rate_is_said_in_the_largest_unit_that_fits(minutes: int, value: int, unit: str) -> None:
    """Ninety minutes stay minutes."""
    spec = FixedRate(timedelta(minutes=minutes)).spec()

    assert spec == ScheduleSpec(kind="fixed_rate", spec={"value": value, "unit": unit})


@pytest.mark.parametrize("duration", [timedelta(), timedelta(seconds=90), timedelta(minutes=-1)])
def test_rate_of_no_whole_minutes_is_refused(duration: timedelta) -> None:
    """Zero included."""
    with pytest.raises(InvalidOption):
        FixedRate(duration)


@pytest.mark.parametrize("phases", [[], [ExecutionPhase.RUNNING]], ids=["none", "running"])
def test_notification_is_about_the_end_of_executions(phases: list[ExecutionPhase]) -> None:
    """At least one terminal phase."""
    with pytest.raises(InvalidOption):
        Slack(phases=phases, webhook="https://example.org")


def test_kinds_of_notification_have_names() -> None:
    """By which a plugin is chosen."""
    phases = [ExecutionPhase.FAILED]
    told = [Email(phases, ["a"]), PagerDuty(phases, ["a"]), Slack(phases, webhook="w")]

    assert [one.spec().kind for one in told] == ["email", "pager_duty", "slack"]


def test_options_can_be_made_from_the_two_that_matter_most() -> None:
    """A service account and a place for values."""
    options = Options.default_from(k8s_service_account="robot", raw_data_prefix="s3://bucket")

    assert options == Options(
        security_context=SecurityContext(service_account="robot"), raw_output_data_config="s3://bucket"
    )


@reference_task(project="p", domain="d", name="far.add", version="v1")
def far_add(a: int, b: int = 1) -> int: ...  # type: ignore[empty-body]  # only the signature counts


@reference_workflow(project="p", domain="d", name="far.wf", version="v1")
def far_workflow(a: int) -> int: ...  # type: ignore[empty-body]  # as above


@reference_launch_plan(project="p", domain="d", name="far.plan", version="v1")
def far_plan(a: int, b: int = 1) -> int: ...  # type: ignore[empty-body]  # as above


def test_references_are_nodes_under_their_full_id() -> None:
    """The closure carries what is known of them, so that edges can be checked."""

    @workflow
    def uses(n: int) -> int:
        return far_plan(a=far_add(a=n))

    closure = trace(uses).closure
    assert str(far_add.id) == "task:p:d:far.add@v1"
    assert {far_add.id} == set(closure.task_by_id)
    assert far_plan.id in closure.launch_plan_by_id


def test_reference_workflow_is_no_subworkflow() -> None:
    """Its nodes are not here."""

    @workflow
    def uses(n: int) -> int:
        return far_workflow(a=n)

    with pytest.raises(InvalidWorkflow):
        _ = uses.template


@pytest.mark.parametrize("reference", [far_workflow, far_plan], ids=str)
def test_reference_does_not_run_here(reference: Callable[..., Any]) -> None:
    """Its nodes are elsewhere. A task leaves that to who runs it, because a stand-in may."""
    with pytest.raises(ReferenceCalled):
        reference(a=1)
