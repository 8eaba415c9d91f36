"""
Scopes: the workflow, or the arm of a conditional, whose body is being traced right now.

A context variable holds the innermost one, so that tracing in one thread or task never leaks into another.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from plait_core.authoring.bindings import bindings_of
from plait_core.authoring.conditions import misuse
from plait_core.authoring.nodes import Builder, Node
from plait_core.authoring.promises import Outcome, Promise
from plait_core.errors.authoring import ForeignPromise, OutsideWorkflow
from plait_core.ir import workflows as ir
from plait_core.ir.ids import EntityId, EntityKind, NodeId
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.types import LiteralType


class Inputs:
    """The producer of a workflow's inputs."""

    def __init__(self, workflow: str, interface: Callable[[], TypedInterface]) -> None:
        self._workflow = workflow
        self._interface = interface

    def output_type(self, var: str) -> LiteralType:
        return self._interface().input_types[var]

    def label(self) -> str:
        return f"input of {self._workflow}"

    def follow(self, _earlier: Outcome) -> None:
        raise misuse(f"an {self.label()}", "ordering", "order calls; inputs are there from the start")

    def override(self, **overrides: Any) -> None:
        raise misuse(f"an {self.label()}", f"overriding {', '.join(overrides)}", "override calls; inputs run nothing")


class Scope:
    """
    Nodes in order of calls, and what they run.

    ``entities`` is shared with the arms inside; ``conditionals`` are those that still lack their else.
    """

    def __init__(self, name: str, producer: Inputs | None = None, parent: "Scope | None" = None) -> None:
        self.name = name
        self.producer = producer
        self.parent = parent
        self.nodes: list[Node] = []
        self.entities: dict[EntityId, Any] = parent.entities if parent else {}
        self.conditionals: list[Any] = []
        self.n_conditionals = 0

    def add(self, node: Node, entity: Any = None) -> Node:
        """Record a call, of *entity* if it has templates of its own."""
        node.scope = self
        node.index = len(self.nodes)
        self.nodes.append(node)
        if entity is not None:
            self.entities[entity.id] = entity
        return node

    def check_finished(self) -> None:
        """Raise the error of the first conditional that lacks its end."""
        for unfinished in self.conditionals:
            raise unfinished.incomplete()


class Building:
    """One workflow on its way from a scope to a template. ``used`` collects the inputs that something is bound to."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.used: set[str] = set()
        self.extra: list[ir.WorkflowTemplate] = []
        self.include = self.extra.append

    def promise(self, promise: Promise) -> ir.Promise:
        producer = promise._producer
        if producer is self.scope.producer:
            self.used.add(promise._var)
            return ir.Promise(node=ir.WORKFLOW_INPUT, var=promise._var, path=promise._path)
        if isinstance(producer, Node) and producer.scope is self.scope:
            return ir.Promise(node=producer.id, var=promise._var, path=promise._path)
        return self.foreign(promise)

    def upstream(self, outcome: Outcome) -> NodeId:
        producer = outcome._producer
        if isinstance(producer, Node) and producer.scope is self.scope:
            return producer.id
        raise ForeignPromise(promise=repr(outcome), workflow=self.scope.name)

    def foreign(self, promise: Promise) -> ir.Promise:
        """Deal with a promise that another scope made."""
        raise ForeignPromise(promise=repr(promise), workflow=self.scope.name)

    def nodes(self) -> tuple[ir.Node, ...]:
        """Build every node."""
        return tuple([node.build(self) for node in self.scope.nodes])


class Enclosed(Building):
    """The anonymous workflow of an arm with several nodes: what it takes from outside becomes its inputs."""

    def __init__(self, scope: Scope, outer: Builder) -> None:
        super().__init__(scope)
        self.include = outer.include
        self.taken: dict[tuple[int, str], tuple[str, Promise]] = {}

    def foreign(self, promise: Promise) -> ir.Promise:
        whole = Promise(promise._producer, promise._var)
        name, _ = self.taken.setdefault((id(promise._producer), promise._var), (f"i{len(self.taken)}", whole))
        return ir.Promise(node=ir.WORKFLOW_INPUT, var=name, path=promise._path)

    def template(self, outputs: dict[str, Promise]) -> ir.WorkflowTemplate:
        """Make the workflow that yields *outputs*."""
        nodes = self.nodes()
        bindings = bindings_of({**outputs}, self.promise)
        declared = tuple(Variable(name=name, type=known_type(promise)) for name, promise in outputs.items())
        inputs = tuple(Variable(name=name, type=known_type(promise)) for name, promise in self.taken.values())
        return ir.WorkflowTemplate(
            id=EntityId(kind=EntityKind.WORKFLOW, name=self.scope.name),
            interface=TypedInterface(inputs=inputs, outputs=declared),
            nodes=nodes,
            outputs=bindings,
        )


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)

current_scope = _scope.get
"""Return the scope that calls are recorded in, ``None`` when nothing is being traced."""

enter = _scope.set
"""Make a scope the current one; conditionals do so between ``if_`` and ``then``."""


def required_scope(construct: str) -> Scope:
    """Return the current scope; raises ``OutsideWorkflow`` naming *construct* when there is none."""
    scope = _scope.get()
    if scope is None:
        raise OutsideWorkflow(construct=construct)
    return scope


@contextmanager
def tracing(scope: Scope | None) -> Iterator[None]:
    """Record calls in *scope* for a while; with ``None``, run them instead."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def known_type(promise: Promise) -> LiteralType:
    """Tell the type of *promise*; raises ``PromiseMisuse`` where only the value will tell."""
    if (found := promise._literal_type) is not None:
        return found
    raise misuse(
        repr(promise),
        "leaving an arm of a conditional",
        "let the arm return the whole value, and take the part outside",
    )
