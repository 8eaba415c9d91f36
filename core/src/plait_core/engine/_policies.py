"""
What applies to a node once its own word, its task's and the execution's are weighed.

Called by the rules and by the shell. Pure.
"""

import attrs

from plait_core.engine._state import NodeState
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.tasks import CachePolicy, RetryPolicy
from plait_core.ir.workflows import Array, LaunchPlanRef, TaskRef

SYSTEM_RETRIES = 3
"""How often an attempt that was lost through no fault of the user is tried again."""


def retry_policy(node: NodeState) -> RetryPolicy:
    """Return the node's own policy, else its task's."""
    return node.node.metadata.retry or node.template.metadata.retry


def cache_policy(node: NodeState) -> CachePolicy | None:
    """Return how the node's outputs are cached, ``None`` when they are not."""
    target = node.node.target
    inner = target.target if isinstance(target, Array) else target
    if isinstance(inner, LaunchPlanRef) or not isinstance(inner, TaskRef):
        return None
    metadata = node.node.metadata
    if metadata.cache_enabled is False:
        return None
    return metadata.cache or node.template.metadata.cache


def timeout_ns(node: NodeState) -> int | None:
    """Return how long one attempt may run."""
    return node.node.metadata.timeout_ns or node.template.metadata.timeout_ns


def may_retry(policy: RetryPolicy, error: TaskError, user_failures: int, system_failures: int) -> bool:
    """Say whether a budget is left for *error*: faults of the system have a budget of their own."""
    if error.fault is Fault.SYSTEM:
        return system_failures < SYSTEM_RETRIES
    return error.is_recoverable and user_failures < policy.retries


def backoff_ns(policy: RetryPolicy, retry: int) -> int:
    """Return the delay before retry number *retry* (from 1): exponential, without jitter, so that replays agree."""
    delay = int(policy.backoff_base_ns * policy.backoff_factor ** (retry - 1))
    return min(delay, policy.backoff_cap_ns) if policy.backoff_cap_ns is not None else delay


def exhausted(policy: RetryPolicy, error: TaskError) -> TaskError:
    """Mark the error of a last attempt as such, where retries were allowed; for faults of the system they always are."""
    if error.fault is Fault.SYSTEM or (error.is_recoverable and policy.retries):
        return attrs.evolve(error, code=f"RetriesExhausted|{error.code}")
    return error
