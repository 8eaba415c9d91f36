"""Environments: a bundle of task arguments under one name, so that a team says them once."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, cast, overload

from plait_core.authoring.arguments import checked
from plait_core.authoring.dynamics import DynamicTask, dynamic
from plait_core.authoring.entities import P, R
from plait_core.authoring.tasks import PythonFunctionTask, task

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.arguments import TaskArguments


class Environment:
    """Arguments that ``.task`` and ``.dynamic`` hand on; what the decorator itself is given wins."""

    def __init__(self, **defaults: "Unpack[TaskArguments]") -> None:
        self.defaults: TaskArguments = checked("Environment", defaults)

    def extend(self, **more: "Unpack[TaskArguments]") -> Self:
        """Make another environment with *more* on top; mappings are merged, anything else is replaced."""
        return type(self)(**self._with(more))

    def update(self, **more: "Unpack[TaskArguments]") -> None:
        """Put *more* on top of this environment, for what is declared from now on."""
        self.defaults = checked("Environment", self._with(more))

    @overload
    def task(self, function: Callable[P, R], /) -> PythonFunctionTask[P, R]: ...
    @overload
    def task(
        self, function: None = None, /, **arguments: "Unpack[TaskArguments]"
    ) -> Callable[[Callable[P, R]], PythonFunctionTask[P, R]]: ...
    def task(self, function: Any = None, /, **arguments: "Unpack[TaskArguments]") -> Any:
        """Declare a task here, as ``@task`` does."""
        decorator: Any = task(**self._with(arguments))
        return decorator if function is None else decorator(function)

    @overload
    def dynamic(self, function: Callable[P, R], /) -> DynamicTask[P, R]: ...
    @overload
    def dynamic(
        self, function: None = None, /, **arguments: "Unpack[TaskArguments]"
    ) -> Callable[[Callable[P, R]], DynamicTask[P, R]]: ...
    def dynamic(self, function: Any = None, /, **arguments: "Unpack[TaskArguments]") -> Any:
        """Declare a dynamic task here, as ``@dynamic`` does."""
        decorator: Any = dynamic(**self._with(arguments))
        return decorator if function is None else decorator(function)

    def _with(self, more: "TaskArguments") -> "TaskArguments":
        return cast("TaskArguments", _merged(self.defaults, more))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(below[name], above[name])
        for name in below.keys() & above.keys()
        if isinstance(below[name], Mapping) and isinstance(above[name], Mapping)
    }
    return {**below, **above, **both}
