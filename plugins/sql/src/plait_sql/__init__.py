"""plait_sql: every store port of plait on SQLite and PostgreSQL."""
