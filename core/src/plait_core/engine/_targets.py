"""
Targets: from the entity that a caller names, or its templates, to what can be launched.

Used by ``Engine``. The entities that were traced are kept, so that attempts in this process run the very objects.
"""

from typing import Any

import attrs

from plait_core.authoring.entities import Entity
from plait_core.authoring.interfaces import REQUIRED
from plait_core.compiler.completion import complete_known
from plait_core.engine._launching import Launch, plan_launch
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import LiteralMap
from plait_core.plugins.settings import Settings
from plait_core.ports.databases import Registry
from plait_core.ports.specs import BlobAccess
from plait_core.types import TypeEngine


class Targets:
    """What this process can launch by object."""

    def __init__(self, settings: Settings, types: TypeEngine) -> None:
        """Fill options that are left open from *settings*; convert defaults by *types*."""
        self._settings = settings
        self._types = types
        self.entities: dict[EntityId, Entity[Any, Any]] = {}
        """Every entity that was traced, by id."""

    async def launch(
        self,
        target: Entity[Any, Any] | Closure,
        inputs: LiteralMap,
        options: ExecutionOptions,
        *,
        blobs: BlobAccess,
        registry: Registry,
        **spec: Any,
    ) -> Launch:
        """
        Plan a launch; references are looked up in *registry*, and *spec* are further fields of the ``ExecutionSpec``.

        Raises ``InvalidInputs``, and ``CompileFailed`` when a reference does not fit what is registered.
        """
        closure = await complete_known(self.traced(target), registry)
        if isinstance(target, Entity):
            inputs = {**self._defaults(target, inputs, blobs), **inputs}
        return plan_launch(closure, inputs, self._filled(options), **spec)

    def traced(self, target: Entity[Any, Any] | Closure) -> Closure:
        """Return the templates of *target*."""
        if isinstance(target, Closure):
            return target
        from plait_core.authoring.tracing import trace

        traced = trace(target)
        self.entities.update(traced.entities)
        return traced.closure

    def _filled(self, options: ExecutionOptions) -> ExecutionOptions:
        if options.max_parallelism is None and self._settings.max_parallelism is not None:
            options = attrs.evolve(options, max_parallelism=self._settings.max_parallelism)
        if options.overwrite_cache is None and self._settings.cache == "overwrite":
            options = attrs.evolve(options, overwrite_cache=True)
        return options

    def _defaults(self, target: Entity[Any, Any], given: LiteralMap, blobs: BlobAccess) -> LiteralMap:
        """Return the defaults of a task's own parameters; those of workflows and plans are in their templates."""
        if target.kind is not EntityKind.TASK:
            return {}
        context = self._types.context("", blobs)
        return {
            name: self._types.converter(declared.type).to_literal(declared.default, context)
            for name, declared in target.python_interface.inputs.items()
            if name not in given and declared.default is not REQUIRED
        }
