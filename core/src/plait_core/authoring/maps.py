"""
``map_task``: one node that calls a task or launch plan once per element of its list inputs.

Inputs given through ``functools.partial``, and defaults of the task, are handed whole to every call.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, partial
from hashlib import sha256
from math import isfinite
from types import GenericAlias
from typing import Any, ClassVar, Generic, TypeVar, cast, overload

from plait_core.authoring.bindings import Bound, capture
from plait_core.authoring.entities import Entity, P, R
from plait_core.authoring.interfaces import REQUIRED, PythonInput, PythonInterface
from plait_core.authoring.launch_plans import LaunchPlan
from plait_core.authoring.nodes import Node
from plait_core.authoring.promises import Promise
from plait_core.authoring.scopes import Scope
from plait_core.authoring.tasks import Task
from plait_core.authoring.workflows import Workflow
from plait_core.errors.authoring import InvalidMap
from plait_core.ir.ids import EntityKind
from plait_core.ir.workflows import Array, LaunchPlanRef, TaskRef

E = TypeVar("E")


class MapTask(Entity[..., list[R]], Generic[R]):
    """A task or launch plan, called once per element."""

    kind: ClassVar[EntityKind] = EntityKind.WORKFLOW

    def __init__(
        self,
        inner: Entity[..., R],
        shared: Mapping[str, Any],
        *,
        concurrency: int | None,
        min_successes: int | None,
        min_success_ratio: float | None,
        run_all_sub_nodes: bool,
    ) -> None:
        self.inner = inner
        self.shared = shared
        self.concurrency = concurrency
        self.min_successes = min_successes
        self.min_success_ratio = min_success_ratio
        self.run_all_sub_nodes = run_all_sub_nodes
        module, _, function = inner.name.rpartition(".")
        super().__init__(f"{module}.map_{function}_{self._digest()}".lstrip("."))
        self._check()

    @cached_property
    def python_interface(self) -> PythonInterface:
        """Lists of what the inner entity takes and gives; outputs are optional where failures are tolerated."""
        theirs = self.inner.python_interface
        inputs = {
            name: PythonInput(_list_of(declared.type), REQUIRED if declared.default is REQUIRED else None)
            for name, declared in theirs.inputs.items()
            if name not in self.shared
        }
        outputs = {name: _list_of(self._element(declared)) for name, declared in theirs.outputs.items()}
        return PythonInterface(inputs, outputs)

    @property
    def tolerates_failures(self) -> bool:
        """Whether some elements may fail."""
        return self.min_successes is not None or self.min_success_ratio not in {None, 1}

    def standalone(self) -> Workflow[..., Any]:
        required = [name for name, declared in self.python_interface.inputs.items() if declared.default is REQUIRED]
        return _MapAlone(self, required)

    def _run(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[R]:
        lists = self._lists(args, kwargs)
        result: list[R] = _MapAlone(self, lists)._run((), lists)
        return result

    def _lists(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Bind the arguments of a call; inputs of the inner entity that have a default may be left out."""
        given = self.python_interface.bind(self.name, args, kwargs)
        lists = {name: value for name, value in given.items() if value is not None}
        self._check_lengths(lists)
        return lists

    def _record(self, scope: Scope, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Node:
        lists = self._lists(args, kwargs)
        theirs = self.inner.python_interface
        bound: dict[str, Bound] = {}
        for name, declared in theirs.inputs.items():
            if name in lists:
                bound[name] = capture(lists[name], _list_of(declared.type))
            elif name in self.shared or not isinstance(self.inner, LaunchPlan):
                bound[name] = capture(self.shared.get(name, declared.default), declared.type)
        return scope.add(Node(self, self._array(bound.keys() - lists.keys()), bound), self.inner)

    def _array(self, whole: "set[str]") -> Array:
        target = self.inner._target()
        assert isinstance(target, (TaskRef, LaunchPlanRef)), "_check let nothing else through"
        return Array(
            target=target,
            bound_inputs=tuple(name for name in self.inner.python_interface.inputs if name in whole),
            parallelism=self.concurrency,
            min_successes=self.min_successes,
            min_success_ratio=self.min_success_ratio,
            run_all_sub_nodes=self.run_all_sub_nodes,
        )

    def _element(self, declared: Any) -> Any:
        return declared | None if self.tolerates_failures else declared

    def _check(self) -> None:
        inner = self.inner
        if (
            not isinstance(inner, (Task, LaunchPlan))
            or getattr(inner, "is_dynamic", False)
            or getattr(inner, "is_eager", False)
        ):
            raise self._invalid(
                "only tasks and launch plans can be mapped", "map a @task, or a LaunchPlan of a workflow"
            )
        if len(inner.python_interface.outputs) > 1:
            raise self._invalid("it has several outputs", "return one value, such as a tuple inside a dataclass")
        if strange := self.shared.keys() - inner.python_interface.inputs.keys():
            raise self._invalid(f"partial names {', '.join(sorted(strange))}", "share inputs that it has")
        ratio = self.min_success_ratio
        if ratio is not None and not (isfinite(ratio) and 0 <= ratio <= 1):
            raise self._invalid(f"min_success_ratio is {ratio}", "give a number between 0 and 1")
        for option, number in (("concurrency", self.concurrency), ("min_successes", self.min_successes)):
            if number is not None and number < 0:
                raise self._invalid(f"{option} is {number}", "give a number from 0 up, or None")

    def _check_lengths(self, lists: Mapping[str, Any]) -> None:
        if not lists:
            raise self._invalid("no input is a list", "pass a list to at least one input that is not shared")
        lengths = {name: len(value) for name, value in lists.items() if isinstance(value, (list, tuple))}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise self._invalid(
                f"its lists differ in length: {told}",
                "pass lists of one length; share single values with functools.partial",
            )

    def _digest(self) -> str:
        settings = (sorted(self.shared), self.concurrency, self.min_successes, self.min_success_ratio)
        return sha256(repr(settings).encode()).hexdigest()[:32]

    def _invalid(self, detail: str, instead: str) -> InvalidMap:
        return InvalidMap(entity=self.inner.name, detail=detail, instead=instead)


def _list_of(declared: Any) -> Any:
    return GenericAlias(list, (declared,))


class _MapAlone(Workflow[..., Any]):
    """The workflow of one node that an execution of a map alone runs, over the inputs in *lists*."""

    def __init__(self, mapped: MapTask[Any], lists: Collection[str]) -> None:
        super().__init__(mapped.name)
        self._mapped = mapped
        self._lists = lists

    @cached_property
    def python_interface(self) -> PythonInterface:
        shape = self._mapped.python_interface
        return PythonInterface({name: PythonInput(shape.inputs[name].type) for name in self._lists}, shape.outputs)

    def _trace(self, scope: Scope) -> Mapping[str, Any]:
        assert scope.producer is not None
        lists = {name: Promise(scope.producer, name) for name in self._lists}
        return self._mapped._record(scope, (), lists).outputs


@overload
def map_task(
    target: "Entity[P, E] | partial[E]",
    *,
    concurrency: int | None = None,
    min_successes: None = None,
    min_success_ratio: None = None,
    run_all_sub_nodes: bool = False,
) -> MapTask[E]: ...
@overload
def map_task(
    target: "Entity[P, E] | partial[E]",
    *,
    concurrency: int | None = None,
    min_successes: int | None = None,
    min_success_ratio: float | None = None,
    run_all_sub_nodes: bool = False,
) -> MapTask[E | None]: ...
def map_task(
    target: Any,
    *,
    concurrency: int | None = None,
    min_successes: int | None = None,
    min_success_ratio: float | None = None,
    run_all_sub_nodes: bool = False,
) -> MapTask[Any]:
    """
    Map a task or launch plan, perhaps with shared inputs in a ``functools.partial``.

    Args:
        target: What is called per element.
        concurrency: Elements that run at once; 0 for no limit, ``None`` for that of the execution.
        min_successes: Elements that must succeed; the others' outputs are None. It wins over the ratio.
        min_success_ratio: The part of all elements that must succeed, rounded up.
        run_all_sub_nodes: Whether the rest runs on when success has become impossible.

    Raises:
        InvalidMap: it is nothing that can be mapped, or a number is out of range.
    """
    entity, shared = target, {}
    if isinstance(target, partial):
        entity = cast("Entity[Any, Any]", target.func)
        shared = {**dict(zip(entity.python_interface.inputs, target.args, strict=False)), **target.keywords}
    return MapTask(
        entity,
        shared,
        concurrency=concurrency,
        min_successes=min_successes,
        min_success_ratio=min_success_ratio,
        run_all_sub_nodes=run_all_sub_nodes,
    )
