"""
What plait_server hands to plait.

Offers its settings. Loaded by the plugin loader at start-up, so it imports no vendor package and names its factories as text.
"""

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import SettingsSpec

PLAIT_PLUGIN_API = 1


@hookimpl
def plait_settings() -> SettingsSpec:
    """Name the class of ``[plugins.server]``."""
    return SettingsSpec(factory="plait_server.settings:ServerSettings")
