"""
The kind ``python-function``: a task whose work is a Python function, sync or async.

Rendered in the engine from the template alone; run in the worker, where the function is called with Python values.
"""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import FunctionCall


class FunctionKind:
    """``TaskKind`` of Python functions."""

    def render(self, template: TaskTemplate, *, bundle: str) -> FunctionCall:
        return FunctionCall(entity=template.id, location=template.location, resolver=template.resolver, bundle=bundle)

    async def run(self, entity: Any, inputs: Mapping[str, Any]) -> Any:
        returned = entity.function(**inputs)
        return await returned if isawaitable(returned) else returned
