"""Hello world: one task in one workflow."""

from plait import task, workflow


@task
def increment(x: int) -> int:
    """Add one."""
    return x + 1


@workflow
def wf(x: int) -> int:
    """Run the one task."""
    return increment(x=x)
