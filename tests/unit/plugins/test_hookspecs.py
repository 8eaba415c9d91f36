"""
Every hook, implemented by one small plugin: what it hands over comes out of the method of ``Plugins`` that callers use.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest

from plait_core.hookspecs import hookimpl
from plait_core.ir.events import Event, LeaseTaken
from plait_core.ir.ids import ExecutionId
from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.ir.units import FunctionCall
from plait_core.plugins import Plugins, Settings
from plait_core.plugins.discovery import installed
from plait_core.ports.executors import Capabilities
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
    SettingsSpec,
    TaskKindSpec,
    TypeTransformerSpec,
)

HERE = __name__


@attrs.frozen(kw_only=True)
class MoonSettings:
    """The settings of the plugin below."""

    phase: str = "new"


class Made:
    """What every factory below makes: it remembers its arguments."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments


def healthy(settings: MoonSettings) -> HealthCheck:
    return HealthCheck(name="moon", is_ok=True, detail=f"the moon is {settings.phase}")


def broken(settings: MoonSettings) -> HealthCheck:
    raise OSError("no moon tonight")


class Moon:
    """A plugin that offers one of everything."""

    @hookimpl
    def plait_settings(self) -> SettingsSpec:
        return SettingsSpec(factory=f"{HERE}:MoonSettings")

    @hookimpl
    def plait_declarations(self) -> Sequence[DeclarationSpec]:
        return [DeclarationSpec(name="MoonTask", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_task_kinds(self) -> Sequence[TaskKindSpec]:
        return [TaskKindSpec(type="moonwalk", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_connectors(self) -> Sequence[ConnectorSpec]:
        return [ConnectorSpec(type="moonbase", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_executors(self) -> Sequence[ExecutorSpec]:
        return [MOON_EXECUTOR]

    @hookimpl
    def plait_type_transformers(self) -> Sequence[TypeTransformerSpec]:
        return [TypeTransformerSpec(name="Rock", python_type="moon:Rock", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_dataset_formats(self) -> Sequence[DatasetFormatSpec]:
        return [DatasetFormatSpec(python_type="moon:Map", format="parquet", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_blob_stores(self) -> Sequence[BlobStoreSpec]:
        return [BlobStoreSpec(scheme="moon", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_stores(self) -> Sequence[DatabaseSpec]:
        return [DatabaseSpec(scheme="moondb", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_secret_providers(self) -> Sequence[SecretProviderSpec]:
        return [SecretProviderSpec(name="crater", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_schedules(self) -> Sequence[ScheduleKindSpec]:
        return [ScheduleKindSpec(kind="lunar", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_image_builders(self) -> Sequence[ImageBuilderSpec]:
        return [
            ImageBuilderSpec(name="plain", factory=f"{HERE}:Made"),
            ImageBuilderSpec(name="moonshot", factory=f"{HERE}:Made", priority=5),
        ]

    @hookimpl
    def plait_notifiers(self) -> Sequence[NotifierSpec]:
        return [NotifierSpec(kind="howl", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_authenticators(self) -> Sequence[AuthenticatorSpec]:
        return [AuthenticatorSpec(name="moonlight", factory=f"{HERE}:Made")]

    @hookimpl
    def plait_policies(self) -> Sequence[PolicySpec]:
        return [
            PolicySpec(name="last", factory=f"{HERE}:Made", order=900),
            PolicySpec(name="first", factory=f"{HERE}:Made", order=1),
        ]

    @hookimpl
    def plait_cli_commands(self) -> Sequence[CliCommandSpec]:
        return [CliCommandSpec(name="orbit", factory=f"{HERE}:Made", help="Go round")]

    @hookimpl
    def plait_console_panels(self) -> Sequence[ConsolePanelSpec]:
        return [ConsolePanelSpec(name="phase", factory=f"{HERE}:Made", page="execution")]

    @hookimpl
    def plait_health_checks(self) -> Sequence[HealthCheckSpec]:
        return [
            HealthCheckSpec(name="moon", factory=f"{HERE}:healthy"),
            HealthCheckSpec(name="night", factory=f"{HERE}:broken"),
        ]


MOON_EXECUTOR = ExecutorSpec(
    name="moon", factory=f"{HERE}:Made", capabilities=Capabilities(actions=(FunctionCall,), task_types=("moonwalk",))
)
PHASE_FULL = MoonSettings(phase="full")


class Listener:
    """An observer that hears only what it asks for."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    @hookimpl
    def plait_on_event(self, event: Event) -> None:
        self.heard.append(event)


class Deaf:
    """An observer that fails."""

    @hookimpl
    def plait_on_event(self, execution: ExecutionId) -> None:
        raise OSError(str(execution))


def load(*extra: object, tables: Mapping[str, Mapping[str, Any]] | None = None) -> Plugins:
    """Load *extra* alone."""
    others = [found.name for found in installed()]
    return Plugins.load(Settings(plugins=tables or {}), disabled=others, extra=extra)


@pytest.fixture(name="plugins")
def moon_alone() -> Plugins:
    """The plugin above with a full moon, and nothing else."""
    return load(Moon(), tables={"Moon": {"phase": "full"}})


def test_descriptors_come_out_by_name(plugins: Plugins) -> None:
    """Callers choose by name without importing anything."""
    assert plugins.declaration_specs() == {"MoonTask": DeclarationSpec(name="MoonTask", factory=f"{HERE}:Made")}
    assert set(plugins.task_types()) == {"moonwalk", "moonbase"}
    assert plugins.executor_specs() == {"moon": MOON_EXECUTOR}
    assert [spec.name for spec in plugins.image_builder_specs()] == ["moonshot", "plain"]
    assert [(spec.python_type, by) for spec, by in plugins.transformer_specs()] == [("moon:Rock", "the caller’s Moon")]
    assert [(spec.format, by) for spec, by in plugins.dataset_format_specs()] == [("parquet", "the caller’s Moon")]
    assert set(plugins.cli_commands()) == {"orbit"}
    assert set(plugins.console_panels()) == {"phase"}


def test_factories_are_given_what_their_descriptors_promise(plugins: Plugins) -> None:
    """Most get the plugin's settings; a database its URL and how durable it is, which a blob store is told with where plait's own blobs are, a schedule its spec, a task kind nothing."""
    made: list[Any] = [
        plugins.task_kind("moonwalk"),
        plugins.connector("moonbase"),
        plugins.blob_store("moon://crater/1"),
        plugins.database("moondb://sea"),
        *plugins.secret_providers(),
        plugins.schedule(ScheduleSpec(kind="lunar", spec={"phase": "full"})),
        plugins.image_builder("plain"),
        plugins.notifier("howl"),
        plugins.authenticator("moonlight"),
        *plugins.policies(),
    ]

    assert [thing.arguments for thing in made] == [
        (),
        (PHASE_FULL,),
        (PHASE_FULL, "normal", plugins.settings.blobs),
        ("moondb://sea", PHASE_FULL, "normal"),
        (PHASE_FULL,),
        ({"phase": "full"},),
        (PHASE_FULL,),
        (PHASE_FULL,),
        (PHASE_FULL,),
        (PHASE_FULL,),
        (PHASE_FULL,),
    ]


def test_executor_is_given_the_settings_of_its_plugin(plugins: Plugins) -> None:
    """The engine puts them into the context that it makes the executor with."""
    assert plugins.executor_settings("moon") == PHASE_FULL


def test_health_checks_are_run_and_one_that_raises_has_failed(plugins: Plugins) -> None:
    """`plait doctor` shows every check, whatever it does."""
    good, bad = plugins.check_health()

    assert good == HealthCheck(name="moon", is_ok=True, detail="the moon is full")
    assert (bad.name, bad.is_ok) == ("night", False)
    assert "OSError: no moon tonight" in bad.detail
    assert "the caller’s Moon" in bad.remedy


def test_observers_hear_events_and_cannot_stop_them(caplog: pytest.LogCaptureFixture) -> None:
    """An observer that raises is logged with its distribution; the next one still hears."""
    listener = Listener()
    plugins = load(Deaf(), listener)
    execution = ExecutionId(name="e")
    event = Event(seq=1, at_ns=5, decision=LeaseTaken(owner="me"))

    with caplog.at_level(logging.ERROR, logger="plait.plugins"):
        plugins.on_event(execution, event)

    assert plugins.has_observers
    assert listener.heard == [event]
    assert ["Deaf" in record.getMessage() for record in caplog.records] == [True]


def test_without_observers_there_is_nobody_to_tell(plugins: Plugins) -> None:
    """The engine asks once and then skips the call."""
    assert not plugins.has_observers
