"""
Lists of executions: the queries behind one page, each of which an index answers in order.

Called by ``SqlViews``. A page reads about as many rows as it shows, however many are stored. Sorted by time, each of several phases
or targets is a query of its own, and their rows are merged; sorted by name, names are read in order and all else is a filter. What
is written as an expression (``is_archived + 0``) is a filter and nothing more: planners without statistics are tempted by any index.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TypeAlias

from plait_core.ports.databases import ExecutionFilter, ExecutionOrder, Page
from plait_core.ports.pages import is_descending, parse_execution_token, place_columns
from plait_sql.connections import Row, Transaction
from plait_sql.rows import EXECUTION_COLUMNS, dump_entity

SELECT = f"SELECT project, domain, name, {EXECUTION_COLUMNS} FROM executions"
_COLUMNS = SELECT.removeprefix("SELECT ").removesuffix(" FROM executions").split(", ")

Condition: TypeAlias = tuple[str, Row]
"""A condition with the values of its parameters."""


def page_of(
    transaction: Transaction, where: ExecutionFilter, page: Page, order: ExecutionOrder, *, limit: int
) -> Sequence[Row]:
    """Return the first *limit* rows of a page."""
    columns = place_columns(order)
    direction = " DESC" if is_descending(order) else ""
    sorting = ", ".join(f"{column}{direction}" for column in columns)
    is_by_name = columns[0] == "name"
    common = [*_narrowing(where), *_bounds(where, "created_at_ns + 0" if is_by_name else "created_at_ns")]
    common += _beginning(page, order)
    found = []
    for own in [_filters(where)] if is_by_name else _alternatives(where):
        conditions = [*common, *own] or [("1 = 1", ())]
        text = " AND ".join(condition for condition, _ in conditions)
        parameters = [value for _, values in conditions for value in values]
        found.append(transaction.query(f"{SELECT} WHERE {text} ORDER BY {sorting} LIMIT ?", (*parameters, limit)))
    place = itemgetter(*map(_COLUMNS.index, columns))
    return list(islice(merge(*found, key=place, reverse=is_descending(order)), limit))


def _narrowing(where: ExecutionFilter) -> Iterator[Condition]:
    if where.project:
        yield "project = ?", (where.project,)
    if where.domain:
        yield "domain = ?", (where.domain,)
    if where.name_contains:  # LIKE would take % and _ for wildcards, and its idea of case differs by dialect
        yield "replace(name, ?, '') <> name", (where.name_contains,)
    if where.principal:
        yield "principal = ?", (where.principal,)


def _bounds(where: ExecutionFilter, created: str) -> Iterator[Condition]:
    """Say how old executions are and how long they took; *created* is the column, or what no index knows as such."""
    lasted = "ended_at_ns - created_at_ns"
    for bound, condition in (
        (where.created_from_ns, f"{created} >= ?"),
        (where.created_before_ns, f"{created} < ?"),
        (where.lasted_from_ns, f"{lasted} >= ?"),
        (where.lasted_below_ns, f"{lasted} < ?"),
    ):
        if bound is not None:
            yield condition, (bound,)


def _beginning(page: Page, order: ExecutionOrder) -> Iterator[Condition]:
    """Go on behind the last row shown; the bound on one column is what an index can begin at."""
    if page.token:
        columns = place_columns(order)
        place, beyond = parse_execution_token(page.token, order), "<" if is_descending(order) else ">"
        yield f"{columns[0]} {beyond}= ?", place[:1]
        yield f"({', '.join(columns)}) {beyond} (?, ?, ?, ?)", place


def _alternatives(where: ExecutionFilter) -> Sequence[list[Condition]]:
    """Return conditions that exclude each other, and together are what is wanted; each begins with what an index begins with."""
    shown: list[Condition] = [] if where.include_archived else [("is_archived + 0 = 0", ())]
    if where.targets:
        filters = [*shown, *_in_phases(where, "phase || ''")]
        return [[("target = ?", (dump_entity(target),)), *filters] for target in dict.fromkeys(where.targets)]
    if where.phases:
        return [[("phase = ?", (phase.value,)), *shown] for phase in dict.fromkeys(where.phases)]
    states = (0, 1) if where.include_archived else (0,)
    return [[("is_archived = ?", (state,))] for state in states]


def _filters(where: ExecutionFilter) -> list[Condition]:
    """Return what is wanted as conditions for rows that are read in the order of their names."""
    conditions: list[Condition] = [] if where.include_archived else [("is_archived + 0 = 0", ())]
    conditions += _in_phases(where, "phase || ''")
    if where.targets:
        values = tuple(dump_entity(target) for target in where.targets)
        conditions.append((f"coalesce(target, target) IN ({_marks(values)})", values))
    return conditions


def _in_phases(where: ExecutionFilter, expression: str) -> Iterator[Condition]:
    values = tuple(phase.value for phase in where.phases)
    if values:
        yield f"{expression} IN ({_marks(values)})", values


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
