"""Registered entities: lists of them, registering them, and switching launch plans on and off."""

import attrs

from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EntitySummary(Shape):
    """
    A registered entity as lists show it.

    Of a launch plan, ``is_active`` speaks of this version, ``active_version`` names the one that is active, if any is, and ``workflow`` is what
    it runs. ``type`` is that of a task. ``registered_at_ns`` is when this version came.
    """

    id: EntityId
    interface: TypedInterface
    is_active: bool = False
    documentation: str = ""
    active_version: str = ""
    type: str = ""
    workflow: EntityId | None = None
    schedule: ScheduleSpec | None = None
    registered_at_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EntityPage(Shape):
    """A page of a list of entities."""

    items: tuple[EntitySummary, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RegisterRequest(Shape):
    """
    Register closures, all or none. Their ids name project, domain and version in full.

    Entities that they refer to and do not hold are looked up in the registry. ``activate`` switches on the launch plans
    among them; those with ``auto_activate`` are switched on anyway. With ``dry_run`` everything is checked and nothing is kept.
    """

    closures: tuple[Closure, ...]
    activate: bool = False
    dry_run: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RegisterReply(Shape):
    """What registering did: ids that are new, ids that were there and are equal, launch plans that are active now."""

    created: tuple[EntityId, ...] = ()
    unchanged: tuple[EntityId, ...] = ()
    activated: tuple[EntityId, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ActivationRequest(Shape):
    """Switch a version of a launch plan on or off."""

    is_active: bool
