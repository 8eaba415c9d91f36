"""What plait ships keeps the promises that it asks of other plugins."""

import pytest

from plait_core.plugins import process_plugins
from plait_core.testing.plugin_check import check_plugin
from tests.architecture.layout import PLUGINS


@pytest.mark.parametrize("name", [plugin.name for plugin in PLUGINS])
def test_shipped_plugin_passes_its_check(name: str) -> None:
    """It loads, states its API, is light, and what it offers passes the suites of the ports."""
    checks = check_plugin(process_plugins(), name)

    assert [(check.name, check.detail) for check in checks if not check.is_ok] == []
