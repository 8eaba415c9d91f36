"""
Migrations: the schema, as numbered steps that are applied once each and never edited.

Run by ``SqlDatabase.open``. A step n adds what release n needs; what it no longer needs is dropped in n+1, so engines of
two neighbouring releases share a database: a later step that only added is no reason to refuse one. Names in braces differ by dialect: ``plait_sql.connections.Connection.words``.
Times are nanoseconds since the epoch; structured values are msgpack made by ``plait_core.ir.codec``.
"""

from collections.abc import Mapping

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
        project {text} NOT NULL,
        domain {text} NOT NULL,
        name {text} NOT NULL,
        owner {text} NOT NULL,
        next_seq BIGINT NOT NULL,
        target {blob} NOT NULL,
        phase {text} NOT NULL,
        mode {text} NOT NULL,
        principal {text} NOT NULL,
        pool {text} NOT NULL,
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
        node {text} NOT NULL,
        definition {text} NOT NULL,
        parent {text},
        phase {text} NOT NULL,
        kind {text} NOT NULL,
        entity {text} NOT NULL,
        name {text} NOT NULL,
        started_at_ns BIGINT,
        ended_at_ns BIGINT,
        error {blob},
        cache {text} NOT NULL,
        deck_uri {text} NOT NULL,
        n_elements BIGINT,
        n_elements_done BIGINT NOT NULL,
        PRIMARY KEY (execution, node)
    ) {clustered}
    """,
    """
    CREATE TABLE attempts (
        execution BIGINT NOT NULL REFERENCES executions,
        node {text} NOT NULL,
        element BIGINT NOT NULL,
        n BIGINT NOT NULL,
        task {blob} NOT NULL,
        phase {text} NOT NULL,
        executor {text} NOT NULL,
        scheduled_at_ns BIGINT NOT NULL,
        started_at_ns BIGINT,
        ended_at_ns BIGINT,
        error {blob},
        deck_uri {text} NOT NULL,
        message {text} NOT NULL,
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
    "CREATE TABLE closures (digest {text} PRIMARY KEY, closure {blob} NOT NULL)",
    """
    CREATE TABLE leases (
        owner {text} PRIMARY KEY,
        pool {text} NOT NULL,
        expires_at_ns BIGINT NOT NULL,
        is_robbed SMALLINT NOT NULL
    )
    """,
    """
    CREATE TABLE inbox (
        arrival {key},
        execution BIGINT NOT NULL REFERENCES executions,
        key {text} NOT NULL,
        kind {text} NOT NULL,
        payload {blob} NOT NULL,
        is_consumed SMALLINT NOT NULL,
        UNIQUE (execution, key)
    )
    """,
    "CREATE INDEX inbox_pending ON inbox (execution) WHERE is_consumed = 0",
    """
    CREATE TABLE cache (
        digest {text} PRIMARY KEY,
        project {text} NOT NULL,
        domain {text} NOT NULL,
        task {text} NOT NULL,
        outputs {blob} NOT NULL,
        source {text} NOT NULL,
        input_digests {blob} NOT NULL,
        created_at_ns BIGINT NOT NULL
    )
    """,
    "CREATE INDEX cache_by_task ON cache (project, domain, task, created_at_ns)",
    """
    CREATE TABLE reservations (
        digest {text} PRIMARY KEY,
        project {text} NOT NULL,
        domain {text} NOT NULL,
        task {text} NOT NULL,
        execution BIGINT NOT NULL REFERENCES executions,
        node {text} NOT NULL,
        element BIGINT NOT NULL,
        n BIGINT NOT NULL,
        attempt {blob} NOT NULL
    )
    """,
    """
    CREATE TABLE templates (
        key {key},
        kind {text} NOT NULL,
        org {text} NOT NULL,
        project {text} NOT NULL,
        domain {text} NOT NULL,
        name {text} NOT NULL,
        version {text} NOT NULL,
        digest {text} NOT NULL,
        template {blob} NOT NULL,
        has_schedule SMALLINT NOT NULL,
        registered_at_ns BIGINT NOT NULL,
        UNIQUE (kind, org, project, domain, name, version)
    )
    """,
    """
    CREATE TABLE activations (
        project {text} NOT NULL,
        domain {text} NOT NULL,
        name {text} NOT NULL,
        template BIGINT NOT NULL REFERENCES templates,
        activated_at_ns BIGINT NOT NULL,
        fired_until_ns BIGINT NOT NULL,
        PRIMARY KEY (project, domain, name)
    )
    """,
    "CREATE TABLE projects (id {text} PRIMARY KEY, project {blob} NOT NULL)",
    "CREATE TABLE tokens (id {text} PRIMARY KEY, token {blob} NOT NULL)",
    """
    CREATE TABLE audit (
        key {key},
        at_ns BIGINT NOT NULL,
        principal {text} NOT NULL,
        action {text} NOT NULL,
        subject {text} NOT NULL,
        detail {blob} NOT NULL
    )
    """,
)

_KEYS = ("CREATE TABLE keys (name {text} PRIMARY KEY, value {blob} NOT NULL)",)

_CLOSURES_BY_TIME = ("ALTER TABLE closures ADD COLUMN put_at_ns BIGINT NOT NULL DEFAULT 0",)

_COMPATIBILITY = ("ALTER TABLE migrations ADD COLUMN needs BIGINT NOT NULL DEFAULT 0",)

_LISTS = (
    "CREATE INDEX executions_of_place ON executions (project, domain, is_archived, created_at_ns, name)",
    "CREATE INDEX executions_by_phase ON executions (project, domain, phase, created_at_ns, name, is_archived)",
    "CREATE INDEX executions_by_target ON executions (project, domain, target, created_at_ns, name, is_archived)",
)

_PROCESSES = ("ALTER TABLE leases ADD COLUMN process {text} NOT NULL DEFAULT ''",)

_WAITERS = (
    """
    CREATE TABLE waiters (
        digest {text} NOT NULL,
        execution BIGINT NOT NULL REFERENCES executions ON DELETE CASCADE,
        node {text} NOT NULL,
        PRIMARY KEY (digest, execution, node)
    ) {clustered}
    """,
    "CREATE INDEX reservations_of_node ON reservations (execution, node)",
)

_PLANS = ("ALTER TABLE templates ADD COLUMN workflow {blob}",)
"""What a launch plan runs, without its version; of those that an earlier release registered it stands in the template alone."""

MIGRATIONS = (_FIRST, _KEYS, _CLOSURES_BY_TIME, _COMPATIBILITY, _LISTS, _PROCESSES, _WAITERS, _PLANS)
"""Step n is ``MIGRATIONS[n - 1]``."""

NEEDS: Mapping[int, int] = {}
"""Step -> the schema that a release must know at least to work with what the step leaves; steps that only add are not here."""


async def migrate(connection: Connection) -> None:
    """
    Bring the schema up to date. One that is ahead, but has all that this release uses, is left as it is.

    Raises ``StoreTooNew``, and leaves such a database as it is, too.
    """
    if not await connection.read(lambda transaction: _is_usable(connection, transaction)):
        await connection.write(lambda transaction: _apply(connection, transaction))


def _is_usable(connection: Connection, transaction: Transaction) -> bool:
    """Say whether there is nothing to apply. Raises ``StoreTooNew``."""
    done, known = _version(connection, transaction), len(MIGRATIONS)
    if done > known:
        row = transaction.query_one("SELECT max(needs) FROM migrations")
        if row is None or row[0] > known:
            raise StoreTooNew(url=connection.url, found=done, known=known)
    return done >= known


def _version(connection: Connection, transaction: Transaction) -> int:
    if not connection.has_table(transaction, "migrations"):
        return 0
    row = transaction.query_one("SELECT max(number) FROM migrations")
    return row[0] or 0 if row else 0


def _apply(connection: Connection, transaction: Transaction) -> None:
    """Apply what is missing, judged once more now that no other process can migrate."""
    transaction.lock("migrations")
    if _is_usable(connection, transaction):
        return
    done = _version(connection, transaction)
    if not done:
        transaction.execute("CREATE TABLE migrations (number BIGINT PRIMARY KEY, applied_at_ns BIGINT NOT NULL)")
    for number, statements in enumerate(MIGRATIONS[done:], done + 1):
        for statement in statements:
            transaction.execute(statement.format_map(connection.words))
        transaction.execute(
            "INSERT INTO migrations (number, applied_at_ns) VALUES (?, ?)", (number, transaction.now_ns())
        )
    for number in range(done + 1, len(MIGRATIONS) + 1):
        transaction.execute("UPDATE migrations SET needs = ? WHERE number = ?", (NEEDS.get(number, 0), number))
