"""
Placements: which executor runs each task.

The first listed executor whose capabilities cover a task gets it; a task that none covers is a fault that says what each
of them lacks. Needed are the action that the task kind renders (for kinds that render none, the task type by name) and a way
for its secrets to arrive as it asks. A time limit is a preference: an executor that can stop an attempt in time goes
before one that cannot, but a laptop with nothing but the inline executor still runs such a task.

Called for each closure that is about to run, after it was compiled.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from plait_core.compiler.wording import entity_text
from plait_core.errors.compiling import CompileFailed, Fault
from plait_core.ir.executions import Closure
from plait_core.ir.tasks import MountRequirement, SecretRequest, TaskTemplate
from plait_core.ports.executors import Capabilities
from plait_core.ports.specs import ExecutorSpec

ActionOf: TypeAlias = Callable[[TaskTemplate], type[Any] | None]
"""Tells the class of the action that a task is rendered to; ``None`` for a connector's task and for an unknown type."""


def place(closure: Closure, executors: Sequence[ExecutorSpec], action_of: ActionOf) -> Mapping[str, str]:
    """
    Choose one of *executors*, in the order in which settings list them, for each task of *closure*.

    Returns:
        The text of each task's id -> the name of its executor.

    Raises:
        CompileFailed: some tasks cannot run on any of them; all of these tasks are listed.
    """
    placed: dict[str, str] = {}
    faults: list[Fault] = []
    for task in closure.tasks:
        action = action_of(task)
        lacks = {spec.name: _lacking(spec.capabilities, task, action) for spec in executors}
        fit = [spec for spec in executors if not lacks[spec.name]]
        if fit:
            in_time = [spec for spec in fit if spec.capabilities.can_time_out or not task.metadata.timeout_ns]
            placed[str(task.id)] = (in_time or fit)[0].name
        else:
            faults.append(_fault(task, lacks))
    if faults:
        raise CompileFailed(faults=tuple(faults))
    return placed


def _lacking(can: Capabilities, task: TaskTemplate, action: type[Any] | None) -> list[str]:
    lacking = []
    if action is None:
        if task.type not in can.task_types:
            lacking.append(f"does not run tasks of type {task.type!r}")
    elif can.task_types and task.type not in can.task_types:
        lacking.append(f"runs tasks of type {', '.join(can.task_types)} only")
    elif action not in can.actions:
        lacking.append(f"cannot run a {action.__name__}")
    lacking += [what for request in task.security.secrets if (what := _undelivered(can, request))]
    return lacking


def _undelivered(can: Capabilities, request: SecretRequest) -> str | None:
    name = "/".join(filter(None, (request.group, request.key)))
    ways = set(can.secret_deliveries)
    if not ways:
        return f"has no way to hand over the secret {name}"
    if request.mount_requirement is MountRequirement.FILE:
        return None if ways & {"file", "platform"} else f"cannot hand over the secret {name} as a file"
    if request.env_var:
        return (
            None if ways & {"env", "platform"} else f"cannot put the secret {name} into the variable {request.env_var}"
        )
    return None


def _fault(task: TaskTemplate, lacks: Mapping[str, list[str]]) -> Fault:
    reasons = "; ".join(f"{name} {' and '.join(what)}" for name, what in lacks.items())
    return Fault(
        code="no-executor",
        entity=entity_text(task.id),
        message=f"no executor can run it: {reasons}" if reasons else "no executor is listed in the settings",
        remedy="list an executor that can under `executors`, or install the plugin that brings one; see `plait plugins list`",
    )
