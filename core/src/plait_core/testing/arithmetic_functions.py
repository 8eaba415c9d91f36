"""
The tasks of ``arithmetic`` as Python functions, so that any executor of functions runs the graphs of simulations.

``as_functions`` rewrites a closure: each task becomes one that the named resolver makes again, in whatever process, from the
numbers in its location. What a function comes to is what ``arithmetic.perform`` says, so outputs are those of the oracle.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Optional, cast

import attrs

from plait_core.authoring.contexts import current_context
from plait_core.authoring.entities import Entity
from plait_core.authoring.interfaces import PythonInput, PythonInterface
from plait_core.errors import NonRecoverableError
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityKind
from plait_core.ir.tasks import FUNCTION_TASK, RetryPolicy, TaskMetadata, TaskTemplate
from plait_core.ir.types import INTEGER, LiteralType
from plait_core.ir.workflows import Gate, Node, Sleep
from plait_core.testing.arithmetic import (
    INTEGERS,
    INTERFACES,
    MAYBE_ERROR,
    MAYBE_INTEGERS,
    arithmetic_task,
    literal_of,
    perform,
    value_of,
)
from plait_core.types.failures import TaskFailure

RESOLVER_LOCATION = "plait_core.testing.arithmetic_functions:RESOLVER"


class ArithmeticFunction(Entity[..., Any]):
    """One task of ``arithmetic``, found again by its location."""

    kind: ClassVar[EntityKind] = EntityKind.TASK
    is_async: ClassVar[bool] = False

    def __init__(self, template: TaskTemplate) -> None:
        super().__init__(template.id.name)
        self._template = template

    @property
    def python_interface(self) -> PythonInterface:
        inputs, outputs = INTERFACES[str(self._template.custom["op"])]
        return PythonInterface(
            inputs={name: PythonInput(_python_type(type_)) for name, type_ in inputs.items()},
            outputs={name: _python_type(type_) for name, type_ in outputs.items()},
        )

    def function(self, **values: Any) -> Any:
        """Compute, fail or grow, as the template says for the attempt that runs."""
        inputs = {name: literal_of(None if isinstance(v, TaskFailure) else v) for name, v in values.items()}
        result = perform(self._template, inputs, current_context().attempt)
        if result.error is not None:
            raise (ValueError if result.error.is_recoverable else NonRecoverableError)(result.error.message)
        if result.fragment is not None:
            return as_functions(result.fragment)
        outputs = result.outputs or {}
        return value_of(outputs["o0"]) if outputs else None


class Resolver:
    """Makes tasks of locations."""

    def load_task(self, location: str) -> ArithmeticFunction:
        """Make the task whose name, operation and numbers *location* holds."""
        custom = json.loads(location)
        name, op = custom.pop("name"), custom.pop("op")
        return ArithmeticFunction(arithmetic_task(name, op, TaskMetadata(), **custom))


RESOLVER = Resolver()


def as_functions(closure: Closure) -> Closure:
    """Return *closure* with every task a Python function, and nothing that waits for time."""
    return attrs.evolve(
        closure,
        tasks=tuple(_as_function(template) for template in closure.tasks),
        workflows=tuple(
            attrs.evolve(template, nodes=tuple(_awake(node) for node in template.nodes))
            for template in closure.workflows
        ),
    )


def _as_function(template: TaskTemplate) -> TaskTemplate:
    location = json.dumps({"name": template.id.name, **cast("Mapping[str, Any]", template.custom)})
    metadata = attrs.evolve(template.metadata, retry=_at_once(template.metadata.retry))
    return attrs.evolve(template, type=FUNCTION_TASK, resolver=RESOLVER_LOCATION, location=location, metadata=metadata)


def _at_once(policy: RetryPolicy) -> RetryPolicy:
    return attrs.evolve(policy, backoff_base_ns=0)


def _awake(node: Node) -> Node:
    """Let a gate sleep for no time, and a task be tried again at once."""
    if isinstance(node.target, Gate) and isinstance(node.target.condition, Sleep):
        return attrs.evolve(node, target=Gate(condition=Sleep(duration_ns=0)))
    if node.metadata.retry is not None:
        return attrs.evolve(node, metadata=attrs.evolve(node.metadata, retry=_at_once(node.metadata.retry)))
    return node


def _python_type(type_: LiteralType) -> Any:
    known: list[tuple[LiteralType, Any]] = [
        (INTEGER, int),
        (INTEGERS, list[int]),
        (MAYBE_INTEGERS, list[Optional[int]]),  # noqa: UP045  # inside a list, as users write it
        (MAYBE_ERROR, Optional[TaskFailure]),  # noqa: UP045
    ]
    return next(python_type for literal_type, python_type in known if literal_type == type_)
