"""The settings of plait_sql: the table ``[plugins.sql]``."""

import attrs


@attrs.frozen(kw_only=True)
class SqlSettings:
    """
    How patient the store is, and how many connections it may use.

    Attributes:
        lock_timeout_s: How long to wait, in seconds >= 0, for another process that is writing or a server that restarts,
            before ``StoreUnavailable``.
        n_connections: Connections to PostgreSQL that one process uses at once, >= 1, besides one that listens.
    """

    lock_timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.ge(0))
    n_connections: int = attrs.field(default=4, validator=attrs.validators.ge(1))
