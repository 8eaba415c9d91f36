"""
Workflows: functions whose body runs once, with promises, and leaves a graph.

The body is traced on first use, never at import; afterwards only the graph counts.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, update_wrapper
from inspect import unwrap
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypedDict, cast, overload

import attrs

from plait_core.authoring import sources
from plait_core.authoring.bindings import bindings_of, capture_each
from plait_core.authoring.entities import Entity, P, R
from plait_core.authoring.interfaces import PythonInterface, check_signature, interface_of
from plait_core.authoring.promises import Nothing, Promise
from plait_core.authoring.scopes import Building, Inputs, Scope, tracing
from plait_core.errors.authoring import InvalidOption, UnknownOptions
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.workflows import FailurePolicy, NodeTarget, SubWorkflowRef, WorkflowTemplate

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.documentation import Described, Documentation
    from plait_core.authoring.options import Options


class WorkflowOptions(TypedDict, total=False):
    """What ``@workflow`` and ``Workflow(...)`` accept."""

    failure_policy: FailurePolicy
    interruptible: bool
    on_failure: Entity[Any, Any] | None
    docs: "Documentation | None"
    pickle_untyped: bool
    default_options: "Options | None"


class Graph(NamedTuple):
    """What tracing leaves: the template, what its nodes run, and anonymous workflows that only it uses."""

    template: WorkflowTemplate
    entities: Mapping[EntityId, Entity[Any, Any]]
    extra: tuple[WorkflowTemplate, ...]


class Workflow(Entity[P, R]):
    """A graph with an interface; each way to make one is a subclass."""

    kind: ClassVar[EntityKind] = EntityKind.WORKFLOW

    def __init__(self, name: str, **options: "Unpack[WorkflowOptions]") -> None:
        super().__init__(name)
        if unknown := options.keys() - WorkflowOptions.__annotations__.keys():
            raise UnknownOptions(
                declaration=f"workflow {name}",
                unknown=tuple(sorted(unknown)),
                known=tuple(WorkflowOptions.__annotations__),
            )
        self.options = options
        policy = options.get("failure_policy", FailurePolicy.FAIL_IMMEDIATELY)
        if not isinstance(policy, FailurePolicy):
            raise InvalidOption(
                declaration=f"workflow {name}",
                option="failure_policy",
                detail=f"is {policy!r}",
                expected="use WorkflowFailurePolicy.FAIL_IMMEDIATELY or .FAIL_AFTER_EXECUTABLE_NODES_COMPLETE",
            )

    @cached_property
    def graph(self) -> Graph:
        """The graph, traced on first use."""
        scope = Scope(self.name, Inputs(self.name, lambda: self.interface))
        with tracing(scope):
            outputs = self._trace(scope)
        return self._built(scope, outputs)

    @property
    def template(self) -> WorkflowTemplate:
        """The graph as the platform knows it."""
        return self.graph.template

    def _built(self, scope: Scope, outputs: Mapping[str, Any]) -> Graph:
        scope.check_finished()
        building = Building(scope)
        template = WorkflowTemplate(
            id=self.id,
            interface=self.interface,
            nodes=building.nodes(),
            outputs=bindings_of(
                capture_each(outputs, self.python_interface.outputs),
                building.promise,
            ),
            failure_policy=self.options.get("failure_policy", FailurePolicy.FAIL_IMMEDIATELY),
            interruptible=bool(self.options.get("interruptible")),
        )
        return Graph(self._completed(template, scope), scope.entities, tuple(building.extra))

    def _trace(self, scope: Scope) -> Mapping[str, Any]:
        """Record the nodes and return what the outputs are bound to."""
        raise NotImplementedError

    def _completed(self, template: WorkflowTemplate, scope: Scope) -> WorkflowTemplate:
        """Add what only some workflows have: a failure node, and words about it."""
        if (handler := self.options.get("on_failure")) is not None:
            from plait_core.authoring.failures import with_failure_node

            template = with_failure_node(template, handler)
            scope.entities[handler.id] = handler
        described = self.described
        return attrs.evolve(template, short_description=described.short, long_description=described.long)

    @property
    def described(self) -> "Described":
        """What the author says about the workflow."""
        from plait_core.authoring.documentation import Described

        return Described.of(vars(self).get("__doc__"), self.options.get("docs"))

    @property
    def _descriptions(self) -> Mapping[str, str]:
        return self.described.variables

    def _target(self) -> NodeTarget:
        return SubWorkflowRef(id=self.id)


class PythonFunctionWorkflow(Workflow[P, R]):
    """A workflow written as a function."""

    def __init__(self, function: Callable[P, R], **options: "Unpack[WorkflowOptions]") -> None:
        self.function = function
        self.signature = unwrap(function)
        super().__init__(sources.function_name(self.signature), **options)
        check_signature(self.name, self.signature, pickle_untyped=options.get("pickle_untyped", False))
        update_wrapper(cast("Any", self), function)

    @cached_property
    def python_interface(self) -> PythonInterface:
        return interface_of(self.name, self.signature, pickle_untyped=self.options.get("pickle_untyped", False))

    def _trace(self, scope: Scope) -> Mapping[str, Any]:
        assert scope.producer is not None
        promises = {name: Promise(scope.producer, name) for name in self.python_interface.inputs}
        returned: Any = cast("Callable[..., R]", self.function)(**promises)
        return self.python_interface.unpack(self.name, None if isinstance(returned, Nothing) else returned)


@overload
def workflow(function: Callable[P, R], /) -> PythonFunctionWorkflow[P, R]: ...
@overload
def workflow(
    function: None = None, /, **options: "Unpack[WorkflowOptions]"
) -> Callable[[Callable[P, R]], PythonFunctionWorkflow[P, R]]: ...
def workflow(function: Any = None, /, **options: "Unpack[WorkflowOptions]") -> Any:
    """
    Make a workflow of a function, bare or with options.

    Raises:
        UserError: the function or an option cannot be used; each case has a class in ``plait_core.errors.authoring``.
    """
    if function is None:
        return lambda function: PythonFunctionWorkflow(function, **options)
    return PythonFunctionWorkflow(function)
