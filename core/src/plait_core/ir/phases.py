"""
Phases of executions, nodes and attempts.

Terminal phases never change.
"""

from enum import Enum


class _Phase(Enum):
    __hash__ = object.__hash__
    """A member is the only one of its kind, and this is asked for at every step: Enum's own hash is a call of Python."""


class ExecutionPhase(_Phase):
    """Where an execution stands. ``INTERRUPTED`` is shown, not stored: its local process is gone."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDING = "SUCCEEDING"
    SUCCEEDED = "SUCCEEDED"
    FAILING = "FAILING"
    FAILED = "FAILED"
    ABORTING = "ABORTING"
    ABORTED = "ABORTED"
    TIMED_OUT = "TIMED_OUT"
    INTERRUPTED = "INTERRUPTED"


class NodePhase(_Phase):
    """Where a node stands. A node that retries stays RUNNING."""

    WAITING = "UNDEFINED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DYNAMIC_RUNNING = "DYNAMIC_RUNNING"
    FAILING = "FAILING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    SKIPPED = "SKIPPED"
    TIMED_OUT = "TIMED_OUT"
    RECOVERED = "RECOVERED"


class AttemptPhase(_Phase):
    """Where an attempt stands."""

    QUEUED = "QUEUED"
    INITIALIZING = "INITIALIZING"
    WAITING_FOR_RESOURCES = "WAITING_FOR_RESOURCES"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    RETRYABLE_FAILED = "RETRYABLE_FAILED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"


TERMINAL_EXECUTION = frozenset(
    {ExecutionPhase.SUCCEEDED, ExecutionPhase.FAILED, ExecutionPhase.ABORTED, ExecutionPhase.TIMED_OUT}
)
TERMINAL_NODE = frozenset(
    {
        NodePhase.SUCCEEDED,
        NodePhase.FAILED,
        NodePhase.ABORTED,
        NodePhase.SKIPPED,
        NodePhase.TIMED_OUT,
        NodePhase.RECOVERED,
    }
)
TERMINAL_ATTEMPT = frozenset(
    {AttemptPhase.SUCCEEDED, AttemptPhase.RETRYABLE_FAILED, AttemptPhase.FAILED, AttemptPhase.ABORTED}
)
