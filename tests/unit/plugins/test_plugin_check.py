"""
The check of a plugin finds what is wrong with it.
"""

import sys
from collections.abc import Mapping

import pytest

from plait_core.errors.plugins import UnknownOffer
from plait_core.ports.specs import HealthCheck
from plait_core.testing.plugin_check import SUITES, check_plugin
from tests.unit.plugins.installing import SitePackages

SCHEDULE = """
PLAIT_PLUGIN_API = 1

@hookimpl
def plait_schedules():
    return [ScheduleKindSpec(kind="moon", factory="acme.schedules:parse")]
"""
PROVED = """
from plait_core.testing.schedules import ScheduleConformance

class TestMoon(ScheduleConformance):
    def make(self, spec): ...
    def valid_specs(self): return []
    def invalid_specs(self): return []
"""
DISPROVED = PROVED + "    def test_moon(self): assert 'moon' == 'cheese'\n"


def failures(site: SitePackages, name: str = "moon") -> Mapping[str, HealthCheck]:
    return {check.name: check for check in check_plugin(site.load(), name) if not check.is_ok}


def test_whole_plugin_passes(site: SitePackages) -> None:
    """Everything is said in order: it loads, states its API, is light, can be imported and is proved."""
    site.install("moon", SCHEDULE, module="acme.hooks")
    site.write("acme/schedules.py", "def parse(spec): ...\n")
    site.write("acme/conformance.py", PROVED)

    checks = check_plugin(site.load(), "moon")

    assert [(check.name, check.is_ok) for check in checks] == [
        ("loads", True),
        ("states its plugin API", True),
        ("hooks import no vendor package", True),
        ("hooks import quickly", True),
        ("offers the schedule moon", True),
        ("passes conformance", True),
    ]


def test_plugin_without_proof_fails(site: SitePackages) -> None:
    """The remedy names the module to write and the suites to derive from."""
    site.install("moon", SCHEDULE, module="acme.hooks")
    site.write("acme/schedules.py", "def parse(spec): ...\n")

    found = failures(site)

    assert list(found) == ["proves what it offers"]
    assert found["proves what it offers"].remedy == (
        "write acme.conformance with a class derived from each of: ScheduleConformance"
    )


def test_plugin_cannot_be_proved_without_pytest(site: SitePackages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is no fault of the plugin, whose proof may be there."""
    site.install("moon", SCHEDULE, module="acme.hooks")
    site.write("acme/schedules.py", "def parse(spec): ...\n")
    site.write("acme/conformance.py", "import pytest\n")
    monkeypatch.setitem(sys.modules, "pytest", None)

    assert failures(site)["proves what it offers"].remedy == "pip install pytest"


def test_proof_of_something_else_is_no_proof(site: SitePackages) -> None:
    """Each port that is offered needs its own suite."""
    site.install("moon", SCHEDULE, module="acme.hooks")
    site.write("acme/schedules.py", "def parse(spec): ...\n")
    site.write("acme/conformance.py", "def test_nothing(): ...\n")

    assert list(failures(site)) == ["proves itself by ScheduleConformance"]


def test_failing_proof_is_shown(site: SitePackages) -> None:
    """The author sees pytest's own words."""
    site.install("moon", SCHEDULE, module="acme.hooks")
    site.write("acme/schedules.py", "def parse(spec): ...\n")
    site.write("acme/conformance.py", DISPROVED)

    found = failures(site)

    assert list(found) == ["passes conformance"]
    assert "'moon' == 'cheese'" in found["passes conformance"].detail


def test_factory_that_cannot_be_imported_is_found(site: SitePackages) -> None:
    """Long before somebody needs it."""
    site.install("moon", SCHEDULE, module="acme.hooks")
    site.write("acme/conformance.py", PROVED)

    found = failures(site)

    assert list(found) == ["offers the schedule moon"]
    assert "No module named 'acme.schedules'" in found["offers the schedule moon"].detail


def test_hooks_that_import_a_vendor_package_are_found(site: SitePackages) -> None:
    """Every command of plait would pay for it."""
    site.install("moon", "PLAIT_PLUGIN_API = 1\nimport acme_vendor\n", module="acme.hooks")
    site.write("acme_vendor.py", "")

    found = failures(site)

    assert [(check.name, check.detail) for check in found.values()] == [
        ("hooks import no vendor package", "they import acme_vendor")
    ]


def test_hooks_that_are_slow_to_import_are_found(site: SitePackages) -> None:
    """The limit is that of every plugin."""
    site.install("moon", "PLAIT_PLUGIN_API = 1\nsum(range(3_000_000))\n", module="acme.hooks")

    assert list(failures(site)) == ["hooks import quickly"]


def test_plugin_that_states_no_api_is_told_to(site: SitePackages) -> None:
    """Without a number nobody can tell what it was written for."""
    site.install("moon", "", module="acme.hooks")

    assert failures(site)["states its plugin API"].remedy == "write `PLAIT_PLUGIN_API = 1` in acme.hooks"


@pytest.mark.parametrize("hooks", ["1 / 0", "@hookimpl\ndef plait_schedules():\n    return 1 / 0"])
def test_plugin_that_does_not_load_fails_at_once(site: SitePackages, hooks: str) -> None:
    """Nothing else can be said about it."""
    site.install("moon", hooks, module="acme.hooks")

    [found] = check_plugin(site.load(), "moon")

    assert (found.name, found.is_ok) == ("loads", False)
    assert "ZeroDivisionError" in found.detail


def test_plugin_that_is_not_there_is_unknown(site: SitePackages) -> None:
    """A typing error is no failed check."""
    with pytest.raises(UnknownOffer):
        check_plugin(site.load(), "moon")


def test_every_suite_belongs_to_a_hook() -> None:
    """The table names hooks as they are."""
    import plait_core.hookspecs

    assert set(SUITES) <= set(vars(plait_core.hookspecs))
