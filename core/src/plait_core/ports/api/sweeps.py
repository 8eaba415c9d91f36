"""Sweeps: putting away what is over, step by step."""

import attrs

from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.shapes import Shape
from plait_core.ports.databases import StoredClosure

LONGEST_S = 100 * 366 * 86_400.0
"""The greatest age that can be asked for, in seconds: a hundred years."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SweepRequest(Shape):
    """
    Put away what is over, of *project* and *domain* or, where these are empty, of all; one step of it.

    What is kept for how long is said by the settings of the server, or by ``older_than_s`` for everything. With ``dry_run`` nothing is
    deleted. ``token`` is that of the step before; all else is the same in each step.
    """

    project: str = ""
    domain: str = ""
    older_than_s: float | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(
            attrs.validators.and_(attrs.validators.ge(0), attrs.validators.le(LONGEST_S))
        ),
    )
    dry_run: bool = True
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SweptExecution(Shape):
    """An execution that is deleted, or would be."""

    id: ExecutionId
    phase: ExecutionPhase
    ended_at_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SweepReply(Shape):
    """
    What one step of a sweep deleted, or would delete; ``token`` asks for the next step, and is empty after the last.

    ``n_files`` files of ``size_bytes`` together were left by executions, those that stay among them; of ``n_snapshots`` executions
    that stay the snapshots go. ``closures`` are sets of templates that nothing uses any more.
    """

    executions: tuple[SweptExecution, ...] = ()
    closures: tuple[StoredClosure, ...] = ()
    n_files: int = 0
    size_bytes: int = 0
    n_snapshots: int = 0
    token: str = ""
