"""
Which plugins are loaded, and what happens to those that cannot be.
"""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from plait_core.errors.plugins import InvalidSettings, PluginClash, PluginRejected, SettingsFault, UnknownOffer
from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.plugins import Plugins, Settings, install_process_plugins, process_plugins
from plait_core.plugins.discovery import Found, installed
from plait_core.plugins.roster import OLDEST_PLUGIN_API
from tests.unit.plugins.installing import SitePackages

OFFERS_A_SCHEDULE = """
    @hookimpl
    def plait_schedules():
        return [ScheduleKindSpec(kind="moon", factory="json:loads")]
"""


def members(plugins: Plugins) -> list[str]:
    return [member.found.name for member in plugins.members()]


def test_plugins_are_found_by_their_metadata(site: SitePackages) -> None:
    """Name, module, distribution and version come from the folder of the distribution, and nothing is imported."""
    site.install("moon", "1 / 0", distribution="acme_lunar.things")

    found = installed([str(site.folder)])

    assert found == (
        Found(name="moon", module="acme_lunar.things_hooks", distribution="acme-lunar-things", version="1.0"),
    )


def test_first_distribution_on_the_path_hides_later_ones(tmp_path: Path) -> None:
    """A checkout put before site-packages wins, as it does for imports."""
    for folder, module in [("a", "first"), ("b", "second")]:
        metadata = tmp_path / folder / "acme-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "entry_points.txt").write_text(f"[plait]\nmoon = {module}\n")

    found = installed([str(tmp_path / "a"), str(tmp_path / "missing"), str(tmp_path / "b")])

    assert [plugin.module for plugin in found] == ["first"]


def test_a_project_in_development_is_found_by_its_egg_info(tmp_path: Path) -> None:
    """An editable install of setuptools leaves its metadata in the source folder."""
    metadata = tmp_path / "acme.egg-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("# comment\n[plait]\n; moon = old\nmoon = acme.hooks\n")

    found = installed([str(tmp_path)])

    assert found == (Found(name="moon", module="acme.hooks", distribution="acme", version=""),)


def test_installed_plugin_is_loaded_and_timed(site: SitePackages) -> None:
    """A healthy plugin takes part without further ado."""
    site.install("moon", OFFERS_A_SCHEDULE)

    plugins = site.load()

    assert members(plugins) == ["moon"]
    assert plugins.quarantined() == ()
    assert plugins.timings().keys() == {"moon"}
    assert plugins.timings()["moon"] > 0


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [
        ("1 / 0", "importing acme_moon_hooks raised ZeroDivisionError: division by zero"),
        ("PLAIT_PLUGIN_API = 99", "it needs plugin API 99, and this plait has 1"),
        (
            f"PLAIT_PLUGIN_API = {OLDEST_PLUGIN_API - 1}",
            f"it was written for plugin API {OLDEST_PLUGIN_API - 1}, and this plait reads {OLDEST_PLUGIN_API} and later",
        ),
    ],
)
def test_plugin_that_cannot_be_loaded_is_quarantined(
    site: SitePackages, caplog: pytest.LogCaptureFixture, hooks: str, reason: str
) -> None:
    """The others go on; one line of warning says what happened and what to do."""
    site.install("moon", hooks)
    site.install("sun", OFFERS_A_SCHEDULE)

    with caplog.at_level(logging.WARNING, logger="plait.plugins"):
        plugins = site.load()

    [quarantined] = plugins.quarantined()
    assert members(plugins) == ["sun"]
    assert (quarantined.plugin, quarantined.distribution, quarantined.reason) == ("moon", "acme-moon", reason)
    assert [record.getMessage() for record in caplog.records] == [f"{quarantined.problem}; {quarantined.remedy}"]


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        ("@hookimpl\ndef plait_skedules(): return []", "unknown hook 'plait_skedules'"),
        ("@hookimpl\ndef plait_schedules(planet): return []", "planet"),
    ],
)
def test_hook_that_plait_does_not_have_is_quarantined(site: SitePackages, hooks: str, words: str) -> None:
    """A misspelt hook would never be called, and one with an argument plait does not pass could not be."""
    site.install("moon", hooks)

    plugins = site.load()

    assert words in plugins.quarantined()[0].reason
    assert members(plugins) == []


@pytest.mark.parametrize("answer", ["1 / 0", "ScheduleKindSpec(kind='a', factory='b:c')", "['moon']"])
def test_plugin_whose_hook_misbehaves_is_quarantined(site: SitePackages, answer: str) -> None:
    """Raising, or answering something that is no list of the right descriptors, takes the whole plugin out."""
    site.install("moon", f"@hookimpl\ndef plait_schedules():\n    return {answer}")
    plugins = site.load()

    with pytest.raises(UnknownOffer) as caught:
        plugins.schedule(ScheduleSpec(kind="moon", spec={}))

    assert str(caught.value) == str(UnknownOffer(what="schedule", name="moon", known=(), quarantined=("moon",)))
    assert members(plugins) == []


def test_policy_that_cannot_be_loaded_is_fatal(site: SitePackages) -> None:
    """A rule must not be skipped because it is broken."""
    site.install("moon", "@hookimpl\ndef plait_policies():\n    return 1 / 0")
    plugins = site.load()

    with pytest.raises(PluginRejected, match="plait_policies raised ZeroDivisionError"):
        plugins.policies()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(strict=True),
        Settings(executors=("moon",)),
        Settings(allow_plugins=("moon",)),
        Settings(plugins={"moon": {}}),
    ],
    ids=["strict", "executor", "allowed", "table"],
)
def test_failing_plugin_that_matters_is_fatal(site: SitePackages, settings: Settings) -> None:
    """What settings rely on is never silently missing."""
    site.install("moon", "1 / 0")

    with pytest.raises(PluginRejected) as caught:
        site.load(settings)

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("settings", "disabled"),
    [(Settings(), ("moon",)), (Settings(block_plugins=("moon",)), ()), (Settings(allow_plugins=("sun",)), ())],
    ids=["-p no:moon", "blocked", "not allowed"],
)
def test_plugin_that_is_left_out_is_not_imported(
    site: SitePackages, settings: Settings, disabled: tuple[str, ...]
) -> None:
    """A plugin that breaks the process on import can be got rid of."""
    site.install("moon", "raise SystemExit('too late')")
    site.install("sun", "")

    plugins = site.load(settings, disabled=disabled)

    assert members(plugins) == ["sun"]
    assert plugins.quarantined() == ()


def test_two_plugins_of_one_name_are_refused(site: SitePackages) -> None:
    """Both distributions are named, whichever was there first."""
    site.install("moon", "", distribution="acme-moon")
    site.install("moon", "", distribution="other-moon")

    with pytest.raises(PluginClash) as caught:
        site.load()

    assert caught.value.problem == "the plugin 'moon' is offered by both acme-moon and other-moon"
    assert caught.value.remedy == "uninstall acme-moon or other-moon"


def test_settings_for_a_plugin_that_is_not_there_are_a_fault(site: SitePackages) -> None:
    """A table that nobody reads is a misspelt or a missing plugin."""
    site.install("moon", "")

    with pytest.raises(InvalidSettings) as caught:
        site.load(Settings(plugins={"mon": {"phase": "new"}}))

    fault = SettingsFault("plugins.mon", "default", "the plugin 'mon' is not known; did you mean 'moon'?")
    assert caught.value.faults == (fault,)


def test_settings_for_a_plugin_that_is_left_out_are_not_read(site: SitePackages) -> None:
    """Leaving a plugin out for one run does not ask for another settings file."""
    site.install("moon", "")

    plugins = site.load(Settings(plugins={"moon": {"phase": "new"}}), disabled=("moon",))

    assert members(plugins) == []


def test_left_out_plugin_need_not_be_installed(site: SitePackages) -> None:
    """`-p no:moon` silences the settings of a plugin that is only installed elsewhere."""
    plugins = site.load(Settings(plugins={"moon": {"phase": "new"}}), disabled=("moon",))

    assert members(plugins) == []


def test_hooks_handed_over_may_not_take_a_name_that_is_in_use(site: SitePackages) -> None:
    """Two sets of hooks under one name could not be told apart."""
    with pytest.raises(PluginClash, match="the plugin 'object' is offered by both"):
        site.load(extra=[object(), object()])


def test_loading_avoids_what_start_up_cannot_afford() -> None:
    """Finding plugins and putting them together loads no costly part of the standard library."""
    script = """
import sys
from plait_core.plugins import Plugins, Settings
from plait_core.plugins.discovery import installed
Plugins.load(Settings.discover(), disabled=[found.name for found in installed()])
print(*sys.modules)
"""
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout

    costly = {"asyncio", "cattrs", "difflib", "email", "importlib.metadata", "json", "logging", "tomllib"}
    assert costly.intersection(output.split()) == set()


def test_process_plugins_are_loaded_once_and_can_be_installed() -> None:
    """The CLI installs what its flags ask for; without it the first use loads."""
    mine = Plugins.load(Settings())
    try:
        install_process_plugins(mine)
        assert process_plugins() is mine
        install_process_plugins(None)
        assert process_plugins() is process_plugins()
        assert process_plugins() is not mine
    finally:
        install_process_plugins(None)
