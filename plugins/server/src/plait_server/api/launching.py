"""
What a launch asks for: which templates run, under which name and with which options; checked before anything is written.

Called by the handlers that start executions. Inputs are checked by the engine, against the interface of what is launched.
"""

import re
from collections.abc import Iterator, Mapping

import attrs

from plait_core.errors.stores import EntityUnknown
from plait_core.ir.executions import Closure
from plait_core.ir.ids import LOCAL_VERSION, EntityId, EntityKind
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ports.databases import Registry
from plait_server.errors import InvalidLaunch, NoActiveVersion

NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""What an execution may be called: what Kubernetes accepts as the name of any object."""

PREFIX = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
"""Where raw data may go."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NO_OPTIONS = ExecutionOptions()
MAX_LABELS = 100
MAX_LABEL = 253
"""Longest key or value of a label or annotation, in characters."""


def check_launch(name: str, options: ExecutionOptions = NO_OPTIONS) -> None:
    """Raise ``InvalidLaunch`` with every fault of the name and the options."""
    if faults := (*_name_faults(name), *_option_faults(options)):
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


def _option_faults(options: ExecutionOptions) -> Iterator[str]:
    if options.max_parallelism is not None and options.max_parallelism < 0:
        yield f"options.max_parallelism: {options.max_parallelism} is below 0, which stands for no limit"
    for variable in options.envs:
        if not _VARIABLE.fullmatch(variable):
            yield f"options.envs: {variable[:80]!r} is no name of an environment variable"
    if options.raw_data_prefix and not PREFIX.fullmatch(options.raw_data_prefix):
        yield f"options.raw_data_prefix: {options.raw_data_prefix[:80]!r} is no URI such as s3://bucket/prefix"
    yield from _label_faults("labels", options.labels)
    yield from _label_faults("annotations", options.annotations)


def _label_faults(field: str, labels: Mapping[str, str]) -> Iterator[str]:
    if len(labels) > MAX_LABELS:
        yield f"options.{field}: {len(labels)} are more than {MAX_LABELS}"
    for key, value in labels.items():
        if not key or len(key) > MAX_LABEL or len(value) > MAX_LABEL:
            yield f"options.{field}: {key[:80]!r} is empty, or it or its value exceeds {MAX_LABEL} characters"
