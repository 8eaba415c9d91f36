"""
Failure handlers: ``@workflow(on_failure=clean_up)``.

The handler receives the workflow's inputs by name, and the error in its input ``err``, which the engine fills in.
"""

import typing
from collections.abc import Mapping
from typing import Any

import attrs

from plait_core.authoring.bindings import bindings_of, capture
from plait_core.authoring.entities import Entity
from plait_core.authoring.interfaces import REQUIRED, PythonInput
from plait_core.errors.authoring import InvalidWorkflow
from plait_core.ir.ids import NodeId
from plait_core.ir.workflows import WORKFLOW_INPUT, Binding, Node, Promise, WorkflowTemplate
from plait_core.types.failures import TaskFailure

ERROR_INPUT = "err"
FAILURE_NODE = NodeId("fn0")


def with_failure_node(template: WorkflowTemplate, handler: Entity[Any, Any]) -> WorkflowTemplate:
    """
    Let *handler* run when the workflow fails.

    Raises:
        InvalidWorkflow: it lacks an input of the workflow, has another one that needs a value, or cannot be told the error.
    """
    theirs, ours = handler.python_interface.inputs, template.interface.input_types
    if missing := ours.keys() - theirs.keys():
        raise _mismatch(template, handler, f"lacks the inputs {', '.join(sorted(missing))}")
    extra = {name: declared for name, declared in theirs.items() if name not in ours and name != ERROR_INPUT}
    if needy := [
        name for name, declared in extra.items() if declared.default is REQUIRED and not _is_optional(declared)
    ]:
        raise _mismatch(template, handler, f"needs {', '.join(needy)}, which the workflow does not have")
    if ERROR_INPUT in theirs and ERROR_INPUT not in ours and not _takes_error(theirs[ERROR_INPUT]):
        raise _mismatch(template, handler, f"cannot be told the error, as {ERROR_INPUT!r} is no TaskFailure")
    passed = tuple(Binding(var=name, data=Promise(node=WORKFLOW_INPUT, var=name)) for name in ours)
    return attrs.evolve(
        template,
        failure_node=Node(
            id=FAILURE_NODE, target=handler._target(), inputs=(*passed, *_defaults(extra)), source=handler.source
        ),
    )


def _defaults(extra: Mapping[str, PythonInput]) -> tuple[Binding, ...]:
    values = {name: None if declared.default is REQUIRED else declared.default for name, declared in extra.items()}
    return bindings_of({name: capture(value, extra[name].type) for name, value in values.items()}, _no_promise)


def _no_promise(promise: Any) -> Promise:
    raise TypeError(f"the default {promise!r} is no value")


def _takes_error(declared: PythonInput) -> bool:
    return TaskFailure in (declared.type, *typing.get_args(declared.type))


def _is_optional(declared: PythonInput) -> bool:
    return type(None) in typing.get_args(declared.type)


def _mismatch(template: WorkflowTemplate, handler: Entity[Any, Any], detail: str) -> InvalidWorkflow:
    return InvalidWorkflow(
        workflow=template.id.name,
        detail=f"its failure handler {handler.name} {detail}",
        instead=f"give it the workflow's inputs by name, optional ones beside them, and '{ERROR_INPUT}: TaskFailure | None = None' for the error",
    )
