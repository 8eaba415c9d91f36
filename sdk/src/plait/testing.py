"""
For tests of workflows: stand-ins for tasks that are too slow, too costly, or not here.

    with task_mock(train) as mock:
        mock.return_value = 0.9
        assert wf(n=3) > 0.5

The stand-in runs in place of the task's own work, in this process, with its inputs as Python values; what it returns passes the
task's interface like any other value. Tasks of every kind can be replaced, those registered elsewhere too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar
from unittest.mock import MagicMock

from plait_core.authoring.entities import Entity

__all__ = ["patch", "task_mock"]

R = TypeVar("R")


@contextmanager
def task_mock(task: Entity[Any, Any]) -> Iterator[MagicMock]:
    """Run a mock in place of *task* for a while, and hand it over to be told what to return or raise."""
    mock = MagicMock(name=task.name)
    before, task.stand_in = task.stand_in, mock
    try:
        yield mock
    finally:
        task.stand_in = before


def patch(task: Entity[Any, Any]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Decorate a test so that it gets a mock of *task* as its first positional argument."""

    def decorate(test: Callable[..., R]) -> Callable[..., R]:
        @wraps(test)
        def patched(*args: Any, **kwargs: Any) -> R:
            with task_mock(task) as mock:
                return test(mock, *args, **kwargs)

        del patched.__wrapped__  # pytest would take the mock for a fixture
        return patched

    return decorate
