"""
Page tokens: where a list goes on.

Used by the implementations of ``Views``, ``Registry`` and ``Accounts``. A token names the last thing shown rather than a
count, so a list that grows at its head neither repeats nor skips a line.
"""

from typing import Any, TypeAlias

from plait_core.errors.stores import NotReadable
from plait_core.ir.ids import NodeId
from plait_core.ports.databases import AttemptPlace, ExecutionOrder, ExecutionRow

ExecutionPlace: TypeAlias = tuple[Any, ...]
"""Values of the columns that ``place_columns`` names."""

_INT64 = range(-(2**63), 2**63)
_LONGEST_NUMBER = 20
_BY_NAME = {ExecutionOrder.NAME, ExecutionOrder.NAME_BACKWARDS}
_DESCENDING = {ExecutionOrder.NEWEST, ExecutionOrder.NAME_BACKWARDS}


def is_descending(order: ExecutionOrder) -> bool:
    """Say whether a list in *order* goes from the greatest place to the smallest."""
    return order in _DESCENDING


def place_columns(order: ExecutionOrder) -> tuple[str, str, str, str]:
    """Name the columns that a list in *order* is sorted by."""
    if order in _BY_NAME:
        return "name", "created_at_ns", "project", "domain"
    return "created_at_ns", "name", "project", "domain"


def execution_place(row: ExecutionRow, order: ExecutionOrder = ExecutionOrder.NEWEST) -> ExecutionPlace:
    """Return where *row* stands in a list of executions."""
    return _place(row.created_at_ns, row.id.name, row.id.project, row.id.domain, order)


def _place(created_at_ns: int, name: str, project: str, domain: str, order: ExecutionOrder) -> ExecutionPlace:
    if order in _BY_NAME:
        return name, created_at_ns, project, domain
    return created_at_ns, name, project, domain


def execution_token(row: ExecutionRow) -> str:
    """Render the token of the page after *row*."""
    return f"{row.created_at_ns}/{row.id}"


def parse_execution_token(token: str, order: ExecutionOrder = ExecutionOrder.NEWEST) -> ExecutionPlace:
    """Return the place of the last row shown. Raises ``NotReadable`` for anything but a token."""
    try:
        created_at_ns, project, domain, name = token.split("/", 3)
        return _place(_number(created_at_ns), name, project, domain, order)
    except ValueError as error:
        raise no_token(token) from error


def attempt_token(place: AttemptPlace) -> str:
    """Render the token of the page of attempts after *place*."""
    node, element, n = place
    return f"{node}/{'' if element is None else element}/{n}"


def parse_attempt_token(token: str) -> AttemptPlace:
    """Return the place of the last attempt shown. Raises ``NotReadable`` for anything but a token."""
    try:
        node, element, n = token.rsplit("/", 2)
        return NodeId(node), _number(element) if element else None, _number(n)
    except ValueError as error:
        raise no_token(token) from error


def parse_token(token: str) -> int:
    """Return the number in a token of any other list. Raises ``NotReadable`` for anything but a token."""
    try:
        return _number(token)
    except ValueError as error:
        raise no_token(token) from error


def _number(text: str) -> int:
    """Read a number that every store can compare. Raises ``ValueError``."""
    if len(text) > _LONGEST_NUMBER or (number := int(text)) not in _INT64:
        raise ValueError(text)
    return number


def no_token(token: str) -> NotReadable:
    """Return what is raised for a token that no page gave."""
    return NotReadable(kind="page token", faults=(token[:200],))
