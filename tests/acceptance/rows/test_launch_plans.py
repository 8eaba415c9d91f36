"""Launch plans and schedules, through real runs: what a plan adds to a workflow, and what it refuses."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from plait import (
    Annotations,
    CronSchedule,
    Email,
    ExecutionPhase,
    FixedRate,
    Labels,
    LaunchPlan,
    current_context,
    task,
    workflow,
)
from plait_core.errors import UserError
from plait_core.errors.authoring import InvalidLaunchPlan, WrongArguments
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.testing.memory import MemoryDatabase
from tests.acceptance.rows.recording import begin, engine_on, finished, record


@task
def join(a: int, b: int, at: datetime | None = None) -> str:
    return f"{a} {b}"


@workflow
def wf(a: int, b: int = 2) -> str:
    return join(a=a, b=b)


@workflow
def ticked(at: datetime, a: int = 1) -> str:
    return join(a=a, b=0, at=at)


def test_plan_runs_the_workflow_with_its_inputs_merged_in() -> None:
    """L-02, L-04, L-05, Q-06: defaults give way to what is given and beat the workflow's own."""
    plan = LaunchPlan.get_or_create(wf, "rows.merged", default_inputs={"a": 10, "b": 20})

    assert (plan(), plan(a=1), plan(a=1, b=3)) == ("10 20", "1 20", "1 3")


def test_fixed_input_is_used_and_nobody_may_give_it() -> None:
    """L-04, Q-07."""
    plan = LaunchPlan.get_or_create(wf, "rows.fixed", fixed_inputs={"b": 5})

    assert plan(a=1) == "1 5"
    with pytest.raises(WrongArguments, match="fixed b"):
        plan(a=1, b=6)


def test_plan_is_called_by_name_only() -> None:
    """L-05."""
    with pytest.raises(WrongArguments, match="by name"):
        LaunchPlan.get_or_create(wf)(1)


def test_default_plan_is_the_workflow() -> None:
    """L-01: the same name and defaults, one plan per workflow, and nothing else on it."""
    plan = LaunchPlan.get_or_create(wf)

    assert (plan.name, plan(a=1), plan is LaunchPlan.get_or_create(wf)) == (wf.name, "1 2", True)
    with pytest.raises(InvalidLaunchPlan, match="default plan"):
        LaunchPlan.get_or_create(wf, default_inputs={"a": 1})


def test_same_name_means_the_same_plan() -> None:
    """L-02, L-03: a second create, another value or another workflow is refused, naming the property."""
    plan = LaunchPlan.get_or_create(wf, "rows.same", default_inputs={"a": 1})

    assert LaunchPlan.get_or_create(wf, "rows.same", default_inputs={"a": 1}) is plan
    with pytest.raises(InvalidLaunchPlan, match="default_inputs"):
        LaunchPlan.get_or_create(wf, "rows.same", default_inputs={"a": 2})
    with pytest.raises(InvalidLaunchPlan, match="workflow"):
        LaunchPlan.get_or_create(ticked, "rows.same")
    with pytest.raises(InvalidLaunchPlan, match="exists already"):
        LaunchPlan.create("rows.same", wf)


@pytest.mark.parametrize("option", ["default_inputs", "fixed_inputs"])
def test_unknown_input_is_named(option: Any) -> None:
    """L-04, Q-24: in one class of error, with the inputs that there are."""
    with pytest.raises(InvalidLaunchPlan, match=f"{option} names c.*\n.*a, b"):
        LaunchPlan.get_or_create(wf, f"rows.unknown.{option}", **{option: {"c": 1}})  # type: ignore[arg-type]


def test_clone_runs_with_its_changes() -> None:
    """L-06."""
    plan = LaunchPlan.get_or_create(wf, "rows.original", default_inputs={"a": 1}, fixed_inputs={"b": 2})

    assert plan.clone_with("rows.clone", fixed_inputs={"b": 7})() == "1 7"


def test_options_of_the_plan_reach_its_execution() -> None:
    """L-09, L-10: labels, annotations and limits; those of the request win."""
    plan = LaunchPlan.get_or_create(
        wf,
        "rows.options",
        default_inputs={"a": 1},
        labels=Labels({"team": "a", "tier": "1"}),
        annotations=Annotations({"note": "x"}),
        max_parallelism=3,
        overwrite_cache=True,
    )

    async def run() -> ExecutionOptions:
        async with engine_on(MemoryDatabase()) as engine:
            execution = await begin(engine, plan, options=ExecutionOptions(labels={"team": "b"}))
            await finished(engine, plan, execution)
            state = await engine.state(execution)
            assert state.spec is not None
            return state.spec.options

    options = asyncio.run(run())
    assert (options.labels, options.annotations) == ({"team": "b", "tier": "1"}, {"note": "x"})
    assert (options.max_parallelism, options.overwrite_cache) == (3, True)


def test_plan_is_a_node_of_a_workflow() -> None:
    """L-13: an execution of its own, with the plan's defaults."""
    plan = LaunchPlan.get_or_create(wf, "rows.node", default_inputs={"b": 9})

    @workflow
    def outer(a: int) -> str:
        return plan(a=a)

    assert record(outer, a=4).value == "4 9"


@pytest.mark.parametrize(
    "schedule",
    [
        "*/5 * * * *",
        *("hourly", "daily", "weekly", "monthly", "yearly", "annually"),
        *("hours", "days", "weeks", "months", "years"),
        *("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually"),
    ],
)
def test_cron_schedule_means_something(schedule: str) -> None:
    """L-20, L-21: five fields, or an alias."""
    plan = LaunchPlan(f"rows.cron.{schedule}", wf, default_inputs={"a": 1}, schedule=CronSchedule(schedule=schedule))

    assert plan.template.schedule is not None
    assert plan() == "1 2"


@pytest.mark.parametrize(
    "make",
    [
        lambda: CronSchedule(schedule="* * *"),
        lambda: CronSchedule(schedule="* * * * * *"),
        lambda: CronSchedule(schedule="0 0 31 2 *"),
        lambda: CronSchedule(schedule="@every 5m"),
        lambda: CronSchedule(schedule="daily", offset="tomorrow"),
        lambda: CronSchedule(schedule="daily", timezone="Mars/Olympus"),
        lambda: FixedRate(duration=timedelta(0)),
        lambda: FixedRate(duration=timedelta(seconds=30)),
        lambda: FixedRate(duration=timedelta(seconds=90)),
    ],
)
def test_schedule_that_means_nothing_is_refused(make: Callable[[], Any]) -> None:
    """L-20, L-22, L-23, Q-23: when the plan is used at the latest."""
    with pytest.raises(UserError):
        LaunchPlan("rows.bad", wf, default_inputs={"a": 1}, schedule=make()).template  # noqa: B018  # computed


@pytest.mark.parametrize(("minutes", "value", "unit"), [(90, 90, "minute"), (120, 2, "hour"), (2880, 2, "day")])
def test_rate_is_said_in_the_largest_unit(minutes: int, value: int, unit: str) -> None:
    """L-23."""
    rate = FixedRate(duration=timedelta(minutes=minutes))
    plan = LaunchPlan("rows.rate", wf, default_inputs={"a": 1}, schedule=rate)

    assert plan.template.schedule is not None
    assert plan.template.schedule.spec == {"value": value, "unit": unit}


def test_kickoff_time_goes_into_a_datetime_that_nothing_else_fills() -> None:
    """L-24: other inputs are refused when the plan is declared."""
    hourly = CronSchedule(schedule="hourly", kickoff_time_input_arg="at")

    plan = LaunchPlan("rows.kickoff", ticked, schedule=hourly)

    assert plan.template.schedule is not None
    assert plan.template.schedule.kickoff_input == "at"
    for arg, rest in (("a", {}), ("nothing", {}), ("at", {"fixed_inputs": {"at": datetime(2026, 1, 1)}})):
        with pytest.raises(InvalidLaunchPlan, match="kickoff"):
            LaunchPlan(
                "rows.kickoff.bad",
                ticked,
                schedule=CronSchedule(schedule="hourly", kickoff_time_input_arg=arg),
                **rest,  # type: ignore[arg-type]
            )


def test_scheduled_plan_has_a_value_for_every_input() -> None:
    """L-25."""
    with pytest.raises(InvalidLaunchPlan, match="nobody to give a"):
        LaunchPlan.get_or_create(wf, "rows.open", schedule=CronSchedule(schedule="daily"))


def test_notifications_are_about_ends_only() -> None:
    """L-30: a phase that is no end, or none at all, is refused."""
    for phases in ([ExecutionPhase.RUNNING], []):
        with pytest.raises(UserError):
            Email(phases=phases, recipients_email=["a@example.org"])


def test_name_of_the_plan_is_known_to_its_tasks() -> None:
    """L-05: a run of a plan is an execution like any other."""

    @task
    def name() -> bool:
        return bool(current_context().execution_id.name)

    @workflow
    def named() -> bool:
        return name()

    assert LaunchPlan.get_or_create(named, "rows.named")()
