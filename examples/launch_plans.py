"""
Launch plans: a workflow under a name, with inputs fixed or defaulted, and perhaps a schedule.

    plait run examples/launch_plans.py wf
    plait run examples/launch_plans.py big --scale 3
"""

from datetime import datetime, timedelta

from plait import CronSchedule, FixedRate, LaunchPlan, task, workflow


@task
def area(width: int, height: int, scale: int) -> int:
    """Measure a rectangle."""
    return width * height * scale**2


@workflow
def measure(width: int, height: int, scale: int = 1) -> int:
    """Measure one rectangle."""
    return area(width=width, height=height, scale=scale)


big = LaunchPlan.get_or_create(measure, "big", default_inputs={"width": 30}, fixed_inputs={"height": 20})
"""Whoever runs it may change the width, and nobody the height."""


@workflow
def wf(width: int = 3) -> list[int]:
    """Call plans like tasks: each call is an execution of its own."""
    return [big(width=width), big()]


@task
def describe(at: datetime) -> str:
    """Say when."""
    return f"{at:%Y-%m-%d}"


@workflow
def report(at: datetime) -> str:
    """Report on a day."""
    return describe(at=at)


weekly = LaunchPlan.get_or_create(
    report,
    "weekly",
    schedule=CronSchedule("0 9 * * MON", kickoff_time_input_arg="at", timezone="Europe/Berlin"),
)
"""Nine o'clock in Berlin, summer and winter; the workflow receives the time at which it was due."""

often = LaunchPlan.get_or_create(
    measure, "often", fixed_inputs={"width": 1, "height": 1}, schedule=FixedRate(timedelta(minutes=10))
)
"""Every ten minutes from when it is activated."""
