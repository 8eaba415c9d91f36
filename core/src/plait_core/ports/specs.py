"""
Descriptors: what provider hooks hand over.

A descriptor names a capability and says where its factory is (``module:attribute``), so that offering it
imports nothing. Names are unique per kind of descriptor; the loader refuses clashes, naming both distributions.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from plait_core.ir.ids import AttemptId
from plait_core.ir.json import Json
from plait_core.ir.shapes import Shape
from plait_core.ports.channels import TaskChannel
from plait_core.ports.clock import Clock
from plait_core.ports.executors import Capabilities, Perform
from plait_core.ports.secrets import AskSecret

Factory = Callable[..., Any]
SettingsTable = Mapping[str, Json]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskKindSpec(Shape):
    """A task type: its open string and the factory (no arguments) of a ``TaskKind``."""

    type: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConnectorSpec(Shape):
    """A task type run by a remote service: factory(settings) -> ``Connector``."""

    type: str
    factory: str


class BlobAccess(Protocol):
    """Finds the blob store of a URI."""

    def __call__(self, uri: str) -> Any: ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutorContext(Shape):
    """
    What an executor may use: running units in this process, blob stores, time, its plugin's settings, and a private directory.

    ``host`` are the settings of this process as plain values, for workers that are to use the same, without the tables of plugins
    that have nothing to do there; ``None`` lets them discover their own. ``secrets`` and ``channel`` are what it passes on to attempts that live elsewhere: the answers of the secret
    providers, and the line of an attempt to its engine; ``None`` where there is nobody to answer.
    """

    perform: Perform
    blobs: BlobAccess
    clock: Clock
    settings: Any
    directory: str
    host: SettingsTable | None = None
    secrets: AskSecret | None = None
    channel: Callable[[AttemptId], TaskChannel] | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutorSpec(Shape):
    """An executor: factory(``ExecutorContext``) -> ``Executor``. Capabilities are known before it is made."""

    name: str
    factory: str
    capabilities: Capabilities


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TypeTransformerSpec(Shape):
    """
    A type transformer: factory() -> ``TypeTransformer``.

    ``python_type`` is the qualified name (``numpy:ndarray``) of the class it serves, looked up without importing it;
    subclasses are served through the MRO.
    """

    name: str
    python_type: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DatasetFormatSpec(Shape):
    """
    A dataset encoder/decoder: factory() -> ``DatasetFormat``.

    ``python_type`` as above (``pandas:DataFrame``), ``protocol`` a URI scheme or ``""`` for any, ``format`` such as ``parquet``.
    """

    python_type: str
    format: str
    factory: str
    protocol: str = ""
    is_default: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DeclarationSpec(Shape):
    """A name that users import from ``plait``, such as ``ShellTask``; the factory is what the name stands for."""

    name: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BlobStoreSpec(Shape):
    """
    A blob store by URI scheme: factory(settings, durability, root) -> ``BlobStore``; *durability* as in ``Settings``.

    *root* is the URI below which plait keeps what is of projects, ``<root>/<area>/<project>``; it may have another scheme.
    """

    scheme: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DatabaseSpec(Shape):
    """A database by URL scheme: factory(url, settings, durability) -> ``Database``; *durability* as in ``Settings``."""

    scheme: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SecretProviderSpec(Shape):
    """A secret provider: factory(settings) -> ``SecretProvider``. Lower ``order`` is asked first."""

    name: str
    factory: str
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScheduleKindSpec(Shape):
    """A kind of schedule: factory is a ``ScheduleFactory``."""

    kind: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ImageBuilderSpec(Shape):
    """An image builder: factory(settings) -> ``ImageBuilder``. The highest priority is the default."""

    name: str
    factory: str
    priority: int = 0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NotifierSpec(Shape):
    """A way to tell people: factory(settings) -> ``Notifier``."""

    kind: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AuthenticatorSpec(Shape):
    """A way to say who is calling: factory(settings) -> ``Authenticator``."""

    name: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PolicySpec(Shape):
    """A rule over units: factory(settings) -> ``Policy``. Lower ``order`` first."""

    name: str
    factory: str
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CliCommandSpec(Shape):
    """A command of the CLI: factory is a ``click.Command``, imported when it is called or asked for help."""

    name: str
    factory: str
    help: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConsolePanelSpec(Shape):
    """An HTML panel of the console: factory() -> ``Panel``. ``page`` is ``execution``, ``workflow``, ``task`` or ``launch_plan``."""

    name: str
    factory: str
    page: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HealthCheck(Shape):
    """What a health check found. ``remedy`` is empty when all is well."""

    name: str
    is_ok: bool
    detail: str
    remedy: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HealthCheckSpec(Shape):
    """A check of ``plait doctor``: factory(settings) -> ``HealthCheck``."""

    name: str
    factory: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingsSpec(Shape):
    """The attrs class that ``[plugins.NAME]`` is structured into: ``module:attribute``."""

    factory: str
