"""Workflows put together call by call, for programs that generate them: ``Workflow("name")``."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from plait_core.authoring.bindings import bindings_of, capture
from plait_core.authoring.conditionals import Conditional, conditional
from plait_core.authoring.entities import Entity
from plait_core.authoring.interfaces import PythonInput, PythonInterface
from plait_core.authoring.nodes import Node
from plait_core.authoring.promises import Promise
from plait_core.authoring.scopes import Building, Inputs, Scope, tracing
from plait_core.authoring.workflows import Graph, Workflow
from plait_core.errors.authoring import InvalidWorkflow

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.workflows import WorkflowOptions


class ImperativeWorkflow(Workflow[..., Any]):
    """A workflow without a function. It is ready when it has a node and every input is used."""

    def __init__(self, name: str, **options: "Unpack[WorkflowOptions]") -> None:
        super().__init__(name, **options)
        self._inputs: dict[str, PythonInput] = {}
        self._outputs: dict[str, tuple[Any, Any]] = {}
        self._scope = Scope(name, Inputs(name, lambda: self.interface))

    def add_workflow_input(self, name: str, python_type: Any) -> Promise:
        """Declare an input and return its promise."""
        if name in self._inputs:
            raise self._invalid(f"the input {name!r} is declared twice", "declare each input once")
        self._inputs[name] = PythonInput(python_type)
        return self.inputs[name]

    @property
    def inputs(self) -> dict[str, Promise]:
        """Input name -> promise, of the inputs declared so far."""
        assert self._scope.producer is not None
        return {name: Promise(self._scope.producer, name) for name in self._inputs}

    def add_entity(self, entity: Entity[Any, Any], **inputs: Any) -> Node:
        """Call *entity*; the node has its outputs as attributes."""
        with tracing(self._scope):
            return entity._record(self._scope, (), inputs)

    add_task = add_subwf = add_launch_plan = add_entity

    def create_conditional(self, name: str) -> Conditional:
        """Begin a conditional; call entities in its arms as in the body of a ``@workflow``."""
        with tracing(self._scope):
            return conditional(name)

    def add_workflow_output(self, name: str, promise: Any, python_type: Any = None) -> None:
        """Declare an output; lists and dicts of promises need their *python_type*."""
        if name in self._outputs:
            raise self._invalid(f"the output {name!r} is declared twice", "declare each output once")
        declared = python_type if python_type is not None else self._type_of(name, promise)
        self._outputs[name] = promise, declared

    def add_on_failure_handler(self, handler: Entity[Any, Any]) -> None:
        """Let *handler* run when the workflow fails."""
        self.options["on_failure"] = handler

    def ready(self) -> bool:
        """Whether there is a node, and every input is used."""
        return bool(self._scope.nodes) and not self._unused()

    @property
    def python_interface(self) -> PythonInterface:
        return PythonInterface(self._inputs, {name: declared for name, (_, declared) in self._outputs.items()})

    @cached_property
    def graph(self) -> Graph:
        if not self._scope.nodes:
            raise self._invalid("it has no node", "add one with add_entity")
        if unused := self._unused():
            raise self._invalid(
                f"nothing uses the inputs {', '.join(unused)}", "bind each input to a node or an output"
            )
        return self._built(self._scope, {name: value for name, (value, _) in self._outputs.items()})

    def _unused(self) -> list[str]:
        building = Building(self._scope)
        building.nodes()
        bindings_of(
            {name: capture(value, declared) for name, (value, declared) in self._outputs.items()}, building.promise
        )
        return [name for name in self._inputs if name not in building.used]

    def _type_of(self, name: str, promise: Any) -> Any:
        producer = promise._producer if isinstance(promise, Promise) else None
        if isinstance(promise, Promise) and not promise._path:
            if producer is self._scope.producer:
                return self._inputs[promise._var].type
            if isinstance(producer, Node):
                return producer.python_type(promise._var)
        raise self._invalid(f"the type of the output {name!r} cannot be told", "pass python_type=")

    def _invalid(self, detail: str, instead: str) -> InvalidWorkflow:
        return InvalidWorkflow(workflow=self.name, detail=detail, instead=instead)
