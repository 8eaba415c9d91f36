"""
Every hook of plait, in calling order.

A **provider hook** is called once, while plait is being put together, and hands over named descriptors; it
opens nothing and imports no vendor package. The **observer hook** hears what has happened and can change nothing.
Plugins are called through the typed facade ``plait_core.plugins.Plugins``, never by name.
"""

from collections.abc import Sequence

import pluggy

from plait_core.ir.events import Event
from plait_core.ir.ids import ExecutionId
from plait_core.ports.specs import (
    AuthenticatorSpec,
    BlobStoreSpec,
    CliCommandSpec,
    ConnectorSpec,
    ConsolePanelSpec,
    DatabaseSpec,
    DatasetFormatSpec,
    DeclarationSpec,
    ExecutorSpec,
    HealthCheckSpec,
    ImageBuilderSpec,
    NotifierSpec,
    PolicySpec,
    ScheduleKindSpec,
    SecretProviderSpec,
    SettingsSpec,
    TaskKindSpec,
    TypeTransformerSpec,
)

PLUGIN_API = 1
"""Version of this module and of the ports; a plugin states the one it was written for as ``PLAIT_PLUGIN_API``."""

hookspec = pluggy.HookspecMarker("plait")
hookimpl = pluggy.HookimplMarker("plait")


@hookspec
def plait_settings() -> SettingsSpec | None:
    """
    Name the attrs class that the plugin's own settings are structured into.

    Called: once per process, before settings are read.
    Order: irrelevant; each plugin speaks for the table ``[plugins.NAME]`` of its entry point's name.
    Return: the descriptor, or ``None`` for a plugin without settings.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/local/src/plait_local/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_declarations() -> Sequence[DeclarationSpec]:
    """
    Offer names that users import from ``plait``, such as the classes by which tasks of a kind are declared.

    Called: once per process, when a name is imported from ``plait`` that ``plait`` itself does not have.
    Order: irrelevant; chosen by ``name``, and a repeated name is an error; a name of ``plait`` itself is never asked for.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/shell/src/plait_shell/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_task_kinds() -> Sequence[TaskKindSpec]:
    """
    Offer types of task that run in workers or containers.

    Called: once per process, when the first task is placed or run.
    Order: irrelevant; kinds are chosen by ``type``, and a repeated type is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/shell/src/plait_shell/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_connectors() -> Sequence[ConnectorSpec]:
    """
    Offer types of task that a remote service runs.

    Called: once per process, when the first task is placed.
    Order: irrelevant; chosen by ``type``; a type that is also a task kind is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: core/src/plait_core/testing/connectors.py
    """
    raise NotImplementedError


@hookspec
def plait_executors() -> Sequence[ExecutorSpec]:
    """
    Offer places to run attempts.

    Called: once per engine, when it is opened.
    Order: irrelevant; settings list executors by ``name``, and a repeated name is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode or when settings name it).

    Example: plugins/local/src/plait_local/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_type_transformers() -> Sequence[TypeTransformerSpec]:
    """
    Offer conversions between Python types and literals.

    Called: once per process, when a type outside the built-in ones is first met.
    Order: irrelevant; two transformers for one type are an error that names both distributions.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/datatypes/src/plait_datatypes/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_dataset_formats() -> Sequence[DatasetFormatSpec]:
    """
    Offer ways to store dataframes.

    Called: once per process, when a dataset is first met.
    Order: irrelevant; chosen by (python type, protocol, format); a repeated triple is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/dataframes/src/plait_dataframes/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_blob_stores() -> Sequence[BlobStoreSpec]:
    """
    Offer stores of bytes.

    Called: once per process, when a URI is first resolved.
    Order: irrelevant; chosen by scheme, and a repeated scheme is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/local/src/plait_local/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_stores() -> Sequence[DatabaseSpec]:
    """
    Offer databases.

    Called: once per engine, when it is opened.
    Order: irrelevant; chosen by URL scheme, and a repeated scheme is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode or when settings name it).

    Example: plugins/sql/src/plait_sql/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_secret_providers() -> Sequence[SecretProviderSpec]:
    """
    Offer places to read secrets from.

    Called: once per process, when the first secret is asked for.
    Order: by ``order`` of the descriptors, then name; a repeated name is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/local/src/plait_local/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_schedules() -> Sequence[ScheduleKindSpec]:
    """
    Offer kinds of schedule.

    Called: once per process, when a schedule is first parsed.
    Order: irrelevant; chosen by ``kind``, and a repeated kind is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: plugins/schedules/src/plait_schedules/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_image_builders() -> Sequence[ImageBuilderSpec]:
    """
    Offer ways to build images.

    Called: once per process, when an image is first planned.
    Order: the highest ``priority`` is the default; a repeated name is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: tests/unit/plugins/test_hookspecs.py
    """
    raise NotImplementedError


@hookspec
def plait_notifiers() -> Sequence[NotifierSpec]:
    """
    Offer ways to tell people how an execution ended.

    Called: once per process, when the first notification is due.
    Order: irrelevant; chosen by ``kind``, and a repeated kind is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: tests/unit/plugins/test_hookspecs.py
    """
    raise NotImplementedError


@hookspec
def plait_authenticators() -> Sequence[AuthenticatorSpec]:
    """
    Offer ways to say who is calling the server.

    Called: once per server.
    Order: as settings list them; a repeated name is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode or when settings name it).

    Example: tests/unit/plugins/test_hookspecs.py
    """
    raise NotImplementedError


@hookspec
def plait_policies() -> Sequence[PolicySpec]:
    """
    Offer rules that allow, refuse or amend units before they are submitted.

    Called: once per engine.
    Order: by ``order`` of the descriptors, then name; a repeated name is an error.
    Return: zero or more descriptors.
    Raising: fatal: a rule that cannot be loaded must not be skipped.

    Example: tests/unit/plugins/test_hookspecs.py
    """
    raise NotImplementedError


@hookspec
def plait_cli_commands() -> Sequence[CliCommandSpec]:
    """
    Offer commands of the ``plait`` CLI.

    Called: when a command is looked up that plait itself does not have, and for ``plait --help``.
    Order: by name; a repeated name, or one of plait's own, is an error.
    Return: zero or more descriptors.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: tests/unit/plugins/test_hookspecs.py
    """
    raise NotImplementedError


@hookspec
def plait_console_panels() -> Sequence[ConsolePanelSpec]:
    """
    Offer panels of the web console.

    Called: once per server.
    Order: by name within a page; a repeated name is an error.
    Return: zero or more descriptors; the factory of each makes a ``plait_core.ports.panels.Panel``.
    Raising: quarantines the plugin (fatal in strict mode).

    Example: tests/plugins/server/console/test_panels.py
    """
    raise NotImplementedError


@hookspec
def plait_health_checks() -> Sequence[HealthCheckSpec]:
    """
    Offer checks of ``plait doctor``.

    Called: by ``plait doctor`` and the server's readiness.
    Order: by name; a repeated name is an error.
    Return: zero or more descriptors.
    Raising: shown as a failed check.

    Example: plugins/local/src/plait_local/hooks.py
    """
    raise NotImplementedError


@hookspec
def plait_on_event(execution: ExecutionId, event: Event) -> None:
    """
    Hear a recorded event.

    Called: after the event's append committed; at least once per event, in order within an execution.
    Order: plugins hear in order of registration and cannot see each other's answers.
    Return: nothing; a return value is ignored.
    Raising: logged with the plugin's distribution and swallowed.
    Thread: the engine's own; return at once and hand slow work to a thread of your own.
    Cost: paid by every event; an engine without observers pays nothing.

    Example: tests/unit/plugins/test_hookspecs.py
    """
    raise NotImplementedError
