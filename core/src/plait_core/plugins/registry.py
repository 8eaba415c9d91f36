"""
The registry: everything plugins offer, by name and typed.

``Plugins`` is what the engine, the CLI and the type engine hold; nothing else calls a hook. Each provider hook is
called once, when its answers are first needed, and a name that two plugins claim is refused. What a descriptor
names is imported and made on first use.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Self

import attrs

from plait_core.errors import PlaitError
from plait_core.errors.plugins import PluginClash, PluginRejected, UnknownOffer
from plait_core.ir.events import Event
from plait_core.ir.ids import ExecutionId
from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.ir.shapes import Shape
from plait_core.plugins.discovery import Found, installed
from plait_core.plugins.factories import Factories
from plait_core.plugins.roster import Member, Roster, found_of
from plait_core.plugins.settings import Settings
from plait_core.plugins.tables import PluginTables
from plait_core.ports.blobs import BlobStore
from plait_core.ports.databases import Database
from plait_core.ports.schedules import Schedule
from plait_core.ports.secrets import SecretProvider
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
    HealthCheck,
    HealthCheckSpec,
    ImageBuilderSpec,
    NotifierSpec,
    PolicySpec,
    ScheduleKindSpec,
    SecretProviderSpec,
    TaskKindSpec,
    TypeTransformerSpec,
)
from plait_core.ports.tasks import Connector, TaskKind

_by_name = attrgetter("name")
_by_order = attrgetter("order", "name")
_OFFERS: Mapping[str, tuple[type[Any], str, Callable[[Any], Any]]] = {
    "plait_declarations": (DeclarationSpec, "declaration", _by_name),
    "plait_task_kinds": (TaskKindSpec, "task type", attrgetter("type")),
    "plait_connectors": (ConnectorSpec, "task type", attrgetter("type")),
    "plait_executors": (ExecutorSpec, "executor", _by_name),
    "plait_type_transformers": (TypeTransformerSpec, "transformer of", attrgetter("python_type")),
    "plait_dataset_formats": (DatasetFormatSpec, "dataset format", attrgetter("python_type", "protocol", "format")),
    "plait_blob_stores": (BlobStoreSpec, "blob store", attrgetter("scheme")),
    "plait_stores": (DatabaseSpec, "database", attrgetter("scheme")),
    "plait_secret_providers": (SecretProviderSpec, "secret provider", _by_name),
    "plait_schedules": (ScheduleKindSpec, "schedule", attrgetter("kind")),
    "plait_image_builders": (ImageBuilderSpec, "image builder", _by_name),
    "plait_notifiers": (NotifierSpec, "notifier", attrgetter("kind")),
    "plait_authenticators": (AuthenticatorSpec, "authenticator", _by_name),
    "plait_policies": (PolicySpec, "policy", _by_name),
    "plait_cli_commands": (CliCommandSpec, "command", _by_name),
    "plait_console_panels": (ConsolePanelSpec, "console panel", _by_name),
    "plait_health_checks": (HealthCheckSpec, "health check", _by_name),
}
"""Provider hook -> what it hands over, what to call that, and the name by which callers choose."""

_IN_WORKERS = ("plait_task_kinds", "plait_type_transformers", "plait_dataset_formats", "plait_blob_stores")
"""What workers ask for. The tables of plugins that offer none of it may hold what tasks must not know."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Offer(Shape):
    """One descriptor, what it offers under which name, and the plugin that handed it over."""

    hook: str
    what: str
    name: str
    spec: Any
    member: Member

    @property
    def distribution(self) -> str:
        """The package to name when something is wrong with it."""
        return self.member.found.distribution


class Plugins:
    """What the plugins of one process, or of one embedded engine, offer."""

    def __init__(self, roster: Roster, settings: Settings) -> None:
        self.settings = settings
        self._roster = roster
        self._tables = PluginTables(roster, settings)
        self._factories = Factories()
        self._collected: dict[str, Mapping[Any, Offer]] = {}
        self._made: dict[tuple[str, str], Any] = {}
        self._observers = tuple(roster.implementations("plait_on_event"))

    @classmethod
    def load(
        cls,
        settings: Settings | None = None,
        *,
        disabled: Iterable[str] = (),
        strict: bool = False,
        extra: Sequence[object] = (),
    ) -> Self:
        """
        Import the hooks of installed plugins and check that settings fit them.

        Args:
            settings: What to use; discovered from the working directory by default.
            disabled: Names of plugins to leave out, as by ``-p no:NAME``; those are not even imported.
            strict: Whether a plugin that fails is fatal, in addition to what *settings* say.
            extra: Modules or objects with hook implementations, taken in beside what is installed.

        Raises:
            PluginRejected: a plugin failed in strict mode, or one that settings rely on.
            PluginClash: two distributions bring a plugin of one name.
            InvalidSettings: a table ``[plugins.NAME]`` does not fit; lists every fault.
        """
        settings = settings or Settings.discover()
        strict = strict or settings.strict
        roster = Roster(is_fatal=lambda name: strict or settings.names_plugin(name))
        left_out = {*settings.block_plugins, *disabled}
        for found in installed():
            if found.name in left_out or (settings.allow_plugins and found.name not in settings.allow_plugins):
                roster.leave_out(found)
            else:
                roster.admit(found)
        for hooks in extra:
            roster.register(found_of(hooks), hooks)
        plugins = cls(roster, settings)
        plugins._tables.check(left_out)
        return plugins

    # ── tasks ────────────────────────────────────────────────────────────────

    def declaration_specs(self) -> Mapping[str, DeclarationSpec]:
        """Return the names that users import from ``plait``; ``resolve`` fetches what one stands for."""
        return _specs(self._offers("plait_declarations"))

    def task_types(self) -> Mapping[str, TaskKindSpec | ConnectorSpec]:
        """Return every type of task that somebody runs; none is both a kind and a connector."""
        types = dict(self._offers("plait_task_kinds"))
        for offer in self._offers("plait_connectors").values():
            _add(types, offer.name, offer)
        return _specs(types)

    def task_kind(self, type: str) -> TaskKind:
        """Return the kind of task that *type* names. Raises ``UnknownOffer``."""
        self.task_types()
        kind: TaskKind = self._make("plait_task_kinds", type, with_settings=False)
        return kind

    def connector(self, type: str) -> Connector:
        """Return the connector that runs tasks of *type*. Raises ``UnknownOffer``."""
        self.task_types()
        connector: Connector = self._make("plait_connectors", type)
        return connector

    def executor_specs(self) -> Mapping[str, ExecutorSpec]:
        """Return executors by name; the engine makes those that settings list."""
        return _specs(self._offers("plait_executors"))

    def executor_settings(self, name: str) -> Any:
        """Return the settings of the plugin that offers the executor *name*, in its own class. Raises ``UnknownOffer``."""
        return self.settings_for(self._find("plait_executors", name).member.found.name)

    # ── values ───────────────────────────────────────────────────────────────

    def transformer_specs(self) -> Sequence[tuple[TypeTransformerSpec, str]]:
        """Return type transformers, each with its distribution."""
        return [(offer.spec, offer.distribution) for offer in self._offers("plait_type_transformers").values()]

    def dataset_format_specs(self) -> Sequence[tuple[DatasetFormatSpec, str]]:
        """Return dataset formats, each with its distribution."""
        return [(offer.spec, offer.distribution) for offer in self._offers("plait_dataset_formats").values()]

    # ── stores and secrets ───────────────────────────────────────────────────

    def blob_store(self, uri: str) -> BlobStore:
        """Return the store of *uri*’s scheme, one per scheme. Raises ``UnknownOffer``."""
        settings = self.settings
        store: BlobStore = self._make("plait_blob_stores", _scheme(uri), settings.durability, settings.blobs)
        return store

    def database(self, url: str) -> Database:
        """Make the database at *url*, not yet open. Raises ``UnknownOffer``."""
        offer = self._find("plait_stores", _scheme(url))
        settings = self.settings_for(offer.member.found.name)
        database: Database = self.make(offer.spec.factory, url, settings, self.settings.durability)
        return database

    def secret_providers(self) -> Sequence[SecretProvider]:
        """Return secret providers in the order in which they are asked."""
        return self._make_ordered("plait_secret_providers")

    # ── schedules, images, people ────────────────────────────────────────────

    def schedule(self, spec: ScheduleSpec) -> Schedule:
        """Parse *spec*. Raises ``UnknownOffer`` or ``InvalidSchedule``."""
        schedule: Schedule = self.make(self._find("plait_schedules", spec.kind).spec.factory, spec.spec)
        return schedule

    def image_builder_specs(self) -> Sequence[ImageBuilderSpec]:
        """Return image builders, the default first."""
        return sorted(
            _specs(self._offers("plait_image_builders")).values(), key=lambda spec: (-spec.priority, spec.name)
        )

    def image_builder(self, name: str) -> Any:
        """Return the image builder called *name*. Raises ``UnknownOffer``."""
        return self._make("plait_image_builders", name)

    def notifier(self, kind: str) -> Any:
        """Return the notifier of *kind*. Raises ``UnknownOffer``."""
        return self._make("plait_notifiers", kind)

    def authenticator(self, name: str) -> Any:
        """Return the authenticator called *name*. Raises ``UnknownOffer``."""
        return self._make("plait_authenticators", name)

    def policies(self) -> Sequence[Any]:
        """Return policies in the order in which they are asked. Raises whatever making one raises."""
        return self._make_ordered("plait_policies")

    # ── the CLI, the console, doctor ─────────────────────────────────────────

    def cli_commands(self) -> Mapping[str, CliCommandSpec]:
        """Return commands, ordered by name; ``resolve`` imports the ``click.Command`` of one."""
        return dict(sorted(_specs(self._offers("plait_cli_commands")).items()))

    def console_panels(self) -> Mapping[str, ConsolePanelSpec]:
        """Return panels of the console, ordered by name."""
        return dict(sorted(_specs(self._offers("plait_console_panels")).items()))

    def check_health(self) -> Sequence[HealthCheck]:
        """Run every health check, ordered by name; one that raises is shown as failed."""
        return [self._check(offer) for _, offer in sorted(self._offers("plait_health_checks").items())]

    # ── observers ────────────────────────────────────────────────────────────

    @property
    def has_observers(self) -> bool:
        """Whether anybody wants to hear events."""
        return bool(self._observers)

    def on_event(self, execution: ExecutionId, event: Event) -> None:
        """Tell observers; what one raises is logged and the others still hear."""
        for member, hear in self._observers:
            try:
                hear(execution=execution, event=event)
            except Exception:  # observers cannot stop the engine
                import logging

                logging.getLogger("plait.plugins").exception(
                    "plait_on_event of %s raised; the event stands", member.found.distribution
                )

    # ── the plugins themselves ───────────────────────────────────────────────

    def members(self) -> Sequence[Member]:
        """Return the plugins in use, by name."""
        return sorted(self._roster.members.values(), key=attrgetter("found"))

    def left_out(self) -> Sequence[Found]:
        """Return the installed plugins that settings or flags keep from being imported, by name."""
        return tuple(self._roster.left_out)

    def quarantined(self) -> Sequence[PluginRejected]:
        """Return why each plugin that failed is not in use, in the order in which they failed."""
        return tuple(self._roster.rejected)

    def timings(self) -> Mapping[str, float]:
        """Return plugin -> seconds that importing its hooks took."""
        return {member.found.name: member.import_s for member in self.members()}

    def settings_for(self, name: str) -> Any:
        """Return the settings of plugin *name* in its own class; ``None`` if it has none."""
        return self._tables.structured(name)

    def worker_settings(self) -> dict[str, Any]:
        """Return the settings as a worker may have them: plain, with the tables of those plugins alone that work in workers."""
        plain = self.settings.plain()
        working = {offer.member.found.name for hook in _IN_WORKERS for offer in self._offers(hook).values()}
        return {**plain, "plugins": {name: table for name, table in plain["plugins"].items() if name in working}}

    def make(self, factory: str, *arguments: Any) -> Any:
        """
        Import the factory (``module:attribute``) of a descriptor and call it.

        Raises:
            FactoryFailed: it cannot be imported, or raises something that is no ``PlaitError``.
        """
        return self._factories.make(factory, *arguments)

    def resolve(self, factory: str) -> Any:
        """Import what ``module:attribute`` of a descriptor names. Raises ``FactoryFailed``."""
        return self._factories.resolve(factory)

    def offers(self) -> Sequence[Offer]:
        """Return everything that plugins offer, hook by hook."""
        return [offer for hook in _OFFERS for offer in self._offers(hook).values()]

    # ── collecting and making ────────────────────────────────────────────────

    def _offers(self, hook: str) -> Mapping[Any, Offer]:
        """Call *hook* of every plugin, once, and return the offers by the name they are chosen by."""
        if hook not in self._collected:
            kind, what, key = _OFFERS[hook]
            offers: dict[Any, Offer] = {}
            for member, specs in self._roster.answers(hook, kind):
                for spec in specs:
                    chosen_by = key(spec)
                    name = chosen_by if isinstance(chosen_by, str) else "/".join(filter(None, chosen_by))
                    _add(offers, chosen_by, Offer(hook=hook, what=what, name=name, spec=spec, member=member))
                    self._factories.belongs(spec.factory, member.found.distribution)
            self._collected[hook] = offers
        return self._collected[hook]

    def _find(self, hook: str, name: str) -> Offer:
        offers = self._offers(hook)
        if name in offers:
            return offers[name]
        quarantined = tuple(error.plugin for error in self._roster.rejected)
        raise UnknownOffer(what=_OFFERS[hook][1], name=name, known=tuple(sorted(offers)), quarantined=quarantined)

    def _make(self, hook: str, name: str, *more: Any, with_settings: bool = True) -> Any:
        """Make the thing called *name*, once, of its plugin's settings and *more*."""
        if (hook, name) not in self._made:
            offer = self._find(hook, name)
            arguments = (self.settings_for(offer.member.found.name),) if with_settings else ()
            self._made[hook, name] = self.make(offer.spec.factory, *arguments, *more)
        return self._made[hook, name]

    def _make_ordered(self, hook: str) -> Sequence[Any]:
        """Make everything that *hook* offers, in the order that the descriptors state."""
        specs = sorted(_specs(self._offers(hook)).values(), key=_by_order)
        return [self._make(hook, spec.name) for spec in specs]

    def _check(self, offer: Offer) -> HealthCheck:
        try:
            found: HealthCheck = self.make(offer.spec.factory, self.settings_for(offer.member.found.name))
            return found
        except PlaitError as error:
            return HealthCheck(name=offer.name, is_ok=False, detail=error.problem, remedy=error.remedy)


def _specs(offers: Mapping[str, Offer]) -> dict[str, Any]:
    return {name: offer.spec for name, offer in offers.items()}


def _add(offers: dict[Any, Offer], key: Any, offer: Offer) -> None:
    """Add *offer* under *key*. Raises ``PluginClash`` when the key is taken."""
    if (other := offers.get(key)) is not None:
        raise PluginClash(
            what=offer.what,
            name=offer.name,
            distributions=(other.distribution, offer.distribution),
            plugins=(other.member.found.name, offer.member.found.name),
        )
    offers[key] = offer


def _scheme(uri: str) -> str:
    """Return the scheme of *uri*; a path without one is a file."""
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator else "file"
