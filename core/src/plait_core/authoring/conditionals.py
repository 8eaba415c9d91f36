"""
``conditional("name").if_(…).then(…).elif_(…).then(…).else_().then(…)``: one node that runs one of several calls.

Between ``if_`` and ``then`` calls are recorded in the arm, not in the workflow, so an arm that is not taken does nothing. An arm with
several calls becomes an anonymous workflow.
"""

from typing import Any, Generic, Never, TypeVar, cast

from plait_core.authoring import sources
from plait_core.authoring.conditions import Expression, constant
from plait_core.authoring.interfaces import PythonInterface
from plait_core.authoring.nodes import Builder, Node, Shape
from plait_core.authoring.promises import Nothing, Promise
from plait_core.authoring.scopes import Enclosed, Scope, current_scope, enter, known_type, required_scope
from plait_core.errors.authoring import InvalidConditional
from plait_core.ir import workflows as ir
from plait_core.ir.ids import NodeId
from plait_core.ir.interfaces import TypedInterface, Variable

T = TypeVar("T")
U = TypeVar("U")


def conditional(name: str) -> "Conditional":
    """Begin a conditional; its result is that of the arm that runs."""
    return Conditional(_Branching(name, required_scope("conditional()")))


class Conditional:
    """A conditional without arms."""

    def __init__(self, branching: "_Branching") -> None:
        self._branching = branching

    def if_(self, condition: object) -> "Arm[Never]":
        """Open the first arm; it runs when *condition*, a comparison of promises, holds."""
        return Arm(self._branching, condition)


class Arm(Generic[T]):
    """An open arm: the calls in ``then(...)`` belong to it."""

    def __init__(self, branching: "_Branching", condition: object) -> None:
        self._branching = branching
        branching.open(branching.expression(condition))

    def then(self, result: U) -> "Chain[T | U]":
        """End the arm with the *result* of its calls."""
        self._branching.close(result)
        return Chain(self._branching)


class Chain(Generic[T]):
    """A conditional that needs another arm."""

    def __init__(self, branching: "_Branching") -> None:
        self._branching = branching

    def elif_(self, condition: object) -> Arm[T]:
        """Open another arm; it runs when no earlier one does and *condition* holds."""
        return Arm(self._branching, condition)

    def else_(self) -> "LastArm[T]":
        """Open the arm that runs when no other does."""
        return LastArm(self._branching)


class LastArm(Generic[T]):
    """The arm that runs when no condition holds."""

    def __init__(self, branching: "_Branching") -> None:
        self._branching = branching
        branching.open(None)

    def then(self, result: U) -> T | U:
        """End the conditional with the *result* of the arm's calls."""
        self._branching.close(result)
        return cast("T | U", self._branching.finish())

    def fail(self, message: str) -> T:
        """End the conditional: when no condition holds, the node fails with *message*."""
        self._branching.abandon(message)
        return cast("T", self._branching.finish())


class _Case:
    """A closed arm."""

    def __init__(self, condition: Expression | None, scope: Scope, outputs: dict[str, Promise]) -> None:
        self.condition = condition
        self.scope = scope
        self.outputs = outputs

    def build(self, builder: Builder, *, id: NodeId) -> ir.Node:
        """Make the arm's one node: the call itself, or the anonymous workflow of several."""
        first, *more = self.scope.nodes
        if not more and all(_is_output_of(first, name, promise) for name, promise in self.outputs.items()):
            return first.build(builder, id=first.id if "node_name" in first.overrides else id)
        enclosed = Enclosed(self.scope, builder)
        template = enclosed.template(self.outputs)
        builder.include(template)
        return ir.Node(
            id=id,
            target=ir.SubWorkflowRef(id=template.id),
            inputs=tuple(ir.Binding(var=name, data=builder.promise(taken)) for name, taken in enclosed.taken.values()),
            source=first.source,
        )


class _Branching:
    """A conditional while its arms are recorded."""

    def __init__(self, name: str, scope: Scope) -> None:
        self.name = name
        self.scope = scope
        self.around: Scope | None = None
        self.mark = sources.here()
        self.label = f"{scope.name}.branch{scope.n_conditionals}"
        self.cases: list[_Case] = []
        self.waiting: tuple[Expression | None, Scope] | None = None
        self.error = ""
        scope.n_conditionals += 1
        scope.conditionals.append(self)

    def expression(self, condition: object) -> Expression:
        if isinstance(condition, Expression):
            return condition
        raise self._invalid(
            f"got {condition!r} as a condition",
            "compare a promise, as in `x > 5`; for a boolean promise write `x.is_true()`",
        )

    def open(self, condition: Expression | None) -> None:
        arm = Scope(f"{self.label}.{len(self.cases)}", parent=self.scope)
        self.waiting = condition, arm
        self.around = current_scope()
        enter(arm)

    def close(self, result: object) -> None:
        condition, arm = self._leave()
        arm.check_finished()
        outputs = self._outputs(result)
        if not arm.nodes:
            raise self._invalid(
                "has an arm that runs nothing", "make the call inside then(...), as in `.then(double(a=x))`"
            )
        self.cases.append(_Case(condition, arm, outputs))

    def abandon(self, message: str) -> None:
        self._leave()
        self.error = message

    def finish(self) -> Any:
        """Record the branch and return what it promises."""
        self.scope.conditionals.remove(self)
        first, *others = [case.outputs for case in self.cases]
        names = [name for name in first if all(name in outputs for outputs in others)]
        variables = tuple(Variable(name=name, type=known_type(first[name])) for name in names)
        shape = Shape(self.name, PythonInterface(outputs=dict.fromkeys(names, Any)), TypedInterface(outputs=variables))
        return self.scope.add(Node(shape, self._build, {}, name=self.name)).result

    def incomplete(self) -> InvalidConditional:
        return self._invalid("has no else", 'end it with .else_().then(...) or .else_().fail("why")')

    def _leave(self) -> tuple[Expression | None, Scope]:
        assert self.waiting is not None, "an arm exists only between open and close"
        condition, arm = self.waiting
        if current_scope() is not arm:
            raise self._invalid("has an arm that ends while another is open", "finish the inner conditional first")
        enter(self.around)
        return condition, arm

    def _outputs(self, result: object) -> dict[str, Promise]:
        match result:
            case Promise():
                return {result._var: result}
            case Nothing():
                return {}
            case tuple() if all(isinstance(item, Promise) for item in result):
                names = getattr(result, "_fields", None) or [f"o{n}" for n in range(len(result))]
                return dict(zip(names, result, strict=True))
        raise self._invalid(f"was given {result!r} by an arm", "let an arm end with the result of a call")

    def _build(self, builder: Builder) -> ir.Branch:
        def operand(value: Any) -> ir.Promise | ir.Const:
            return builder.promise(value) if isinstance(value, Promise) else constant(value)

        nodes = [case.build(builder, id=NodeId(f"n{n}")) for n, case in enumerate(self.cases)]
        arms = tuple(
            ir.Arm(condition=case.condition.build(operand), node=node)
            for case, node in zip(self.cases, nodes, strict=True)
            if case.condition is not None
        )
        return ir.Branch(arms=arms, otherwise=nodes[-1] if len(nodes) > len(arms) else None, error=self.error)

    def _invalid(self, detail: str, instead: str) -> InvalidConditional:
        where = sources.line_of(self.mark)
        return InvalidConditional(name=self.name, detail=detail, instead=instead, file=where.file, line=where.line)


def _is_output_of(node: Node, name: str, promise: Promise) -> bool:
    return promise._producer is node and promise._var == name and not promise._path
