"""
What a module declares that can be run, and under which names.

An entity is addressed by the variable that holds it or by its registered name.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

from plait.code.errors import EntityMissing
from plait_core.authoring.entities import Entity
from plait_core.ir.ids import EntityKind

KINDS = (EntityKind.WORKFLOW, EntityKind.TASK, EntityKind.LAUNCH_PLAN)
"""In the order in which they are listed."""


class Declared(NamedTuple):
    """An entity and the variable that holds it."""

    variable: str
    entity: Entity[Any, Any]

    @property
    def kind(self) -> str:
        """The kind, in words."""
        return self.entity.kind.value.replace("_", " ")


def declared_in(module: ModuleType) -> Sequence[Declared]:
    """List what the variables of *module* hold: workflows, then tasks, then launch plans, each by name."""
    found = [Declared(name, value) for name, value in vars(module).items() if isinstance(value, Entity)]
    return sorted(found, key=lambda declared: (KINDS.index(declared.entity.kind), declared.variable))


def find(module: ModuleType, name: str) -> Entity[Any, Any]:
    """
    Return what *module* declares as *name*.

    Raises:
        EntityMissing: there is nothing of that name.
    """
    declared = declared_in(module)
    for variable, entity in declared:
        if name == variable:
            return entity
    for _, entity in declared:
        if name == entity.name:
            return entity
    known = tuple(variable for variable, _ in declared)
    raise EntityMissing(entity=name, module=module.__name__, known=known)


def line_of(module: ModuleType, declared: Declared) -> str:
    """Render one line of a list of entities."""
    line = f"{declared.variable}  {declared.kind} ({module.__name__}.{declared.variable})"
    is_plan = declared.entity.kind is EntityKind.LAUNCH_PLAN
    return f"{line} (LP Name: {declared.entity.name})" if is_plan else line


def document_of(declared: Declared) -> dict[str, str]:
    """Render an entity as an entry of a JSON list."""
    return {"variable": declared.variable, "kind": declared.kind, "name": declared.entity.name}
