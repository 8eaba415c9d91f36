"""
Entities: what can be called to become a node, or run: tasks, workflows, launch plans, and what is built on them.

Calling one means one of four things, decided here: record a node while a workflow is traced, start a child
inside an eager task, run the function inside any other task, and hand it to the embedded engine anywhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import cached_property
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, ParamSpec, Protocol, TypeVar, cast

from plait_core.authoring import sources
from plait_core.authoring.bindings import Bound, capture_each
from plait_core.authoring.calls import local_runner
from plait_core.authoring.interfaces import PythonInterface
from plait_core.authoring.nodes import Node
from plait_core.authoring.scopes import Scope, current_scope
from plait_core.authoring.typesystem import process_types
from plait_core.errors.authoring import MutableDefault
from plait_core.errors.values import UnsupportedType
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.types import LiteralType
from plait_core.ir.workflows import NodeTarget, SourceLine

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.overrides import NodeOverrides

P = ParamSpec("P")
R = TypeVar("R")


class ChildStarter(Protocol):
    """What an eager task in progress does with the entities it calls."""

    def is_active(self) -> bool:
        """Whether the code that runs here is that task's own body, and not a child in the same thread."""
        ...

    def __call__(self, entity: "Entity[Any, Any]", args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any: ...


eager_calls: ContextVar[ChildStarter | None] = ContextVar("eager_calls", default=None)
"""Set while the body of an eager task runs; read through ``child_starter``."""


def child_starter() -> ChildStarter | None:
    """Return what starts children, where the body of an eager task runs."""
    starter = eager_calls.get()
    return starter if starter is not None and starter.is_active() else None


class Entity(Generic[P, R]):
    """A named thing with an interface. ``P`` and ``R`` are the signature that callers and type checkers see."""

    kind: ClassVar[EntityKind]
    stand_in: Callable[..., Any] | None = None
    """What a test has run in place of the entity; see ``plait.testing``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._mark = sources.here()

    def __repr__(self) -> str:
        return f"<{self.kind.value} {self.name}>"

    @cached_property
    def id(self) -> EntityId:
        """The id until it is registered, when project, domain and version are filled in."""
        return EntityId(kind=self.kind, name=self.name)

    @property
    def source(self) -> SourceLine | None:
        """Where it was declared."""
        return sources.line_of(self._mark)

    @property
    def python_interface(self) -> PythonInterface:
        """Inputs and outputs as Python types."""
        raise NotImplementedError

    @cached_property
    def interface(self) -> TypedInterface:
        """Inputs and outputs as literal types, with what the docstring says of each."""
        shape = self.python_interface
        inputs = {name: declared.type for name, declared in shape.inputs.items()}
        return TypedInterface(inputs=self._variables("input", inputs), outputs=self._variables("output", shape.outputs))

    def _variables(self, role: str, types: Mapping[str, Any]) -> tuple[Variable, ...]:
        described = self._descriptions
        result = described.get("return", "") if role == "output" and len(types) == 1 else ""
        return tuple(
            Variable(name=name, type=self._literal_type(role, name, declared), description=described.get(name, result))
            for name, declared in types.items()
        )

    def _literal_type(self, role: str, name: str, declared: Any) -> LiteralType:
        try:
            return process_types().converter(declared).literal_type
        except UnsupportedType as problem:
            problem.place = f"{role} {name!r} of {self.name}"
            raise

    @property
    def _descriptions(self) -> Mapping[str, str]:
        return {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Record a node, start a child, or run, depending on where the call happens; see the module."""
        __tracebackhide__ = True  # pytest leaves this frame out, and those of the methods that this calls
        scope = current_scope()
        if scope is not None:
            result: R = self._record(scope, args, kwargs).result
            return result
        return self._run(args, kwargs)

    def with_overrides(self, **overrides: "Unpack[NodeOverrides]") -> "Overridden[P, R]":
        """Call it with changes: ``add.with_overrides(retries=2, after=first)(a=1)``, which type checkers follow."""
        return Overridden(self, overrides)

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it from async code, such as the body of an eager task, in a way that type checkers follow."""
        result: Any = self(*args, **kwargs)
        return cast("R", await result if isawaitable(result) else result)

    def _run(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
        __tracebackhide__ = True
        result: R = (child_starter() or local_runner)(self, args, kwargs)
        return result

    def _record(self, scope: Scope, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Node:
        """Add the node of this call to *scope*."""
        return scope.add(Node(self, self._target(), self._bound(args, kwargs)), self)

    def _target(self) -> NodeTarget:
        raise NotImplementedError

    def standalone(self) -> "Entity[Any, Any]":
        """What an execution of this entity alone runs; itself, unless it exists only as a node."""
        return self

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Bound]:
        shape = self.python_interface
        values = shape.bind(self.name, args, kwargs)
        return capture_each(values, {name: shape.inputs[name].type for name in values})

    def _refuse_mutable_defaults(self, given: Mapping[str, Any]) -> None:
        for name, declared in self.python_interface.inputs.items():
            if name not in given and isinstance(declared.default, (list, dict, set)):
                raise MutableDefault(entity=self.name, parameter=name, kind=type(declared.default).__name__)


class Overridden(Generic[P, R]):
    """An entity whose next calls run with changes."""

    def __init__(self, entity: Entity[P, R], overrides: Mapping[str, Any]) -> None:
        self._entity = entity
        self._overrides = overrides

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the entity; the changes apply where the call becomes a node."""
        scope = current_scope()
        if scope is None:
            return self._entity(*args, **kwargs)
        node = self._entity._record(scope, args, kwargs)
        node.override(**self._overrides)
        result: R = node.result
        return result
