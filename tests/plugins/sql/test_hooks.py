"""
What plait_sql offers, and how its URLs are read.
"""

import sys

import pytest

from plait_core.errors.stores import StoreDriverMissing
from plait_core.ports.specs import DatabaseSpec, SettingsSpec
from plait_sql import hooks
from plait_sql.database import SqlDatabase, open_postgresql, open_sqlite


def test_both_databases_are_offered() -> None:
    """Two schemes, and the settings of the plugin's table."""
    assert list(hooks.plait_stores()) == [
        DatabaseSpec(scheme="sqlite", factory="plait_sql.database:open_sqlite"),
        DatabaseSpec(scheme="postgresql", factory="plait_sql.database:open_postgresql"),
    ]
    assert hooks.plait_settings() == SettingsSpec(factory="plait_sql.settings:SqlSettings")


def test_urls_name_files() -> None:
    """Three slashes before a relative path, four before an absolute one."""

    def named(database: SqlDatabase) -> str:
        return database._connection.url

    assert named(open_sqlite("sqlite:///runs/plait.db")) == "sqlite:///runs/plait.db"
    assert named(open_sqlite("sqlite:////var/plait.db")) == "sqlite:////var/plait.db"
    assert named(open_sqlite("sqlite:///:memory:")) == "sqlite:///:memory:"


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg comes with an extra, because SQLite needs nothing."""
    for module in ("plait_sql.postgres", "plait_sql.listener", "plait_sql.links"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StoreDriverMissing) as caught:
        open_postgresql("postgresql://ada:s3cret@db/plait")

    assert caught.value.remedy == "pip install 'plait[postgres]'"
