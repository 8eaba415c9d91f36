"""
Units: an attempt, ready for an executor.

Called by the shell when it carries out ``Submit`` and ``SubmitElements``. The node's overrides, the execution's options and
the layout of blob storage meet here; what to run is the task kind's word.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import attrs

from plait_core.engine._policies import timeout_ns
from plait_core.engine._state import ExecutionState, NodeState
from plait_core.ir.ids import AttemptId, ExecutionId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.tasks import Container, PodSpec, Sql, TaskTarget, TaskTemplate
from plait_core.ir.units import Action, Unit
from plait_core.ir.workflows import NO_OVERRIDES, Array, TaskOverrides, TaskRef

Render: TypeAlias = Callable[[TaskTemplate], Action]
"""Asks the task kind what an executor has to do; cached by whoever provides it."""


def attempt_id(state: ExecutionState, node: NodeState, n: int, element: int | None = None) -> AttemptId:
    """Name an attempt of a node or of one of its elements."""
    return AttemptId(execution=state.id, node=node.id, task=node.template.id, element=element, n=n)


def unit_for(
    state: ExecutionState, node: NodeState, attempt: AttemptId, inputs: LiteralMap, render: Render, *, blobs: str
) -> Unit:
    """
    Put together the unit of *attempt*.

    *inputs* are its own: for an element, its slice. *blobs* is the URI under which the engine stores things.
    """
    assert state.spec is not None
    template = _overridden(node)
    options = state.spec.options
    place = f"{state.text}/{node.id}/{_try(attempt)}"
    return Unit(
        attempt=attempt,
        template=template,
        action=render(template),
        inputs=inputs,
        output_prefix=output_prefix(place, blobs),
        raw_prefix=f"{options.raw_data_prefix or blobs}/raw/{place}",
        checkpoint_prefix=f"{blobs}/checkpoints/{place}",
        previous_checkpoint=_previous_checkpoint(state, node, attempt, blobs),
        secrets=template.security.secrets,
        env=_env(template, options.envs),
        labels=options.labels,
        annotations=options.annotations,
        timeout_ns=timeout_ns(node),
        is_interruptible=_is_interruptible(state, node),
    )


def output_prefix(attempt: AttemptId | str, blobs: str) -> str:
    """Return where the result, the logs and the like of an attempt, or of what its id reads, are stored."""
    return f"{blobs}/meta/{attempt}"


def outputs_prefix(execution: ExecutionId, node: NodeState, blobs: str) -> str:
    """Return where outputs that belong to a node rather than to an attempt are stored."""
    return f"{blobs}/meta/{execution}/{node.id}"


def _previous_checkpoint(state: ExecutionState, node: NodeState, attempt: AttemptId, blobs: str) -> str:
    """Where the attempts before saved: as the last one said, or where one that was lost would have."""
    if node.checkpoint or not attempt.n:
        return node.checkpoint
    before = attrs.evolve(attempt, n=attempt.n - 1)
    return f"{blobs}/checkpoints/{state.text}/{node.id}/{_try(before)}"


def _try(attempt: AttemptId) -> str:
    return str(attempt.n) if attempt.element is None else f"{attempt.element}/{attempt.n}"


def _overridden(node: NodeState) -> TaskTemplate:
    template = node.template
    target = node.node.target
    task = target.target if isinstance(target, Array) else target
    assert isinstance(task, TaskRef)
    overrides = task.overrides
    if overrides is NO_OVERRIDES:
        return template
    changes: dict[str, object] = {"target": _target(template.target, overrides)}
    if overrides.extended_resources is not None:
        changes["extended_resources"] = overrides.extended_resources
    if isinstance(overrides.task_config, dict):
        changes["custom"] = {**template.custom, **overrides.task_config}
    return attrs.evolve(template, **changes)  # type: ignore[arg-type]  # fields checked by the classes above


def _target(target: TaskTarget | None, overrides: TaskOverrides) -> TaskTarget | None:
    """Change the task's own container, the one in its pod, or the one it gets because of the change."""
    changes: dict[str, Any] = {}
    if overrides.container_image is not None:
        changes["image"] = overrides.container_image
    if overrides.resources is not None:
        changes["resources"] = overrides.resources
    container = target if isinstance(target, Container) else Container()
    if overrides.pod_template is not None or (changes and isinstance(target, PodSpec)):
        from plait_core.authoring.pods import PodTemplate

        pod: Any = overrides.pod_template or attrs.asdict(cast("PodSpec", target), recurse=False)
        return PodTemplate(**pod).merged(attrs.evolve(container, **changes))
    return attrs.evolve(container, **changes) if changes and not isinstance(target, Sql) else target


def _env(template: TaskTemplate, given: Mapping[str, str]) -> Mapping[str, str]:
    target = template.target
    return {**dict(target.env), **given} if isinstance(target, Container | PodSpec) else given


def _is_interruptible(state: ExecutionState, node: NodeState) -> bool:
    assert state.spec is not None
    workflow = node.graph.workflow
    task = node.template.metadata
    for word in (node.node.metadata.interruptible, task.interruptible, state.spec.options.interruptible):
        if word is not None:
            return word
    return workflow.template.interruptible if workflow is not None else False
