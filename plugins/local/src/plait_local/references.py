"""
The kind ``reference``: a task that is registered elsewhere, whose code is not here.

A local run can only refuse it, with a message that says so; tests put a stand-in in its place (``plait.testing.task_mock``).
"""

from collections.abc import Mapping
from typing import Any

from plait_core.errors.authoring import ReferenceCalled
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import FunctionCall


class ReferenceKind:
    """``TaskKind`` of references."""

    def render(self, template: TaskTemplate, *, bundle: str) -> FunctionCall:
        return FunctionCall(entity=template.id, location=template.location, resolver=template.resolver, bundle=bundle)

    async def run(self, entity: Any, inputs: Mapping[str, Any]) -> Any:
        raise ReferenceCalled(entity=str(entity.id))
