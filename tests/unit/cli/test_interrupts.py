"""What runs in the event loop of a command ends it with one error, whichever task that came from."""

import asyncio

import pytest

from plait.cli.interrupts import run_interruptibly


async def fail(*groups: str) -> None:
    """Raise ``LookupError`` inside of task groups."""
    if not groups:
        raise LookupError("the first")
    async with asyncio.TaskGroup() as group:
        group.create_task(fail(*groups[1:]), name=groups[0])


@pytest.mark.parametrize("groups", [(), ("one",), ("one", "in another")])
def test_failure_of_one_of_several_tasks_is_raised_as_it_is(groups: tuple[str, ...]) -> None:
    """Whoever tells of errors knows their classes, and no group of them."""
    with pytest.raises(LookupError, match="the first"):
        run_interruptibly(fail(*groups))
