"""
The registry: everything plugins offer, by name and typed.

``Plugins`` is what the engine, the CLI and the type engine hold; nothing else calls a hook. Each provider hook is
called once, when its answers are first needed, and a name that two plugins claim is refused. What a descriptor
names is imported and made on first use.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, Self, TypeVar

import attrs

from plait_core.errors import PlaitError
from plait_core.errors.plugins import PluginClash, PluginRejected, UnknownOffer
from plait_core.ir.events import Event
from plait_core.ir.ids import ExecutionId
from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.plugins.discovery import installed
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

_Spec = TypeVar("_Spec")
_by_name = attrgetter("name")
_by_order = attrgetter("order", "name")


@attrs.frozen
class Offer(Generic[_Spec]):
    """One descriptor, and the plugin that handed it over."""

    spec: _Spec
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
        self._offers: dict[str, Mapping[Any, Offer[Any]]] = {}
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
            if settings.allow_plugins and found.name not in settings.allow_plugins:
                left_out.add(found.name)
            if found.name not in left_out:
                roster.admit(found)
        for hooks in extra:
            roster.register(found_of(hooks), hooks)
        plugins = cls(roster, settings)
        plugins._tables.check(left_out)
        return plugins

    # ── tasks ────────────────────────────────────────────────────────────────

    def task_types(self) -> Mapping[str, TaskKindSpec | ConnectorSpec]:
        """Return every type of task that somebody runs."""
        return _specs(self._task_offers())

    def task_kind(self, type: str) -> TaskKind:
        """Return the kind of task that *type* names. Raises ``UnknownOffer``."""
        kinds = {key: offer for key, offer in self._task_offers().items() if isinstance(offer.spec, TaskKindSpec)}
        kind: TaskKind = self._make("task kind", type, kinds)
        return kind

    def connector(self, type: str) -> Connector:
        """Return the connector that runs tasks of *type*. Raises ``UnknownOffer``."""
        connectors = {key: offer for key, offer in self._task_offers().items() if isinstance(offer.spec, ConnectorSpec)}
        connector: Connector = self._make("connector", type, connectors, with_settings=True)
        return connector

    def executor_specs(self) -> Mapping[str, ExecutorSpec]:
        """Return executors by name; the engine makes those that settings list."""
        return _specs(self._collect("plait_executors", ExecutorSpec, "executor", _by_name))

    # ── values ───────────────────────────────────────────────────────────────

    def executor_settings(self, name: str) -> Any:
        """Return the settings of the plugin that offers the executor *name*, in its own class."""
        offers: Mapping[str, Offer[ExecutorSpec]] = self._collect("plait_executors", ExecutorSpec, "executor", _by_name)
        return self.settings_for(offers[name].member.found.name)

    def transformer_specs(self) -> Sequence[tuple[TypeTransformerSpec, str]]:
        """Return type transformers, each with its distribution."""
        offers = self._collect(
            "plait_type_transformers", TypeTransformerSpec, "transformer of", attrgetter("python_type")
        )
        return [(offer.spec, offer.distribution) for offer in offers.values()]

    def dataset_format_specs(self) -> Sequence[tuple[DatasetFormatSpec, str]]:
        """Return dataset formats, each with its distribution."""
        key = attrgetter("python_type", "protocol", "format")
        offers = self._collect("plait_dataset_formats", DatasetFormatSpec, "dataset format", key)
        return [(offer.spec, offer.distribution) for offer in offers.values()]

    # ── stores and secrets ───────────────────────────────────────────────────

    def blob_store(self, uri: str) -> BlobStore:
        """Return the store of *uri*’s scheme, one per scheme. Raises ``UnknownOffer``."""
        offers = self._collect("plait_blob_stores", BlobStoreSpec, "blob store", attrgetter("scheme"))
        store: BlobStore = self._make("blob store", _scheme(uri), offers, with_settings=True)
        return store

    def database(self, url: str) -> Database:
        """Make the database at *url*, not yet open. Raises ``UnknownOffer``."""
        offers = self._collect("plait_stores", DatabaseSpec, "database", attrgetter("scheme"))
        offer = self._find("database", _scheme(url), offers)
        database: Database = self.make(offer.spec.factory, url, self.settings_for(offer.member.found.name))
        return database

    def secret_providers(self) -> Sequence[SecretProvider]:
        """Return secret providers in the order in which they are asked."""
        return self._make_ordered("plait_secret_providers", SecretProviderSpec, "secret provider")

    # ── schedules, images, people ────────────────────────────────────────────

    def schedule(self, spec: ScheduleSpec) -> Schedule:
        """Parse *spec*. Raises ``UnknownOffer`` or ``InvalidSchedule``."""
        offers = self._collect("plait_schedules", ScheduleKindSpec, "schedule", attrgetter("kind"))
        schedule: Schedule = self.make(self._find("schedule", spec.kind, offers).spec.factory, spec.spec)
        return schedule

    def image_builder_specs(self) -> Sequence[ImageBuilderSpec]:
        """Return image builders, the default first."""
        offers = self._collect("plait_image_builders", ImageBuilderSpec, "image builder", _by_name)
        return sorted(_specs(offers).values(), key=lambda spec: (-spec.priority, spec.name))

    def image_builder(self, name: str) -> Any:
        """Return the image builder called *name*. Raises ``UnknownOffer``."""
        offers = self._collect("plait_image_builders", ImageBuilderSpec, "image builder", _by_name)
        return self._make("image builder", name, offers, with_settings=True)

    def notifier(self, kind: str) -> Any:
        """Return the notifier of *kind*. Raises ``UnknownOffer``."""
        offers = self._collect("plait_notifiers", NotifierSpec, "notifier", attrgetter("kind"))
        return self._make("notifier", kind, offers, with_settings=True)

    def authenticator(self, name: str) -> Any:
        """Return the authenticator called *name*. Raises ``UnknownOffer``."""
        offers = self._collect("plait_authenticators", AuthenticatorSpec, "authenticator", _by_name)
        return self._make("authenticator", name, offers, with_settings=True)

    def policies(self) -> Sequence[Any]:
        """Return policies in the order in which they are asked. Raises whatever making one raises."""
        return self._make_ordered("plait_policies", PolicySpec, "policy")

    # ── the CLI, the console, doctor ─────────────────────────────────────────

    def cli_commands(self) -> Mapping[str, CliCommandSpec]:
        """Return commands by name; ``resolve`` imports the ``click.Command`` of one."""
        return dict(sorted(_specs(self._collect("plait_cli_commands", CliCommandSpec, "command", _by_name)).items()))

    def console_panels(self) -> Mapping[str, ConsolePanelSpec]:
        """Return panels of the console by name."""
        panels = self._collect("plait_console_panels", ConsolePanelSpec, "console panel", _by_name)
        return dict(sorted(_specs(panels).items()))

    def check_health(self) -> Sequence[HealthCheck]:
        """Run every health check, by name; one that raises is shown as failed."""
        offers = self._collect("plait_health_checks", HealthCheckSpec, "health check", _by_name)
        return [self._check(offer) for _, offer in sorted(offers.items())]

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

    def quarantined(self) -> Sequence[PluginRejected]:
        """Return why each plugin that failed is not in use, in the order in which they failed."""
        return tuple(self._roster.rejected)

    def timings(self) -> Mapping[str, float]:
        """Return plugin -> seconds that importing its hooks took."""
        return {member.found.name: member.import_s for member in self.members()}

    def settings_for(self, name: str) -> Any:
        """Return the settings of plugin *name* in its own class; ``None`` if it has none."""
        return self._tables.structured(name)

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

    # ── collecting and making ────────────────────────────────────────────────

    def _collect(
        self, hook: str, kind: type[_Spec], what: str, key: Callable[[_Spec], Any]
    ) -> Mapping[Any, Offer[_Spec]]:
        """Call *hook* of every plugin, once, and return the descriptors by *key*."""
        if hook not in self._offers:
            offers: dict[Any, Offer[Any]] = {}
            answers: Iterable[tuple[Member, Sequence[Any]]] = self._roster.answers(hook, kind)
            for member, specs in answers:
                for spec in specs:
                    _add(offers, what, key(spec), Offer(spec, member))
                    self._factories.belongs(spec.factory, member.found.distribution)
            self._offers[hook] = offers
        return self._offers[hook]

    def _task_offers(self) -> Mapping[str, Offer[Any]]:
        """Return kinds and connectors together: no type may be both."""
        if "task types" not in self._offers:
            by_type = attrgetter("type")
            offers = dict(self._collect("plait_task_kinds", TaskKindSpec, "task type", by_type))
            connectors: Mapping[str, Offer[Any]] = self._collect(
                "plait_connectors", ConnectorSpec, "task type", by_type
            )
            for type_, offer in connectors.items():
                _add(offers, "task type", type_, offer)
            self._offers["task types"] = offers
        return self._offers["task types"]

    def _find(self, what: str, name: str, offers: Mapping[str, Offer[_Spec]]) -> Offer[_Spec]:
        if name in offers:
            return offers[name]
        quarantined = tuple(error.plugin for error in self._roster.rejected)
        raise UnknownOffer(what=what, name=name, known=tuple(sorted(offers)), quarantined=quarantined)

    def _make(self, what: str, name: str, offers: Mapping[str, Offer[Any]], *, with_settings: bool = False) -> Any:
        """Make the thing called *name*, once."""
        if (what, name) not in self._made:
            offer = self._find(what, name, offers)
            arguments = (self.settings_for(offer.member.found.name),) if with_settings else ()
            self._made[what, name] = self.make(offer.spec.factory, *arguments)
        return self._made[what, name]

    def _make_ordered(self, hook: str, kind: type[SecretProviderSpec] | type[PolicySpec], what: str) -> Sequence[Any]:
        """Make everything that *hook* offers, in the order that the descriptors state."""
        offers: Mapping[str, Offer[Any]] = self._collect(hook, kind, what, _by_name)
        return [
            self._make(what, spec.name, offers, with_settings=True)
            for spec in sorted((offer.spec for offer in offers.values()), key=_by_order)
        ]

    def _check(self, offer: Offer[HealthCheckSpec]) -> HealthCheck:
        try:
            found: HealthCheck = self.make(offer.spec.factory, self.settings_for(offer.member.found.name))
            return found
        except PlaitError as error:
            return HealthCheck(name=offer.spec.name, is_ok=False, detail=error.problem, remedy=error.remedy)


def _specs(offers: Mapping[str, Offer[_Spec]]) -> dict[str, _Spec]:
    return {name: offer.spec for name, offer in offers.items()}


def _add(offers: dict[Any, Offer[Any]], what: str, key: Any, offer: Offer[Any]) -> None:
    """Add *offer* under *key*. Raises ``PluginClash`` when the key is taken."""
    if (other := offers.get(key)) is not None:
        raise PluginClash(
            what=what,
            name=key if isinstance(key, str) else ", ".join(filter(None, key)),
            distributions=(other.distribution, offer.distribution),
            plugins=(other.member.found.name, offer.member.found.name),
        )
    offers[key] = offer


def _scheme(uri: str) -> str:
    """Return the scheme of *uri*; a path without one is a file."""
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator else "file"
