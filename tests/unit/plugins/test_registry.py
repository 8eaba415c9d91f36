"""
How offers of several plugins come together, and what is said when one is missing, claimed twice or cannot be made.
"""

from textwrap import dedent
from typing import Any

import pytest

from plait_core.errors.plugins import FactoryFailed, InvalidSettings, PluginClash, SettingsFault, UnknownOffer
from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.plugins import Settings
from tests.unit.plugins.installing import SitePackages


def offering(hook: str, descriptor: str, more: str = "") -> str:
    return f"@hookimpl\ndef {hook}():\n    return [{descriptor}]\n{more}"


@pytest.mark.parametrize(
    ("hook", "descriptor", "ask", "what"),
    [
        ("plait_task_kinds", "TaskKindSpec(type='x', factory='m:F')", "task_types", "task type 'x'"),
        ("plait_blob_stores", "BlobStoreSpec(scheme='x', factory='m:F')", "blob_store", "blob store 'x'"),
        (
            "plait_type_transformers",
            "TypeTransformerSpec(name='n', python_type='x:X', factory='m:F')",
            "transformer_specs",
            "transformer of 'x:X'",
        ),
        (
            "plait_dataset_formats",
            "DatasetFormatSpec(python_type='x:X', format='csv', factory='m:F')",
            "dataset_format_specs",
            "dataset format 'x:X/csv'",
        ),
    ],
)
def test_name_that_two_plugins_claim_is_refused(
    site: SitePackages, hook: str, descriptor: str, ask: str, what: str
) -> None:
    """Both distributions are named, and the flags that leave one of them out."""
    site.install("moon", offering(hook, descriptor))
    site.install("sun", offering(hook, descriptor))
    plugins = site.load()

    with pytest.raises(PluginClash) as caught:
        getattr(plugins, ask)(*(["x://y"] if ask == "blob_store" else []))

    assert caught.value.problem == f"the {what} is offered by both acme-moon and acme-sun"
    assert caught.value.remedy == "uninstall one of them, or leave one out with `-p no:moon` or `-p no:sun`"


def test_task_type_cannot_be_a_kind_and_a_connector(site: SitePackages) -> None:
    """A task has one place to go."""
    site.install("moon", offering("plait_task_kinds", "TaskKindSpec(type='x', factory='m:F')"))
    site.install("sun", offering("plait_connectors", "ConnectorSpec(type='x', factory='m:F')"))

    with pytest.raises(PluginClash, match="the task type 'x' is offered by both acme-moon and acme-sun"):
        site.load().task_kind("x")


def test_what_nobody_offers_is_unknown(site: SitePackages) -> None:
    """The remedy lists what there is, and the plugins that failed and might have offered it."""
    site.install("moon", offering("plait_stores", "DatabaseSpec(scheme='moondb', factory='m:F')"))
    site.install("sun", "1 / 0")

    with pytest.raises(UnknownOffer) as caught:
        site.load().database("marsdb://x")

    assert caught.value.problem == "there is no database 'marsdb'"
    assert caught.value.remedy == (
        "install what offers it, or use one of: moondb; not loaded, see `plait plugins list`: sun"
    )


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("acme_missing:F", "ModuleNotFoundError: No module named 'acme_missing'"),
        ("json:moon", "AttributeError: module 'json' has no attribute 'moon'"),
        ("acme_moon_hooks:fail", "KeyError: 'crater'"),
    ],
)
def test_thing_that_cannot_be_made_names_the_distribution(site: SitePackages, factory: str, reason: str) -> None:
    """Whether it cannot be imported or raises, the reader learns whose it is."""
    more = "def fail(spec): raise KeyError('crater')\n"
    site.install("moon", offering("plait_schedules", f"ScheduleKindSpec(kind='x', factory='{factory}')", more))

    with pytest.raises(FactoryFailed) as caught:
        site.load().schedule(ScheduleSpec(kind="x", spec={}))

    assert caught.value.problem == f"{factory} of acme-moon could not be made: {reason}"


def test_error_of_plaits_own_passes_through_a_factory(site: SitePackages) -> None:
    """A plugin that says what is wrong in plait's terms is not rephrased."""
    more = "from plait_core.errors.plugins import UnknownOffer\ndef fail(spec): raise UnknownOffer(what='a', name='b', known=())\n"
    site.install(
        "moon", offering("plait_schedules", "ScheduleKindSpec(kind='x', factory='acme_moon_hooks:fail')", more)
    )

    with pytest.raises(UnknownOffer):
        site.load().schedule(ScheduleSpec(kind="x", spec={}))


def test_things_are_made_once(site: SitePackages) -> None:
    """A blob store is shared by everyone who names its scheme; a path without a scheme is a file."""
    more = "def make(settings, durability, root): return [settings, durability, root]\n"
    site.install(
        "moon", offering("plait_blob_stores", "BlobStoreSpec(scheme='file', factory='acme_moon_hooks:make')", more)
    )
    plugins = site.load()

    stores: list[Any] = [plugins.blob_store(uri) for uri in ["file:///a", "FILE:///b", "/c"]]

    assert stores == [[None, "normal", plugins.settings.blobs]] * 3
    assert stores[0] is stores[1] is stores[2]


WITH_SETTINGS = """
    import attrs

    @attrs.frozen(kw_only=True)
    class MoonSettings:
        phase: str = "new"
        n_craters: int = 0

    @hookimpl
    def plait_settings():
        return SettingsSpec(factory=f"{__name__}:MoonSettings")
"""


def test_settings_are_structured_into_the_plugins_class(site: SitePackages) -> None:
    """A plugin that settings do not mention has its defaults; one without a class has none."""
    site.install("moon", WITH_SETTINGS)
    site.install("star", WITH_SETTINGS)
    site.install("sun", "")

    plugins = site.load(Settings(plugins={"moon": {"phase": "full"}}))

    assert str(plugins.settings_for("moon")) == "MoonSettings(phase='full', n_craters=0)"
    assert str(plugins.settings_for("star")) == "MoonSettings(phase='new', n_craters=0)"
    assert plugins.settings_for("sun") is None


@pytest.mark.parametrize(
    ("hook", "spec"),
    [
        ("plait_task_kinds", "TaskKindSpec(type='x', factory='m:F')"),
        ("plait_type_transformers", "TypeTransformerSpec(name='x', python_type='m:X', factory='m:F')"),
        ("plait_dataset_formats", "DatasetFormatSpec(python_type='m:X', format='x', factory='m:F')"),
        ("plait_blob_stores", "BlobStoreSpec(scheme='x', factory='m:F')"),
    ],
)
def test_workers_get_the_tables_of_plugins_that_work_there(site: SitePackages, hook: str, spec: str) -> None:
    """What others are told – passwords of stores, keys of authenticators – is not for tasks; nor is the token."""
    site.install("moon", offering(hook, spec, dedent(WITH_SETTINGS)))
    store = "DatabaseSpec(scheme='x', factory='m:F')"
    site.install("star", offering("plait_stores", store, dedent(WITH_SETTINGS)))
    tables: dict[str, dict[str, Any]] = {"moon": {"phase": "full"}, "star": {"phase": "hush"}}

    found = site.load(Settings(plugins=tables, token="hush", project="p")).worker_settings()

    assert (found["plugins"], found["project"]) == ({"moon": {"phase": "full"}}, "p")
    assert "hush" not in str(found)


def test_faults_of_all_tables_are_told_when_plugins_are_loaded(site: SitePackages) -> None:
    """Nobody has to use a plugin to learn that its settings are wrong."""
    site.install("moon", WITH_SETTINGS)
    site.install("sun", "")
    origins = {"plugins.moon.fase": "plait.toml", "plugins.moon.n_craters": "PLAIT_PLUGINS__MOON__N_CRATERS"}
    tables: dict[str, dict[str, Any]] = {"moon": {"fase": "full", "n_craters": "many"}, "sun": {"spots": 3}}

    with pytest.raises(InvalidSettings) as caught:
        site.load(Settings(plugins=tables, origins=origins))

    assert caught.value.faults == (
        SettingsFault("plugins.moon.fase", "plait.toml", "is not known; did you mean 'phase'?"),
        SettingsFault(
            "plugins.moon.n_craters", "PLAIT_PLUGINS__MOON__N_CRATERS", "should be a whole number, and is 'many'"
        ),
        SettingsFault("plugins.sun.spots", "default", "sun has no settings"),
    )


def test_settings_of_a_plugin_that_is_not_in_use_are_unknown(site: SitePackages) -> None:
    """Nobody gets the defaults of something that is not there."""
    with pytest.raises(UnknownOffer, match="there is no plugin 'moon'"):
        site.load().settings_for("moon")
