"""
What can go wrong, and whose move it is.

    PlaitError
    ├── UserError        your code, input or settings: fix it
    ├── Retryable        the world: try again after ``delay_s``
    ├── PluginError      a plugin broke its promise: names the distribution
    └── InternalError    our bug: report it

    RecoverableError, NonRecoverableError   raised *by* tasks, to steer retries

Each area keeps its own classes in a module beside this one (``errors.compiling``,
``errors.values``, …), so that start-up does not pay for messages nobody sees. Every class
states its fields as annotations, keyword-only; the text is derived from them, and an error
rebuilt from its fields in another process reads the same.
"""

from plait_core.errors._root import (
    InternalError,
    NonRecoverableError,
    PlaitError,
    PluginError,
    RecoverableError,
    Retryable,
    UserError,
)

__all__ = [
    "InternalError",
    "NonRecoverableError",
    "PlaitError",
    "PluginError",
    "RecoverableError",
    "Retryable",
    "UserError",
]
