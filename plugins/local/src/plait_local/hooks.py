"""
What plait_local hands to plait.

Offers the Python-function task kind, the inline and process executors, blobs in files and in memory, a database in memory
and two secret providers. Loaded by the plugin loader at start-up, so it imports no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import (
    BlobStoreSpec,
    DatabaseSpec,
    ExecutorSpec,
    HealthCheckSpec,
    SecretProviderSpec,
    SettingsSpec,
    TaskKindSpec,
)
from plait_local.capabilities import INLINE, PROCESS

PLAIT_PLUGIN_API = 1


@hookimpl
def plait_settings() -> SettingsSpec:
    """Name the class of ``[plugins.local]``."""
    return SettingsSpec(factory="plait_local.settings:LocalSettings")


@hookimpl
def plait_task_kinds() -> Sequence[TaskKindSpec]:
    """Offer Python functions, and the refusal to run what is registered elsewhere."""
    return (
        TaskKindSpec(type="python-function", factory="plait_local.functions:FunctionKind"),
        TaskKindSpec(type="reference", factory="plait_local.references:ReferenceKind"),
    )


@hookimpl
def plait_executors() -> Sequence[ExecutorSpec]:
    """Offer this process, and warm worker processes."""
    return (
        ExecutorSpec(name="inline", factory="plait_local.inline:InlineExecutor", capabilities=INLINE),
        ExecutorSpec(name="process", factory="plait_local.process:ProcessExecutor", capabilities=PROCESS),
    )


@hookimpl
def plait_blob_stores() -> Sequence[BlobStoreSpec]:
    """Offer files, and memory."""
    return (
        BlobStoreSpec(scheme="file", factory="plait_local.blobs:FileBlobStore"),
        BlobStoreSpec(scheme="memory", factory="plait_local.memory:memory_blobs"),
    )


@hookimpl
def plait_stores() -> Sequence[DatabaseSpec]:
    """Offer memory."""
    return (DatabaseSpec(scheme="memory", factory="plait_local.memory:open_memory"),)


@hookimpl
def plait_secret_providers() -> Sequence[SecretProviderSpec]:
    """Offer variables, then files."""
    return (
        SecretProviderSpec(name="env", factory="plait_local.secrets:EnvSecrets", order=10),
        SecretProviderSpec(name="file", factory="plait_local.secrets:FileSecrets", order=20),
    )


@hookimpl
def plait_health_checks() -> Sequence[HealthCheckSpec]:
    """Offer a look at whether workers can be started here."""
    return (HealthCheckSpec(name="local", factory="plait_local.health:check_worker"),)
