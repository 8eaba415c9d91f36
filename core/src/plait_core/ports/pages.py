"""
Page tokens: where a list goes on.

Used by the implementations of ``Views``, ``Registry`` and ``Accounts``. A token names the last thing shown rather than a
count, so a list that grows at its head neither repeats nor skips a line.
"""

from plait_core.errors.stores import NotReadable
from plait_core.ports.databases import ExecutionRow

ExecutionPlace = tuple[int, str, str, str]
"""(created_at_ns, name, project, domain): what lists of executions are ordered by, descending."""


def execution_place(row: ExecutionRow) -> ExecutionPlace:
    """Return where *row* stands in a list of executions."""
    return row.created_at_ns, row.id.name, row.id.project, row.id.domain


def execution_token(row: ExecutionRow) -> str:
    """Render the token of the page after *row*."""
    return f"{row.created_at_ns}/{row.id}"


def parse_execution_token(token: str) -> ExecutionPlace:
    """Return the place of the last row shown. Raises ``NotReadable`` for anything but a token."""
    try:
        created_at_ns, project, domain, name = token.split("/", 3)
        return int(created_at_ns), name, project, domain
    except ValueError as error:
        raise _no_token(token) from error


def parse_token(token: str) -> int:
    """Return the number in a token of any other list. Raises ``NotReadable`` for anything but a token."""
    try:
        return int(token)
    except ValueError as error:
        raise _no_token(token) from error


def _no_token(token: str) -> NotReadable:
    return NotReadable(kind="page token", faults=(token,))
