"""Tasks that the suite for executors runs; workers in other processes import them from here."""

import asyncio
import os
from pathlib import Path

from plait_core.authoring.contexts import current_context
from plait_core.authoring.tasks import task


@task
def add(a: int, b: int) -> int:
    """Return a sum."""
    return a + b


@task
def describe(numbers: list[int], label: str) -> dict[str, list[int]]:
    """Return containers, so that a carrier has something to carry."""
    return {label: sorted(numbers)}


@task
def repeat(text: str, times: int) -> str:
    """Return a value that may be too large to be carried inline."""
    return text * times


@task
def fail(message: str) -> int:
    """Raise."""
    raise ValueError(message)


@task
def note(path: str) -> int:
    """Add a line to a file, so that runs can be counted; returns which attempt this is."""
    with Path(path).open("a") as file:
        file.write("ran\n")
    return current_context().attempt


@task
def say(text: str) -> None:
    """Print."""
    print(text, flush=True)  # noqa: T201  # the point of it


@task
async def wait_for_ever() -> None:
    """Wait until somebody stops this."""
    await asyncio.Event().wait()


@task
def die() -> None:
    """End the process without a word."""
    os._exit(7)
