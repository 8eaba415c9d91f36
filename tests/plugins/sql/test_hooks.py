"""
What plait_sql offers, and how its URLs are read.
"""

from plait_core.ports.specs import DatabaseSpec, SettingsSpec
from plait_sql import hooks
from plait_sql.database import SqlDatabase, open_sqlite


def test_sqlite_is_offered() -> None:
    """One scheme, and the settings of the plugin's table."""
    assert list(hooks.plait_stores()) == [DatabaseSpec(scheme="sqlite", factory="plait_sql.database:open_sqlite")]
    assert hooks.plait_settings() == SettingsSpec(factory="plait_sql.settings:SqlSettings")


def test_urls_name_files() -> None:
    """Three slashes before a relative path, four before an absolute one."""

    def named(database: SqlDatabase) -> str:
        return database._connection.url

    assert named(open_sqlite("sqlite:///runs/plait.db")) == "sqlite:///runs/plait.db"
    assert named(open_sqlite("sqlite:////var/plait.db")) == "sqlite:////var/plait.db"
    assert named(open_sqlite("sqlite:///:memory:")) == "sqlite:///:memory:"
