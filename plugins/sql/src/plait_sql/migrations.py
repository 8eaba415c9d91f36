"""
Migrations: the schema, as numbered steps that are applied once each and never edited.

Run by ``SqlDatabase.open``. A step n adds what release n needs; what it no longer needs is dropped in n+1, so engines of
two neighbouring releases share a database. Names in braces differ by dialect: ``plait_sql.connections.Connection.types``.
Times are nanoseconds since the epoch; structured values are msgpack made by ``plait_core.ir.codec``.
"""

from plait_core.errors.stores import StoreTooNew
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_sql.connections import Connection, Transaction

UNFINISHED = "phase IN ({})".format(
    ", ".join(f"'{phase.value}'" for phase in ExecutionPhase if phase not in TERMINAL_EXECUTION)
)
"""Condition on ``executions``; a partial index serves queries that repeat it word for word."""

_FIRST = (
    """
    CREATE TABLE executions (
        key {key},
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        name TEXT NOT NULL,
        owner TEXT NOT NULL,
        next_seq BIGINT NOT NULL,
        target {blob} NOT NULL,
        phase TEXT NOT NULL,
        mode TEXT NOT NULL,
        principal TEXT NOT NULL,
        pool TEXT NOT NULL,
        created_at_ns BIGINT NOT NULL,
        updated_at_ns BIGINT NOT NULL,
        ended_at_ns BIGINT,
        error {blob},
        wake_at_ns BIGINT,
        labels {blob},
        is_archived SMALLINT NOT NULL,
        UNIQUE (project, domain, name)
    )
    """,
    "CREATE INDEX executions_by_age ON executions (created_at_ns, name, project, domain)",
    f"CREATE INDEX executions_unfinished ON executions (pool) WHERE {UNFINISHED}",
    """
    CREATE TABLE events (
        execution BIGINT NOT NULL REFERENCES executions,
        seq BIGINT NOT NULL,
        at_ns BIGINT NOT NULL,
        decision {blob} NOT NULL,
        PRIMARY KEY (execution, seq)
    ) {clustered}
    """,
    """
    CREATE TABLE nodes (
        execution BIGINT NOT NULL REFERENCES executions,
        appeared_seq BIGINT NOT NULL,
        appeared_as BIGINT NOT NULL,
        node TEXT NOT NULL,
        definition TEXT NOT NULL,
        parent TEXT,
        phase TEXT NOT NULL,
        kind TEXT NOT NULL,
        entity TEXT NOT NULL,
        name TEXT NOT NULL,
        started_at_ns BIGINT,
        ended_at_ns BIGINT,
        error {blob},
        cache TEXT NOT NULL,
        deck_uri TEXT NOT NULL,
        n_elements BIGINT,
        n_elements_done BIGINT NOT NULL,
        PRIMARY KEY (execution, node)
    ) {clustered}
    """,
    """
    CREATE TABLE attempts (
        execution BIGINT NOT NULL REFERENCES executions,
        node TEXT NOT NULL,
        element BIGINT NOT NULL,
        n BIGINT NOT NULL,
        task {blob} NOT NULL,
        phase TEXT NOT NULL,
        executor TEXT NOT NULL,
        scheduled_at_ns BIGINT NOT NULL,
        started_at_ns BIGINT,
        ended_at_ns BIGINT,
        error {blob},
        deck_uri TEXT NOT NULL,
        message TEXT NOT NULL,
        is_cached SMALLINT NOT NULL,
        PRIMARY KEY (execution, node, element, n)
    ) {clustered}
    """,
    """
    CREATE TABLE snapshots (
        execution BIGINT PRIMARY KEY REFERENCES executions,
        seq BIGINT NOT NULL,
        version BIGINT NOT NULL,
        state {blob} NOT NULL
    )
    """,
    "CREATE TABLE closures (digest TEXT PRIMARY KEY, closure {blob} NOT NULL)",
    """
    CREATE TABLE leases (
        owner TEXT PRIMARY KEY,
        pool TEXT NOT NULL,
        expires_at_ns BIGINT NOT NULL,
        is_robbed SMALLINT NOT NULL
    )
    """,
    """
    CREATE TABLE inbox (
        arrival {key},
        execution BIGINT NOT NULL REFERENCES executions,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        payload {blob} NOT NULL,
        is_consumed SMALLINT NOT NULL,
        UNIQUE (execution, key)
    )
    """,
    "CREATE INDEX inbox_pending ON inbox (execution) WHERE is_consumed = 0",
    """
    CREATE TABLE cache (
        digest TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        task TEXT NOT NULL,
        outputs {blob} NOT NULL,
        source TEXT NOT NULL,
        input_digests {blob} NOT NULL,
        created_at_ns BIGINT NOT NULL
    )
    """,
    "CREATE INDEX cache_by_task ON cache (project, domain, task, created_at_ns)",
    """
    CREATE TABLE reservations (
        digest TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        task TEXT NOT NULL,
        execution BIGINT NOT NULL REFERENCES executions,
        node TEXT NOT NULL,
        element BIGINT NOT NULL,
        n BIGINT NOT NULL,
        attempt {blob} NOT NULL
    )
    """,
    """
    CREATE TABLE templates (
        key {key},
        kind TEXT NOT NULL,
        org TEXT NOT NULL,
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        digest TEXT NOT NULL,
        template {blob} NOT NULL,
        has_schedule SMALLINT NOT NULL,
        registered_at_ns BIGINT NOT NULL,
        UNIQUE (kind, org, project, domain, name, version)
    )
    """,
    """
    CREATE TABLE activations (
        project TEXT NOT NULL,
        domain TEXT NOT NULL,
        name TEXT NOT NULL,
        template BIGINT NOT NULL REFERENCES templates,
        activated_at_ns BIGINT NOT NULL,
        fired_until_ns BIGINT NOT NULL,
        PRIMARY KEY (project, domain, name)
    )
    """,
    "CREATE TABLE projects (id TEXT PRIMARY KEY, project {blob} NOT NULL)",
    "CREATE TABLE tokens (id TEXT PRIMARY KEY, token {blob} NOT NULL)",
    """
    CREATE TABLE audit (
        key {key},
        at_ns BIGINT NOT NULL,
        principal TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail {blob} NOT NULL
    )
    """,
)

MIGRATIONS = (_FIRST,)
"""Step n is ``MIGRATIONS[n - 1]``."""


async def migrate(connection: Connection) -> None:
    """Bring the schema up to date. Raises ``StoreTooNew``, and leaves such a database as it is."""
    if await connection.read(lambda transaction: _version(connection, transaction)) != len(MIGRATIONS):
        await connection.write(lambda transaction: _apply(connection, transaction))


def _version(connection: Connection, transaction: Transaction) -> int:
    if not connection.has_table(transaction, "migrations"):
        return 0
    row = transaction.query_one("SELECT max(number) FROM migrations")
    return row[0] or 0 if row else 0


def _apply(connection: Connection, transaction: Transaction) -> None:
    """Apply what is missing, judged once more now that no other process can migrate."""
    done = _version(connection, transaction)
    if done > len(MIGRATIONS):
        raise StoreTooNew(url=connection.url, found=done, known=len(MIGRATIONS))
    if not done:
        transaction.execute("CREATE TABLE migrations (number BIGINT PRIMARY KEY, applied_at_ns BIGINT NOT NULL)")
    for number, statements in enumerate(MIGRATIONS[done:], done + 1):
        for statement in statements:
            transaction.execute(statement.format_map(connection.types))
        transaction.execute("INSERT INTO migrations VALUES (?, ?)", (number, connection.now_ns()))
