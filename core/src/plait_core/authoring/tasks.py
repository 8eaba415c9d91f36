"""
Tasks: typed, independently runnable units of work, and the decorator that makes them of functions.

A task's template is made on first use, so that declaring hundreds of tasks costs an import next to nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, update_wrapper
from inspect import isawaitable, iscoroutinefunction, unwrap
from typing import TYPE_CHECKING, Any, ClassVar, cast, overload

from plait_core.authoring import sources
from plait_core.authoring.arguments import TaskArguments, checked
from plait_core.authoring.bindings import Bound
from plait_core.authoring.calls import local_runner
from plait_core.authoring.entities import Entity, P, R, child_starter
from plait_core.authoring.interfaces import (
    PythonInterface,
    check_signature,
    enclosed_variables,
    interface_of,
    returns_a_value,
)
from plait_core.errors.authoring import InvalidOption, MissingReturn, NestedFunction
from plait_core.ir.ids import EntityKind
from plait_core.ir.json import Json
from plait_core.ir.tasks import FUNCTION_TASK, TaskTarget, TaskTemplate
from plait_core.ir.workflows import NodeTarget, TaskRef

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.documentation import Described


class Task(Entity[P, R]):
    """
    A task of any type. Plugins subclass it to declare tasks without a user function.

    Args:
        name: Name of the task, unique within a registration.
        type: The open string that selects the task kind.
        interface: Inputs and outputs as Python types.
        custom: JSON for the task kind.
        config: Strings for the task kind.
        target: What to run, where the kind is told so by the template; otherwise it follows from *arguments*.
        arguments: What ``@task`` accepts too.
    """

    kind: ClassVar[EntityKind] = EntityKind.TASK

    def __init__(
        self,
        *,
        name: str,
        type: str,
        interface: PythonInterface | None = None,
        custom: Mapping[str, Json] | None = None,
        config: Mapping[str, str] | None = None,
        target: TaskTarget | None = None,
        **arguments: "Unpack[TaskArguments]",
    ) -> None:
        super().__init__(name)
        self.type = type
        self.arguments = checked(name, arguments)
        self._interface = interface or PythonInterface()
        self.custom = custom or {}
        self._config = config or {}
        self._declared_target = target
        self._mark, self._module = sources.declaration()

    @property
    def python_interface(self) -> PythonInterface:
        return self._interface

    @property
    def location(self) -> str:
        """Where a worker finds the task: ``module:variable``; empty when no variable of its module holds it."""
        return sources.variable_location(self, self._module)

    @cached_property
    def template(self) -> TaskTemplate:
        """The task as the platform knows it."""
        from plait_core.authoring.arguments import extended_resources, metadata, security, target

        return TaskTemplate(
            id=self.id,
            type=self.type,
            interface=self.interface,
            metadata=metadata(self),
            custom=self.custom,
            config=self._config,
            target=target(self.name, self.arguments, self._declared_target),
            security=security(self.name, self.arguments),
            extended_resources=extended_resources(self.arguments),
            location=self.location,
            resolver=self.arguments.get("task_resolver", "default"),
        )

    @property
    def described(self) -> "Described":
        """What the author says about the task."""
        from plait_core.authoring.documentation import Described

        return Described.of(vars(self).get("__doc__"), self.arguments.get("docs"))

    @property
    def _descriptions(self) -> Mapping[str, str]:
        return self.described.variables

    def _target(self) -> NodeTarget:
        return TaskRef(id=self.id)

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Bound]:
        if self._has_mutable_defaults:
            self._refuse_mutable_defaults({**dict(zip(self.python_interface.inputs, args, strict=False)), **kwargs})
        return super()._bound(args, kwargs)

    @cached_property
    def _has_mutable_defaults(self) -> bool:
        return any(
            isinstance(declared.default, (list, dict, set)) for declared in self.python_interface.inputs.values()
        )


class PythonFunctionTask(Task[P, R]):
    """A task whose work is a Python function, perhaps one that configures a plugin through ``task_config``."""

    task_type: ClassVar[str] = FUNCTION_TASK
    is_dynamic: ClassVar[bool] = False
    is_eager: ClassVar[bool] = False

    def __init__(self, function: Callable[P, R], **arguments: "Unpack[TaskArguments]") -> None:
        self.function = function
        self.signature = unwrap(function)
        name = sources.function_name(self.signature)
        super().__init__(name=name, type=self.task_type, **arguments)
        self._mark = self.signature.__code__, 0
        self._check_function()
        update_wrapper(cast("Any", self), function)

    @cached_property
    def python_interface(self) -> PythonInterface:
        return interface_of(self.name, self.signature, pickle_untyped=self._accepts_untyped)

    @property
    def location(self) -> str:
        return sources.function_location(self.signature)

    @cached_property
    def is_async(self) -> bool:
        """Whether calling the function makes a coroutine."""
        return iscoroutinefunction(self.signature)

    def named_entities(self) -> list[Entity[Any, Any]]:
        """List the entities that the code mentions, which is what a dynamic or eager body may call."""
        code, hints = self.signature.__code__, self.arguments.get("node_dependency_hints", ())
        variables = {**self.signature.__globals__, **enclosed_variables(self.signature)}
        mentioned = [variables[name] for name in (*code.co_names, *code.co_freevars) if name in variables]
        return [value for value in (*mentioned, *hints) if isinstance(value, Entity)]

    @property
    def _accepts_untyped(self) -> bool:
        return self.arguments.get("pickle_untyped", False)

    def _check_function(self) -> None:
        signature = self.signature
        if sources.is_nested(signature):
            raise NestedFunction(entity=self.name)
        check_signature(self.name, signature, pickle_untyped=self._accepts_untyped)
        if "node_dependency_hints" in self.arguments and not (self.is_dynamic or self.is_eager):
            raise InvalidOption(
                declaration=self.name,
                option="node_dependency_hints",
                detail="is given for a task that calls nothing",
                expected="leave it out, or make the task @dynamic or @eager",
            )
        declared = signature.__annotations__.get("return")
        if declared is not None and not _may_be_none(declared) and not returns_a_value(signature):
            raise MissingReturn(entity=self.name, declared=getattr(declared, "__name__", str(declared)))

    def _run(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
        from plait_core.authoring.contexts import RUNNING

        __tracebackhide__ = True
        if child_starter() is not None:
            return super()._run(args, kwargs)
        if RUNNING.get() is not None:
            return self.function(*args, **kwargs)
        if self.is_async:
            return cast("R", _awaited(self, args, kwargs))
        return super()._run(args, kwargs)


@overload
def task(function: Callable[P, R], /) -> PythonFunctionTask[P, R]: ...
@overload
def task(
    function: None = None, /, **arguments: "Unpack[TaskArguments]"
) -> Callable[[Callable[P, R]], PythonFunctionTask[P, R]]: ...
def task(function: Any = None, /, **arguments: "Unpack[TaskArguments]") -> Any:
    """
    Make a task of a function, bare or with arguments; ``TaskArguments`` says what each one means.

    Raises:
        UserError: the function or an argument cannot be used; each case has a class in ``plait_core.errors.authoring``.
    """
    if function is None:
        return lambda function: task_class(arguments.get("task_config"))(function, **arguments)
    return PythonFunctionTask(function, **arguments)


def task_class(config: object) -> type[PythonFunctionTask[..., Any]]:
    """
    Find the class of task that a ``task_config`` asks for.

    The class of the config names it in ``plait_task_class`` as ``module:attribute``; a config that names none rides
    along on an ordinary function task.
    """
    location = getattr(type(config), "plait_task_class", "")
    if not location:
        return PythonFunctionTask
    from importlib import import_module

    module, _, attribute = location.partition(":")
    found: type[PythonFunctionTask[..., Any]] = getattr(import_module(module), attribute)
    return found


async def _awaited(entity: Task[Any, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run an async task from the loop that awaits it."""
    result = local_runner(entity, args, kwargs)
    return await result if isawaitable(result) else result


def _may_be_none(declared: Any) -> bool:
    text = declared if isinstance(declared, str) else repr(declared)
    return "None" in text or "Optional" in text or declared is Any
