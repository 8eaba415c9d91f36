"""
A class of task, chosen by its configuration: ``@task(task_config=Stopwatch())``.

    plait run examples/task_class.py wf

This is how a plugin wraps functions, to start a cluster around them, say. Kinds of task that are no Python
functions come from the hook ``plait_task_kinds``; see docs/how-to/write-a-plugin.md.
"""

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any, ClassVar, ParamSpec, TypeVar

import attrs

from plait import current_context, task, workflow
from plait_core.authoring.tasks import PythonFunctionTask

P = ParamSpec("P")
R = TypeVar("R")


@attrs.frozen
class Stopwatch:
    """Complains about a body that takes longer than *limit_s* seconds."""

    limit_s: float = 1.0
    plait_task_class: ClassVar[str] = f"{__name__}:TimedTask"


class TimedTask(PythonFunctionTask[P, R]):
    """A function task that is timed."""

    def __init__(self, function: Callable[P, R], **arguments: Any) -> None:
        super().__init__(function, **arguments)
        self.function = _timed(function, arguments["task_config"])


def _timed(function: Callable[P, R], watch: Stopwatch) -> Callable[P, R]:
    @wraps(function)
    def body(*args: P.args, **kwargs: P.kwargs) -> R:
        started = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            took_s = perf_counter() - started
            if took_s > watch.limit_s:
                current_context().logging.warning("took %.1f s, and %.1f were expected", took_s, watch.limit_s)

    return body


@task(task_config=Stopwatch(limit_s=2.0))
def fibonacci(n: int) -> int:
    """Take the scenic route."""
    return n if n < 2 else fibonacci.function(n - 1) + fibonacci.function(n - 2)


@workflow
def wf(n: int = 10) -> int:
    """Compute a Fibonacci number, against the clock."""
    return fibonacci(n=n)
