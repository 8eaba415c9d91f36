"""The settings of plait_sql: the table ``[plugins.sql]``."""

import attrs


@attrs.frozen(kw_only=True)
class SqlSettings:
    """
    How patient the store is.

    Attributes:
        lock_timeout_s: How long to wait, in seconds >= 0, for another process that is writing, before ``StoreUnavailable``.
    """

    lock_timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.ge(0))
