"""
What a task is, without its code: ``TaskTemplate`` and what hangs on it.

``type`` is an open string that selects the task kind (a plugin). Options with three states are
``bool | None``: ``None`` is unset and inherits. Quantities stay the strings Kubernetes reads.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias

import attrs

from plait_core.ir.ids import EntityId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.json import Json
from plait_core.ir.shapes import Shape

FUNCTION_TASK = "python-function"
"""The type of tasks that are Python functions."""

REFERENCE_TASK = "reference"
"""The type of tasks whose template is elsewhere: in a registry."""


class ResourceName(Enum):
    """What a container may ask for."""

    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"
    EPHEMERAL_STORAGE = "ephemeral_storage"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceEntry(Shape):
    """One quantity, such as ``500m`` or ``1Gi``."""

    name: ResourceName
    quantity: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceSpec(Shape):
    """What is asked for and what may not be exceeded."""

    requests: tuple[ResourceEntry, ...] = ()
    limits: tuple[ResourceEntry, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExtendedResources(Shape):
    """Accelerator device (with partition, ``None`` when unset, ``""`` for unpartitioned) and shared memory size."""

    accelerator: str = ""
    partition: str | None = None
    shared_memory: str = ""


class MountRequirement(Enum):
    """How a secret must reach the task."""

    ANY = "any"
    ENV_VAR = "env_var"
    FILE = "file"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SecretRequest(Shape):
    """A secret that a task may read. Requests travel; values never do."""

    group: str = ""
    key: str = ""
    group_version: str = ""
    mount_requirement: MountRequirement = MountRequirement.ANY
    env_var: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SecurityContext(Shape):
    """Who a task runs as and which secrets it asks for."""

    service_account: str = ""
    iam_role: str = ""
    secrets: tuple[SecretRequest, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CachePolicy(Shape):
    """Whether and how outputs are reused. ``version`` is required when enabled."""

    version: str
    serializable: bool = False
    ignored_inputs: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RetryPolicy(Shape):
    """
    How often and when a failed attempt is tried again.

    ``only_on`` narrows the exceptions that are retried to these qualified class names (and their subclasses, judged
    in the worker); empty means any. The delay before retry *k* (from 1) is ``base * factor**(k-1)``, at most ``cap``.
    """

    retries: int = 0
    only_on: tuple[str, ...] = ()
    backoff_base_ns: int = 0
    backoff_factor: float = 2.0
    backoff_cap_ns: int | None = None
    grow_on_oom: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskMetadata(Shape):
    """How a task is to be run."""

    cache: CachePolicy | None = None
    retry: RetryPolicy = RetryPolicy()
    timeout_ns: int | None = None
    interruptible: bool | None = None
    generates_deck: bool | None = None
    deck_fields: tuple[str, ...] = ()
    is_dynamic: bool = False
    is_eager: bool = False
    is_async: bool = False
    """Whether the body is a coroutine function, so that a process may run others while it waits."""
    pod_template_name: str = ""
    runtime_type: str = "PLAIT_SDK"
    runtime_version: str = ""
    runtime_flavor: str = "python"
    deprecated: str = ""
    short_description: str = ""
    long_description: str = ""
    source_link: str = ""
    tags: Mapping[str, str] = attrs.field(factory=dict)
    labels: Mapping[str, str] = attrs.field(factory=dict)
    annotations: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DataConfig(Shape):
    """How a container without plait inside gets inputs and leaves outputs."""

    input_path: str = ""
    output_path: str = ""
    format: str = "json"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Container(Shape):
    """An image and what to run in it. Templates such as ``{{.inputs.x}}`` live in ``args``; env keeps its order."""

    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    resources: ResourceSpec = ResourceSpec()
    ports: tuple[int, ...] = ()
    data_config: DataConfig | None = None
    architecture: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PodSpec(Shape):
    """A Kubernetes pod in its JSON form, one of whose containers is the task's."""

    pod_spec: Mapping[str, Json]
    primary_container_name: str = "primary"
    labels: Mapping[str, str] = attrs.field(factory=dict)
    annotations: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """The variables of the task's container whose values are written in the pod."""
        containers: Any = self.pod_spec.get("containers", ())
        return tuple(
            (variable["name"], variable["value"])
            for container in containers
            if container["name"] == self.primary_container_name
            for variable in container.get("env", ())
            if "value" in variable
        )


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Sql(Shape):
    """A statement in a named dialect."""

    statement: str
    dialect: str = ""


TaskTarget: TypeAlias = Container | PodSpec | Sql


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskTemplate(Shape):
    """
    A task as the platform knows it.

    ``custom`` belongs to the task kind, ``config`` is string to string. ``location`` says where Python
    finds the entity again (``module:qualified.name``); empty for kinds that need no Python. ``bundle`` is the sha256
    digest (hex) of the archive of source files that holds it, empty for code that is importable where tasks run.
    """

    id: EntityId
    type: str
    interface: TypedInterface = TypedInterface()
    metadata: TaskMetadata = TaskMetadata()
    type_version: int = 0
    custom: Mapping[str, Json] = attrs.field(factory=dict)
    config: Mapping[str, str] = attrs.field(factory=dict)
    target: TaskTarget | None = None
    security: SecurityContext = SecurityContext()
    extended_resources: ExtendedResources = ExtendedResources()
    location: str = ""
    resolver: str = "default"
    bundle: str = ""
