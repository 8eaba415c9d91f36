"""
Workflows inside workflows, order without data, and entities that are registered elsewhere.

    plait run examples/subworkflows.py wf
"""

from plait import LaunchPlan, create_node, reference_task, task, workflow


@task
def announce(text: str) -> None:
    """Tell the world."""
    print(text)


@task
def square(n: int) -> int:
    """Square a number."""
    return n * n


@workflow
def fourth_power(n: int) -> int:
    """Square twice; as a part of another workflow, its nodes belong to that one's execution."""
    return square(n=square(n=n))


plan = LaunchPlan.get_or_create(fourth_power)
"""The default plan of a workflow; calling it starts an execution of its own."""


@workflow
def wf(n: int = 2) -> tuple[int, int]:
    """Call a workflow as a part, and as a child; ``>>`` and ``after=`` order calls that share no value."""
    first = create_node(announce, text="ready")
    second = create_node(announce, text="steady")
    first >> second
    return fourth_power.with_overrides(after=second)(n=n), plan(n=n)


@reference_task(project="maths", domain="production", name="numbers.root", version="v7")
def root(n: int) -> float:
    """Only the signature counts; the code is wherever the task was registered."""
    raise NotImplementedError


@workflow
def elsewhere(n: int) -> float:
    """Checked here like any other workflow (``plait check``), and run by a server that knows ``numbers.root``."""
    return root(n=square(n=n))
