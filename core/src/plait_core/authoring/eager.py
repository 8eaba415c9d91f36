"""
Eager tasks: plain async Python in which every call of an entity is a durable child.

Inside the body a call returns an awaitable; real ``if``, loops and ``try`` work on results, ``asyncio.gather`` runs children at once. A child
is known by what is called, with which inputs, and how many equal calls came before: a replay finds its children again in any order.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from plait_core.authoring.children import Child
from plait_core.authoring.contexts import RUNNING, ExecutionContext
from plait_core.authoring.entities import Entity, P, eager_calls
from plait_core.authoring.tasks import PythonFunctionTask
from plait_core.authoring.tracing import trace
from plait_core.authoring.typesystem import constants, process_types
from plait_core.errors.authoring import ChildFailed, InvalidOption, NoLocalRunner
from plait_core.ir.literals import Literal, LiteralMap, MapValue
from plait_core.ports.channels import ChildCall

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.arguments import TaskArguments

V = TypeVar("V")


class EagerTask(PythonFunctionTask[P, Coroutine[Any, Any, V]]):
    """A task whose body calls other entities and awaits them."""

    is_eager: ClassVar[bool] = True

    def __init__(self, function: Callable[P, Coroutine[Any, Any, V]], **arguments: "Unpack[TaskArguments]") -> None:
        super().__init__(function, **arguments)
        if not self.is_async:
            raise InvalidOption(
                declaration=f"@eager {self.name}", option="def", detail="is not async", expected="write `async def`"
            )
        self.function = _with_children(function)


@overload
def eager(function: Callable[P, Coroutine[Any, Any, V]], /) -> EagerTask[P, V]: ...
@overload
def eager(
    function: None = None, /, **arguments: "Unpack[TaskArguments]"
) -> Callable[[Callable[P, Coroutine[Any, Any, V]]], EagerTask[P, V]]: ...
def eager(function: Any = None, /, **arguments: "Unpack[TaskArguments]") -> Any:
    """Make an eager task of an async function, bare or with the arguments of ``@task``."""
    if function is None:
        return lambda function: EagerTask(function, **arguments)
    return EagerTask(function)


class _Children:
    """The children of one attempt of an eager task."""

    def __init__(self, context: ExecutionContext | None) -> None:
        self.context = context
        self._calls: Counter[str] = Counter()

    def is_active(self) -> bool:
        return RUNNING.get() is self.context

    def __call__(self, entity: Entity[Any, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Child:
        """Start *entity*; the key is settled now, in the order of calls."""
        from plait_core.ir.canonical import digest

        inputs = _literals(entity, args, kwargs)
        call = f"{entity.name}:{digest(Literal(value=MapValue(literals=inputs)))}"
        key = f"{call}:{self._calls[call]}"
        self._calls[call] += 1
        return Child(entity.name, self._outputs(entity, inputs, key))

    async def _outputs(self, entity: Entity[Any, Any], inputs: LiteralMap, key: str) -> Any:
        if self.context is None or self.context.channel is None:
            raise NoLocalRunner(entity=entity.name)
        closure = trace(entity).closure
        outcome = await self.context.channel.call(
            ChildCall(key=key, target=closure.main, inputs=inputs, closure=closure)
        )
        if outcome.exception is not None:
            raise outcome.exception
        if outcome.error is not None:
            raise ChildFailed(entity=entity.name, code=outcome.error.code, message=outcome.error.message)
        return _native(entity, outcome.outputs or {})


def _with_children(function: Callable[P, Coroutine[Any, Any, V]]) -> Callable[P, Coroutine[Any, Any, V]]:
    async def body(*args: P.args, **kwargs: P.kwargs) -> V:
        token = eager_calls.set(_Children(RUNNING.get()))
        try:
            result = await function(*args, **kwargs)
            if isinstance(result, Child):
                raise result.misuse("`return`")
            return result
        finally:
            eager_calls.reset(token)

    return update_wrapper(body, function)


def _literals(entity: Entity[Any, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> LiteralMap:
    shape, types, context = entity.python_interface, process_types(), constants()
    given = shape.bind(entity.name, args, kwargs)
    for name, value in given.items():
        if isinstance(value, Child):
            raise value.misuse(f"the input {name!r} of {entity.name}")
    return {name: types.converter(shape.inputs[name].type).to_literal(value, context) for name, value in given.items()}


def _native(entity: Entity[Any, Any], outputs: LiteralMap) -> Any:
    shape, types, context = entity.python_interface, process_types(), constants()
    return shape.pack(
        {name: types.converter(declared).to_python(outputs[name], context) for name, declared in shape.outputs.items()}
    )
