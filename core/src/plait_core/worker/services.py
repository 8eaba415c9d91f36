"""
What a worker works with, and what it has learnt about entities so far.

Made once per engine or process. ``Prepared`` is looked up per unit, so that a task's converters are found once, not per attempt.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from plait_core.authoring.entities import Entity
from plait_core.ir.ids import AttemptId, EntityId
from plait_core.ir.literals import Literal
from plait_core.ir.tasks import REFERENCE_TASK
from plait_core.ir.types import LiteralType
from plait_core.ir.units import FunctionCall, Unit
from plait_core.plugins import Plugins
from plait_core.ports.channels import TaskChannel
from plait_core.ports.specs import BlobAccess
from plait_core.ports.tasks import TaskKind
from plait_core.types import ConversionContext, TypeEngine
from plait_core.worker.loading import load_entity
from plait_core.worker.redaction import Confidant


class PreparedInput(NamedTuple):
    """How one input is read."""

    python_type: Any
    to_python: Callable[[Literal, ConversionContext], Any]


class PreparedOutput(NamedTuple):
    """How one output is written."""

    name: str
    python_type: Any
    literal_type: LiteralType
    to_literal: Callable[[Any, ConversionContext], Literal]


class Prepared(NamedTuple):
    """An entity, with everything that is the same in all its attempts."""

    entity: Entity[Any, Any]
    kind: TaskKind
    inputs: Mapping[str, PreparedInput]
    outputs: tuple[PreparedOutput, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WorkerServices:
    """
    What ``perform`` uses.

    ``secrets`` answers tasks, and knows what must not be in their errors and decks.

    ``entities`` holds those of this process, which need not be importable; others are imported by their location. ``channel``
    opens an attempt's line to its engine, where there is one. ``run_body``, where given, has plain functions run by another
    thread than the engine's: by whoever called it from inside a running loop.
    """

    plugins: Plugins
    types: TypeEngine
    blobs: BlobAccess
    secrets: Confidant = attrs.field(converter=Confidant)
    entities: Mapping[EntityId, Entity[Any, Any]] = attrs.field(factory=dict)
    channel: Callable[[AttemptId], TaskChannel] | None = None
    worker: str = ""
    run_body: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None
    _prepared: dict[EntityId, Prepared] = attrs.field(factory=dict, init=False)
    _roots: dict[str, Path] = attrs.field(factory=dict, init=False)

    async def unpack(self, bundle: str) -> None:
        """Fetch the code at the URI *bundle*, once; raises as ``plait_core.worker.bundles.unpack`` does."""
        if bundle not in self._roots:
            from plait_core.worker.bundles import cache_of, unpack

            home = self.plugins.settings.home
            self._roots[bundle] = await unpack(bundle, blobs=self.blobs, cache_dir=cache_of(home))

    def here(self, unit: Unit) -> Entity[Any, Any] | None:
        """Return the entity of this process that *unit* runs; one that only refers to what is registered has no code to run."""
        entity = self.entities.get(unit.template.id)
        if entity is None or entity.stand_in is not None or getattr(entity, "type", "") != REFERENCE_TASK:
            return entity
        return entity if unit.template.type == REFERENCE_TASK else None

    def prepared(self, unit: Unit) -> Prepared:
        """
        Return what is needed to run *unit*.

        Raises:
            EntityNotLoadable, UnknownResolver: its entity cannot be found.
            UnknownOffer: no plugin runs tasks of its type.
        """
        task = unit.template.id
        entity = self.here(unit)
        prepared = self._prepared.get(task)
        if prepared is None or (entity is not None and prepared.entity is not entity):
            prepared = self._prepared[task] = self._prepare(unit, entity)
        return prepared

    def _prepare(self, unit: Unit, entity: Entity[Any, Any] | None) -> Prepared:
        if entity is None:
            call = unit.action if isinstance(unit.action, FunctionCall) else None
            entity = load_entity(call, unit.template, self._roots.get(call.bundle) if call else None)
        interface = entity.python_interface
        inputs = {
            name: PreparedInput(declared.type, self.types.converter(declared.type).to_python)
            for name, declared in interface.inputs.items()
        }
        outputs = tuple(self._prepared_output(name, kind) for name, kind in interface.outputs.items())
        return Prepared(entity, self.plugins.task_kind(unit.template.type), inputs, outputs)

    def _prepared_output(self, name: str, python_type: Any) -> PreparedOutput:
        converter = self.types.converter(python_type)
        return PreparedOutput(name, python_type, converter.literal_type, converter.to_literal)
