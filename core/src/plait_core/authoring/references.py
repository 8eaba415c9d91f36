"""
References: entities that are registered elsewhere.

Only the signature counts; the body of the decorated function never runs.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import attrs

from plait_core.authoring.entities import Entity, P, R
from plait_core.authoring.interfaces import REQUIRED, PythonInterface, check_signature, interface_of
from plait_core.authoring.tasks import Task
from plait_core.authoring.typesystem import constants, process_types
from plait_core.errors.authoring import InvalidWorkflow, ReferenceCalled
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import Parameter
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import REFERENCE_TASK
from plait_core.ir.workflows import LaunchPlanRef, NodeTarget


class ReferenceTask(Task[P, R]):
    """A task registered elsewhere."""

    def __init__(self, id: EntityId, function: Callable[P, R]) -> None:
        super().__init__(name=id.name, type=REFERENCE_TASK, interface=_declared(id, function))
        self.id = id


class _Reference(Entity[P, R]):
    """What is registered elsewhere and has nodes: only its signature is here."""

    def __init__(self, id: EntityId, function: Callable[P, R]) -> None:
        super().__init__(id.name)
        self.id = id
        self._declared = _declared(id, function)

    @property
    def python_interface(self) -> PythonInterface:
        return self._declared

    def _run(self, *_: Any) -> R:
        raise ReferenceCalled(entity=str(self.id))


class ReferenceWorkflow(_Reference[P, R]):
    """A workflow registered elsewhere; it can be launched, and not be part of another one."""

    kind: ClassVar[EntityKind] = EntityKind.WORKFLOW

    def _target(self) -> NodeTarget:
        raise InvalidWorkflow(
            workflow=str(self.id),
            detail="a workflow registered elsewhere cannot be a sub-workflow, because its nodes are not here",
            instead="call its launch plan, declared with reference_launch_plan",
        )


class ReferenceLaunchPlan(_Reference[P, R]):
    """A launch plan registered elsewhere."""

    kind: ClassVar[EntityKind] = EntityKind.LAUNCH_PLAN

    @cached_property
    def template(self) -> LaunchPlanTemplate:
        """What is known of the plan: its interface; the workflow is assumed to have the plan's name."""
        types, context = process_types(), constants()
        defaults = {
            name: types.converter(declared.type).to_literal(declared.default, context)
            for name, declared in self._declared.inputs.items()
            if declared.default is not REQUIRED
        }
        return LaunchPlanTemplate(
            id=self.id,
            workflow=attrs.evolve(self.id, kind=EntityKind.WORKFLOW),
            parameters=tuple(
                Parameter(
                    variable=variable, is_required=variable.name not in defaults, default=defaults.get(variable.name)
                )
                for variable in self.interface.inputs
            ),
            expected_outputs=self.interface.outputs,
        )

    def _target(self) -> NodeTarget:
        return LaunchPlanRef(id=self.id)


def reference_task(
    project: str, domain: str, name: str, version: str
) -> Callable[[Callable[P, R]], ReferenceTask[P, R]]:
    """Declare, by the signature of a function, a task that is registered elsewhere."""
    there = EntityId(kind=EntityKind.TASK, project=project, domain=domain, name=name, version=version)
    return lambda function: ReferenceTask(there, function)


def reference_workflow(
    project: str, domain: str, name: str, version: str
) -> Callable[[Callable[P, R]], ReferenceWorkflow[P, R]]:
    """Declare, by the signature of a function, a workflow that is registered elsewhere."""
    there = EntityId(kind=EntityKind.WORKFLOW, project=project, domain=domain, name=name, version=version)
    return lambda function: ReferenceWorkflow(there, function)


def reference_launch_plan(
    project: str, domain: str, name: str, version: str
) -> Callable[[Callable[P, R]], ReferenceLaunchPlan[P, R]]:
    """Declare, by the signature of a function, a launch plan that is registered elsewhere."""
    there = EntityId(kind=EntityKind.LAUNCH_PLAN, project=project, domain=domain, name=name, version=version)
    return lambda function: ReferenceLaunchPlan(there, function)


def _declared(id: EntityId, function: Callable[..., Any]) -> PythonInterface:
    check_signature(str(id), function, pickle_untyped=False)
    return interface_of(str(id), function)
