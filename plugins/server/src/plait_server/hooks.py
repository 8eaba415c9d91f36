"""
What plait_server hands to plait.

Offers its settings, and the commands that run a server. Loaded by the plugin loader at start-up, so it imports no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import CliCommandSpec, SettingsSpec

PLAIT_PLUGIN_API = 1


@hookimpl
def plait_settings() -> SettingsSpec:
    """Name the class of ``[plugins.server]``."""
    return SettingsSpec(factory="plait_server.settings:ServerSettings")


@hookimpl
def plait_cli_commands() -> Sequence[CliCommandSpec]:
    """Offer the server in the foreground, and in the background."""
    commands = "plait_server.commands"
    return (
        CliCommandSpec(
            name="serve",
            factory=f"{commands}.serve:command",
            help="Serve the API and the console, and drive executions.",
        ),
        CliCommandSpec(
            name="demo", factory=f"{commands}.demo:command", help="Start and stop a platform on this machine."
        ),
    )
