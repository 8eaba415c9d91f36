"""
Nodes, while a workflow is traced: what was called, with what, and what was changed about it.

A node may be changed until its workflow is built; then it becomes a ``plait_core.ir.workflows.Node``.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from plait_core.authoring import sources
from plait_core.authoring.bindings import Bound, bindings_of
from plait_core.authoring.interfaces import PythonInterface
from plait_core.authoring.promises import Nothing, Outcome, Promise, outcomes_of, outputs_class
from plait_core.ir import workflows as ir
from plait_core.ir.ids import NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.types import LiteralType


class Callee(Protocol):
    """What a node runs, as far as its outputs are concerned."""

    @property
    def name(self) -> str: ...

    @property
    def python_interface(self) -> PythonInterface: ...

    @property
    def interface(self) -> TypedInterface: ...


class Builder(Protocol):
    """The workflow that is being built."""

    def promise(self, promise: Promise) -> ir.Promise:
        """Name the node of a promise."""
        ...

    def upstream(self, outcome: Outcome) -> NodeId:
        """Name the node that an outcome came from."""
        ...

    @property
    def include(self) -> Callable[[ir.WorkflowTemplate], None]:
        """Carries a template that only this workflow uses."""
        ...


Target: TypeAlias = ir.NodeTarget | Callable[[Builder], ir.NodeTarget]
"""What a node runs; branches can say so only when the whole workflow is known."""


class Shape(NamedTuple):
    """A callee that is no entity: a branch or a gate."""

    name: str
    python_interface: PythonInterface
    interface: TypedInterface


class Node(Outcome):
    """A step of the workflow being traced; also what ``create_node`` returns."""

    __slots__ = ("_callee", "_mark", "after", "bound", "index", "name", "overrides", "scope", "target")

    def __init__(self, callee: Callee, target: Target, bound: Mapping[str, Bound], *, name: str = "") -> None:
        self._callee = callee
        self._mark = sources.here()
        self.target = target
        self.bound = bound
        self.name = name
        self.after: tuple[Outcome, ...] = ()
        self.overrides: Mapping[str, Any] = _UNCHANGED
        self.scope: object = None
        self.index = 0

    @property
    def _producer(self) -> "Node":
        return self

    def __repr__(self) -> str:
        return f"<node {self.id} of {self._callee.name}>"

    def __getattr__(self, name: str) -> Promise:
        """Promise the output *name*."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.outputs[name]

    @property
    def id(self) -> NodeId:
        """The id within the workflow: ``n0``, ``n1`` in order of calls, or the name that was asked for."""
        asked = self.overrides.get("node_name")
        return NodeId(_dns_name(asked) if asked else f"n{self.index}")

    @property
    def outputs(self) -> dict[str, Promise]:
        """Output name -> promise."""
        return {name: Promise(self, name) for name in self._callee.python_interface.outputs}

    @property
    def result(self) -> Any:
        """What the call returns: a promise, a named tuple of promises, or nothing but its place in the order."""
        shape = self._callee.python_interface
        if shape.output_tuple is not None:
            return outputs_class(shape.output_tuple)(*self.outputs.values())
        for name in shape.outputs:
            return Promise(self, name)
        return Nothing(self)

    @property
    def source(self) -> ir.SourceLine:
        """Where the call was written."""
        return sources.line_of(self._mark)

    def output_type(self, var: str) -> LiteralType:
        return self._callee.interface.output_types[var]

    def python_type(self, var: str) -> Any:
        """The Python type of an output."""
        return self._callee.python_interface.outputs[var]

    def label(self) -> str:
        return f"{self._callee.name.rpartition('.')[2]}#{self.id}"

    def follow(self, earlier: Outcome) -> None:
        self.after = (*self.after, earlier)

    def override(self, **overrides: Any) -> None:
        from plait_core.authoring.overrides import checked

        changes = {**self.overrides, **checked(overrides)}
        self.after = (*self.after, *outcomes_of(changes.pop("after", ())))
        self.overrides = changes

    def build(self, builder: Builder, *, id: NodeId | None = None) -> ir.Node:
        """Make the node that a workflow stores."""
        target = self.target(builder) if callable(self.target) else self.target
        node = ir.Node(
            id=id or self.id,
            target=target,
            inputs=bindings_of(self.bound, builder.promise),
            upstream=tuple(dict.fromkeys([builder.upstream(outcome) for outcome in self.after])) if self.after else (),
            metadata=ir.NodeMetadata(name=self.name) if self.name else _PLAIN,
            source=self.source,
        )
        if not self.overrides:
            return node
        from plait_core.authoring.overrides import apply

        return apply(self.overrides, node, self._callee)


_PLAIN = ir.NodeMetadata()
_UNCHANGED: Mapping[str, Any] = {}


def _dns_name(name: str) -> str:
    """Normalise *name* to a DNS label, as ids of nodes end up in names of pods."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")
