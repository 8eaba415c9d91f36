"""Overrides: what one call changes about what it runs, and how that is written into its node."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, cast

import attrs

from plait_core.authoring.arguments import (
    TaskArguments,
    cache_policy,
    check_values,
    extended_resources,
    image_name,
    limit_ns,
    resource_spec,
    retry_policy,
)
from plait_core.authoring.conditions import misuse
from plait_core.authoring.promises import Outcome
from plait_core.errors.authoring import InvalidOption, UnknownOptions
from plait_core.ir.json import Json
from plait_core.ir.workflows import Array, Node, NodeTarget, TaskOverrides, TaskRef

if TYPE_CHECKING:
    from plait_core.authoring.accelerators import Accelerator
    from plait_core.authoring.caching import Cache
    from plait_core.authoring.images import ImageSpec
    from plait_core.authoring.pods import PodTemplate
    from plait_core.authoring.resources import Resources
    from plait_core.authoring.retries import Retry


class NodeOverrides(TypedDict, total=False):
    """The keyword arguments of ``with_overrides``."""

    node_name: str
    """The node's id, normalised to what Kubernetes accepts."""
    name: str
    """What people see instead of the id."""
    after: Any
    """Results of calls that this one waits for, although no value flows."""
    aliases: Mapping[str, str]
    """Output name -> further name."""
    requests: "Resources | None"
    limits: "Resources | None"
    resources: "Resources | None"
    timeout: "int | timedelta | None"
    retries: "int | Retry"
    interruptible: bool
    task_config: Any
    container_image: "str | ImageSpec"
    accelerator: "Accelerator"
    shared_memory: bool | str
    pod_template: "PodTemplate"
    cache: "bool | str | Cache"
    cache_version: str
    cache_serialize: bool
    cache_ignore_input_vars: Sequence[str]


def checked(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *overrides* if they are known and hold values, not promises."""
    if unknown := overrides.keys() - NodeOverrides.__annotations__.keys():
        known = tuple(NodeOverrides.__annotations__)
        raise UnknownOptions(declaration="with_overrides", unknown=tuple(sorted(unknown)), known=known)
    for name, value in overrides.items():
        if isinstance(value, Outcome) and name != "after":
            raise misuse(
                repr(value), f"overriding {name}", "override with values that are known while the workflow is written"
            )
    check_values("with_overrides", overrides)
    return overrides


def apply(overrides: Mapping[str, Any], node: Node, callee: Any) -> Node:
    """Write *overrides* into the node of a call of *callee*."""
    declaration = f"with_overrides of {callee.name}"
    given = cast("TaskArguments", overrides)
    metadata = node.metadata
    if "name" in overrides:
        metadata = attrs.evolve(metadata, name=overrides["name"])
    if "timeout" in overrides:
        metadata = attrs.evolve(metadata, timeout_ns=limit_ns(overrides["timeout"]))
    if "retries" in overrides:
        metadata = attrs.evolve(metadata, retry=retry_policy(overrides["retries"]))
    if "interruptible" in overrides:
        metadata = attrs.evolve(metadata, interruptible=overrides["interruptible"])
    if "cache" in overrides or "cache_version" in overrides:
        cache = cache_policy(declaration, given, callee)
        metadata = attrs.evolve(metadata, cache=cache, cache_enabled=cache is not None)
    return attrs.evolve(
        node,
        metadata=metadata,
        output_aliases=tuple(overrides.get("aliases", {}).items()),
        target=_changed(declaration, overrides, node.target, callee),
    )


def _changed(declaration: str, overrides: Mapping[str, Any], target: NodeTarget, callee: Any) -> NodeTarget:
    changes = _task_overrides(declaration, overrides, callee)
    if changes == TaskOverrides():
        return target
    match target:
        case TaskRef():
            return attrs.evolve(target, overrides=changes)
        case Array(target=TaskRef() as inner):
            return attrs.evolve(target, target=attrs.evolve(inner, overrides=changes))
    raise InvalidOption(
        declaration=declaration,
        option=", ".join(sorted(overrides.keys() & _OF_TASKS)),
        detail="changes a task, and this call runs none",
        expected="override calls of tasks; inside a sub-workflow, override each call there",
    )


def _task_overrides(declaration: str, overrides: Mapping[str, Any], callee: Any) -> TaskOverrides:
    if not overrides.keys() & _OF_TASKS:
        return TaskOverrides()
    has_resources = overrides.keys() & {"requests", "limits", "resources"}
    has_devices = overrides.keys() & {"accelerator", "shared_memory"}
    pod = overrides.get("pod_template")
    return TaskOverrides(
        resources=resource_spec(declaration, overrides) if has_resources else None,
        extended_resources=extended_resources(overrides) if has_devices else None,
        container_image=image_name(overrides["container_image"]) if "container_image" in overrides else None,
        pod_template=pod.json() if pod else None,
        task_config=_config(declaration, overrides["task_config"], callee) if "task_config" in overrides else None,
    )


def _config(declaration: str, config: Any, callee: Any) -> Json:
    arguments = getattr(callee, "arguments", {})
    if type(config) is not type(arguments.get("task_config")):
        raise InvalidOption(
            declaration=declaration,
            option="task_config",
            detail=f"is a {type(config).__name__}, and the task has a {type(arguments.get('task_config')).__name__}",
            expected="give a config of the same class; another class would be another kind of task",
        )
    return cast("Json", attrs.asdict(cast("Any", config)) if attrs.has(type(config)) else dict(vars(config)))


_OF_TASKS = {
    "requests",
    "limits",
    "resources",
    "accelerator",
    "shared_memory",
    "container_image",
    "pod_template",
    "task_config",
}
