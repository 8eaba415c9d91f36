"""
Handing units over to a worker that has seen their task before.

Most of a unit is the template of its task, which is the same in all attempts. It is written once per engine and read once per
worker: in a frame it stands beside the rest, as bytes that both sides know again.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from plait_core.ir.codec import dumps, loads
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import Unit

MOST_KNOWN = 1000
"""Templates that a side remembers before it begins anew."""

K = TypeVar("K")
V = TypeVar("V")


class UnitWriter:
    """Writes units for workers."""

    def __init__(self) -> None:
        # by identity, which is theirs as long as they are kept here
        self._known: dict[int, tuple[TaskTemplate, bytes]] = {}

    def message(self, unit: Unit) -> dict[str, Any]:
        """Return the fields of a frame that carry *unit*."""
        template = unit.template
        _, document = self._known.get(id(template)) or self._learn(template)
        return {"unit": dumps(attrs.evolve(unit, template=_bare(template))), "template": document}

    def _learn(self, template: TaskTemplate) -> tuple[TaskTemplate, bytes]:
        return _kept(self._known, id(template), (template, dumps(template)))


class UnitReader:
    """Reads what a ``UnitWriter`` wrote."""

    def __init__(self) -> None:
        self._known: dict[bytes, TaskTemplate] = {}

    def unit(self, message: Mapping[str, Any]) -> Unit:
        """Return the unit that a frame carries."""
        document = message["template"]
        template = self._known.get(document) or _kept(self._known, document, loads(TaskTemplate, document))
        return attrs.evolve(loads(Unit, message["unit"]), template=template)


def _bare(template: TaskTemplate) -> TaskTemplate:
    """Return the least template that can stand in a unit."""
    return TaskTemplate(id=template.id, type=template.type)


def _kept(known: dict[K, V], key: K, value: V) -> V:
    if len(known) >= MOST_KNOWN:
        known.clear()
    known[key] = value
    return value
