"""
Pod templates: a pod of the author's own for an attempt's container to run in.

The pod is kept as JSON; objects of the Kubernetes client are read through the names that they carry themselves.
"""

from collections.abc import Mapping
from typing import Any, cast

import attrs

from plait_core.errors.authoring import InvalidOption
from plait_core.ir.json import Json
from plait_core.ir.tasks import Container, PodSpec, ResourceEntry

PRIMARY = "primary"


@attrs.frozen
class PodTemplate:
    """A pod spec (a mapping, or a ``V1PodSpec``) and which of its containers runs the task."""

    pod_spec: Any = None
    primary_container_name: str = PRIMARY
    labels: Mapping[str, str] = attrs.field(factory=dict)
    annotations: Mapping[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not self.primary_container_name:
            raise InvalidOption(
                declaration="PodTemplate",
                option="primary_container_name",
                detail="is empty",
                expected="name the container that runs the task",
            )

    def merged(self, container: Container) -> PodSpec:
        """Put what the task itself asks for into the primary container, which is added where there is none."""
        spec = cast("dict[str, Any]", json_of(self.pod_spec or {}))
        containers = {given["name"]: given for given in spec.get("containers", [])}
        primary = containers.get(self.primary_container_name, {"name": self.primary_container_name})
        containers[self.primary_container_name] = {**primary, **_asked(container, primary)}
        return PodSpec(
            pod_spec={**spec, "containers": list(containers.values())},
            primary_container_name=self.primary_container_name,
            labels=self.labels,
            annotations=self.annotations,
        )

    def json(self) -> Json:
        """Render the template for a node that overrides the task's."""
        return {
            "pod_spec": json_of(self.pod_spec or {}),
            "primary_container_name": self.primary_container_name,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
        }


def json_of(value: Any) -> Json:
    """Turn mappings, lists and objects of the Kubernetes client into JSON, without what is not set."""
    if names := getattr(value, "attribute_map", None):
        return {json: json_of(held) for name, json in names.items() if (held := getattr(value, name)) is not None}
    if isinstance(value, Mapping):
        return {str(key): json_of(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_of(held) for held in value]
    return cast("Json", value)


def _asked(container: Container, primary: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if container.image:
        asked["image"] = container.image
    if container.env:
        names = {name for name, _ in container.env}
        kept = [variable for variable in primary.get("env", []) if variable["name"] not in names]
        asked["env"] = [*kept, *({"name": name, "value": value} for name, value in container.env)]
    if container.resources.requests or container.resources.limits:
        asked["resources"] = {
            "requests": _quantities(container.resources.requests),
            "limits": _quantities(container.resources.limits),
        }
    return asked


def _quantities(entries: tuple[ResourceEntry, ...]) -> dict[str, str]:
    return {_KUBERNETES.get(entry.name.value, entry.name.value): entry.quantity for entry in entries}


_KUBERNETES = {"gpu": "nvidia.com/gpu", "ephemeral_storage": "ephemeral-storage"}
