"""
What a launch asks for: which templates run, under which name and with which options; checked before anything is written.

Called by the handlers that start executions. Inputs are checked by the engine, against the interface of what is launched.
"""

import re
from collections.abc import Iterator

import attrs

from plait_core.errors.engine import InvalidLaunch
from plait_core.errors.stores import EntityUnknown
from plait_core.ir.executions import Closure
from plait_core.ir.ids import LOCAL_VERSION, EntityId, EntityKind
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.options import option_faults
from plait_core.ports.databases import Registry
from plait_server.errors import NoActiveVersion

NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""What an execution may be called: what Kubernetes accepts as the name of any object."""

NO_OPTIONS = ExecutionOptions()


def check_launch(name: str, options: ExecutionOptions = NO_OPTIONS) -> None:
    """Raise ``InvalidLaunch`` with every fault of the name and the options."""
    if faults := (*_name_faults(name), *option_faults(options)):
        raise InvalidLaunch(faults=faults)


async def find_target(registry: Registry, target: EntityId) -> Closure:
    """
    Return what is registered as *target*, with all that it reaches.

    A version that is empty, or that of unregistered code, stands for the newest, and for the active one of a launch
    plan. A workflow comes with its default launch plan, whose default inputs hold for it.

    Raises:
        EntityUnknown: it is not registered.
        NoActiveVersion: no version of the launch plan is active.
    """
    found = await _versioned(registry, target)
    plan = attrs.evolve(found, kind=EntityKind.LAUNCH_PLAN)
    if found.kind is EntityKind.WORKFLOW and (closure := await registry.closure(plan)) is not None:
        return attrs.evolve(closure, main=found)
    closure = await registry.closure(found)
    if closure is None:
        raise EntityUnknown(id=str(found))
    return closure


async def _versioned(registry: Registry, target: EntityId) -> EntityId:
    if target.version not in {"", LOCAL_VERSION}:
        return target
    if target.kind is EntityKind.LAUNCH_PLAN:
        active = await registry.active(project=target.project, domain=target.domain, name=target.name)
        if active is None:
            raise NoActiveVersion(plan=target.name)
        return active
    newest = await registry.get(attrs.evolve(target, version=""))
    if newest is None:
        raise EntityUnknown(id=str(target))
    return newest.id


def _name_faults(name: str) -> Iterator[str]:
    if name and not NAME.fullmatch(name):
        yield (
            f"name: {name[:80]!r} does not fit; up to 63 lower-case letters, digits and dashes are allowed, "
            "beginning with a letter and not ending with a dash"
        )
