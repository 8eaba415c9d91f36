"""
What people are told about the plugins they have.
"""

import pytest

from plait_core.errors.plugins import UnknownOffer
from plait_core.plugins import Settings
from plait_core.plugins.listing import (
    FactoryLine,
    PluginDetails,
    PluginLine,
    PluginState,
    SettingLine,
    list_plugins,
    show_plugin,
)
from tests.unit.plugins.installing import SitePackages

MOON = """
    import attrs

    @attrs.frozen(kw_only=True)
    class MoonSettings:
        phase: str = "new"
        depth: int | None = None
        tides: str = "https://ada:s3cret@tides.example.org/v1"

    @hookimpl
    def plait_settings():
        return SettingsSpec(factory=f"{__name__}:MoonSettings")

    @hookimpl
    def plait_schedules():
        return [ScheduleKindSpec(kind="new", factory="m:New"), ScheduleKindSpec(kind="full", factory="m:Full")]

    @hookimpl
    def plait_dataset_formats():
        return [DatasetFormatSpec(python_type="m:Map", format="csv", factory="m:Csv")]
"""


def test_list_tells_the_state_of_every_plugin(site: SitePackages) -> None:
    """Those in use with what they offer, those that failed with the remedy, those that were left out."""
    site.install("moon", MOON)
    site.install("sun", "1 / 0")
    site.install("star", "")

    lines = list_plugins(site.load(disabled=("star",)))

    mine = {line.name: line for line in lines if line.distribution.startswith("acme")}
    assert mine["moon"].state is PluginState.LOADED
    assert mine["moon"].version == "1.0"
    assert mine["moon"].import_ms > 0
    assert mine["moon"].offers == {"dataset format": ("m:Map/csv",), "schedule": ("new", "full")}
    assert mine["star"] == PluginLine(name="star", distribution="acme-star", version="1.0", state=PluginState.LEFT_OUT)
    assert mine["sun"] == PluginLine(
        name="sun",
        distribution="acme-sun",
        state=PluginState.QUARANTINED,
        problem="importing acme_sun_hooks raised ZeroDivisionError: division by zero",
        remedy="upgrade or repair acme-sun, or leave it out with `-p no:sun`",
    )
    assert [line.name for line in lines] == sorted(line.name for line in lines)


def test_details_tell_factories_and_settings(site: SitePackages) -> None:
    """Every key is there, with its value, but for a password in it, and where that came from."""
    site.install("moon", MOON)
    settings = Settings(plugins={"moon": {"phase": "full"}}, origins={"plugins.moon.phase": "plait.toml"})

    details = show_plugin(site.load(settings), "moon")

    assert details.module == "acme_moon_hooks"
    assert details.factories == (
        FactoryLine(what="dataset format", name="m:Map/csv", factory="m:Csv"),
        FactoryLine(what="schedule", name="new", factory="m:New"),
        FactoryLine(what="schedule", name="full", factory="m:Full"),
    )
    assert details.settings == (
        SettingLine(key="plugins.moon.phase", type="str", value="full", origin="plait.toml"),
        SettingLine(key="plugins.moon.depth", type="int | None", value=None, origin="default"),
        SettingLine(key="plugins.moon.tides", type="str", value="https://ada@tides.example.org/v1", origin="default"),
    )


def test_details_of_a_plugin_that_is_not_in_use_are_its_line(site: SitePackages) -> None:
    """What failed has nothing more to tell than why."""
    site.install("sun", "1 / 0")
    plugins = site.load()

    details = show_plugin(plugins, "sun")

    [line] = [line for line in list_plugins(plugins) if line.name == "sun"]
    assert details == PluginDetails(line=line)


def test_details_of_no_plugin_are_refused(site: SitePackages) -> None:
    """The names there are are listed."""
    site.install("moon", "")

    with pytest.raises(UnknownOffer) as caught:
        show_plugin(site.load(), "mon")

    assert "moon" in caught.value.known
