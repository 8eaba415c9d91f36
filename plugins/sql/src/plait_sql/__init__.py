"""
plait_sql: every store port of plait on SQLite and PostgreSQL.

Statements are written once, in the dialect that SQLite and PostgreSQL share; what differs between servers is behind
``plait_sql.connections.Connection``. Databases are made by ``plait_sql.database``.
"""
