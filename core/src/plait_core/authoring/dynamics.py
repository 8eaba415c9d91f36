"""
Dynamic tasks: tasks whose body makes a workflow at run time, from real input values.

The body runs in a worker; what it calls is recorded, and the graph goes back to the engine as the attempt's result.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, overload

from plait_core.authoring.bindings import bindings_of, capture_each
from plait_core.authoring.entities import P, R
from plait_core.authoring.scopes import Building, Scope, tracing
from plait_core.authoring.tasks import PythonFunctionTask
from plait_core.authoring.tracing import collected, reach
from plait_core.errors.authoring import InvalidOption
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.workflows import WorkflowTemplate

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.arguments import TaskArguments


class DynamicTask(PythonFunctionTask[P, R]):
    """A task whose result is the graph that its body makes."""

    is_dynamic: ClassVar[bool] = True

    def _check_function(self) -> None:
        super()._check_function()
        if self.is_async:
            raise InvalidOption(
                declaration=f"@dynamic {self.name}",
                option="async def",
                detail="cannot be traced",
                expected="write a plain function, or use @eager",
            )


@overload
def dynamic(function: Callable[P, R], /) -> DynamicTask[P, R]: ...
@overload
def dynamic(
    function: None = None, /, **arguments: "Unpack[TaskArguments]"
) -> Callable[[Callable[P, R]], DynamicTask[P, R]]: ...
def dynamic(function: Any = None, /, **arguments: "Unpack[TaskArguments]") -> Any:
    """Make a dynamic task of a function, bare or with the arguments of ``@task``."""
    if function is None:
        return lambda function: DynamicTask(function, **arguments)
    return DynamicTask(function)


def trace_fragment(task: PythonFunctionTask[..., Any], inputs: Mapping[str, Any]) -> Any:
    """
    Run the body of *task* under tracing, with native *inputs*.

    Called by the worker, with the attempt's conversion context in force: constants are converted through it.

    Returns:
        A ``Closure`` whose main workflow has the task's outputs; what the body returned, when it called nothing.

    Raises:
        UserError: the body misuses a promise, or returns what does not fit its outputs.
    """
    scope = Scope(task.name)
    with tracing(scope):
        returned = task.function(**inputs)
    scope.check_finished()
    if not scope.nodes:
        return returned
    return _fragment(task, scope, returned)


def _fragment(task: PythonFunctionTask[..., Any], scope: Scope, returned: Any) -> Closure:
    building, shape = Building(scope), task.python_interface
    values = shape.unpack(task.name, returned)
    bound = capture_each(values, shape.outputs)
    template = WorkflowTemplate(
        id=EntityId(kind=EntityKind.WORKFLOW, name=task.name),
        interface=TypedInterface(outputs=task.interface.outputs),
        nodes=building.nodes(),
        outputs=bindings_of(bound, building.promise),
    )
    return collected(template.id, reach(scope.entities.values()), (template, *building.extra))
