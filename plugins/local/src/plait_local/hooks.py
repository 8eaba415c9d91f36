"""
What plait_local hands to plait.

Offers the Python-function task kind, the inline and process executors, file blobs and two secret providers. Loaded by the
plugin loader at start-up, so it imports no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import (
    BlobStoreSpec,
    ExecutorSpec,
    HealthCheckSpec,
    SecretProviderSpec,
    SettingsSpec,
    TaskKindSpec,
)
from plait_local.capabilities import INLINE, PROCESS


@hookimpl
def plait_settings() -> SettingsSpec:
    """Name the class of ``[plugins.local]``."""
    return SettingsSpec(factory="plait_local.settings:LocalSettings")


@hookimpl
def plait_task_kinds() -> Sequence[TaskKindSpec]:
    """Offer Python functions."""
    return (TaskKindSpec(type="python-function", factory="plait_local.functions:FunctionKind"),)


@hookimpl
def plait_executors() -> Sequence[ExecutorSpec]:
    """Offer this process, and a process per attempt."""
    return (
        ExecutorSpec(name="inline", factory="plait_local.inline:InlineExecutor", capabilities=INLINE),
        ExecutorSpec(name="process", factory="plait_local.process:ProcessExecutor", capabilities=PROCESS),
    )


@hookimpl
def plait_blob_stores() -> Sequence[BlobStoreSpec]:
    """Offer files."""
    return (BlobStoreSpec(scheme="file", factory="plait_local.blobs:FileBlobStore"),)


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
