"""
plait_sql: every store port of plait on SQLite.

Statements are written once, in the dialect that SQLite and PostgreSQL share; what differs between servers is behind
``plait_sql.connections.Connection``.
"""

from plait_sql.database import SqlDatabase, open_sqlite
from plait_sql.settings import SqlSettings

__all__ = ["SqlDatabase", "SqlSettings", "open_sqlite"]
