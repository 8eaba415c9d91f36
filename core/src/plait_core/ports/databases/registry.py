"""The registry: templates of tasks, workflows and launch plans, by their ids."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate
from plait_core.ports.databases.audit import AuditLine
from plait_core.ports.databases.lists import Page


class Registry(Protocol):
    """Registered entities: create if absent, with a canonical digest; equal is fine, different is ``VersionConflict``."""

    async def register(
        self, closure: Closure, *, at_ns: int, activate: Sequence[EntityId] = (), audit: AuditLine | None = None
    ) -> Sequence[EntityId]:
        """
        Register every template of *closure* and switch on the launch plans *activate*, all or none; returns the ids that are new.

        The line is left whether or not any is new. Raises ``VersionConflict``, and ``EntityUnknown`` for a launch plan that is not there.
        """
        ...

    async def get(self, id: EntityId) -> TaskTemplate | WorkflowTemplate | LaunchPlanTemplate | None:
        """Return one template; an empty version means the newest."""
        ...

    async def closure(self, id: EntityId) -> Closure | None:
        """Return an entity with everything it reaches."""
        ...

    async def list(
        self,
        kind: EntityKind,
        *,
        project: str,
        domain: str,
        name: str = "",
        name_contains: str = "",
        version: str = "",
        workflow: EntityId | None = None,
        page: Page = Page(),  # noqa: B008  # frozen
    ) -> tuple[Sequence[EntityId], str]:
        """
        Return ids, newest first; with *name*, that entity's versions, else the newest version of each, or with *version* that one.

        *name_contains* narrows the list to names with that in it; *workflow* to launch plans that run that, in whichever version, as
        the listed version of them has it.
        """
        ...

    async def registered_at(self, ids: Sequence[EntityId]) -> Mapping[EntityId, int]:
        """Return when each of *ids*, which name versions, was registered first, in ns since the epoch; what is unknown is left out."""
        ...

    async def activate(self, id: EntityId, *, is_active: bool, at_ns: int, audit: AuditLine | None = None) -> None:
        """Switch a launch plan on or off; at most one version per name is active. Raises ``EntityUnknown``."""
        ...

    async def active(self, *, project: str, domain: str, name: str) -> EntityId | None:
        """Return the active version of a launch plan."""
        ...
