"""
What plait_sql hands to plait.

Offers one database per URL scheme it serves. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import DatabaseSpec, SettingsSpec

PLAIT_PLUGIN_API = 1


@hookimpl
def plait_settings() -> SettingsSpec:
    """Name the class of ``[plugins.sql]``."""
    return SettingsSpec(factory="plait_sql.settings:SqlSettings")


@hookimpl
def plait_stores() -> Sequence[DatabaseSpec]:
    """Offer SQLite and PostgreSQL."""
    return (
        DatabaseSpec(scheme="sqlite", factory="plait_sql.database:open_sqlite"),
        DatabaseSpec(scheme="postgresql", factory="plait_sql.database:open_postgresql"),
    )
