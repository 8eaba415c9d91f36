"""Failures of commands, as nodes and attempts tell them."""

from plait_core.ir.executions import TaskError


def final(failure: Exception) -> TaskError:
    """Describe what no further attempt would change."""
    return TaskError(code=type(failure).__name__, message=str(failure), is_recoverable=False)
