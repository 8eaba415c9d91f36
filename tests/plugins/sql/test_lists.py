"""A page of executions is read in the order of an index, however many are stored; nothing is sorted."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import ExecutionFilter, ExecutionOrder, Page
from plait_sql.lists import page_of
from plait_sql.migrations import MIGRATIONS
from plait_sql.sqlite import SqliteConnection

PLACE = {"project": "default", "domain": "development"}
TARGET = EntityId(kind=EntityKind.WORKFLOW, name="app.wf", version="v1")
TOKEN = "1790000000000000000/default/development/f1"
TIMES = (ExecutionOrder.NEWEST, ExecutionOrder.OLDEST)
NAMES = (ExecutionOrder.NAME, ExecutionOrder.NAME_BACKWARDS)
RECENT: dict[str, Any] = {"created_from_ns": 1}
TWO = (ExecutionPhase.FAILED, ExecutionPhase.RUNNING)


class Explaining:
    """A transaction that keeps the plan of every query."""

    def __init__(self, link: sqlite3.Connection) -> None:
        self._link = link
        self.plans: list[str] = []

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask how it would be answered."""
        steps = self._link.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        self.plans.append("; ".join(step[3] for step in steps))
        return []


@pytest.fixture
def explaining() -> Iterator[Explaining]:
    """A new store, without the statistics that an old one may have."""
    with closing(sqlite3.connect(":memory:")) as link:
        for statement in (
            statement for step in MIGRATIONS for statement in step if "TABLE migrations" not in statement
        ):
            link.execute(statement.format_map(SqliteConnection.words))
        yield Explaining(link)


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("order", TIMES)
@pytest.mark.parametrize(
    ("wanted", "indexes"),
    [
        ({}, ["of_place"]),
        ({"include_archived": True}, ["of_place"] * 2),
        ({"phases": TWO}, ["by_phase"] * 2),
        ({"phases": TWO, "include_archived": True}, ["by_phase"] * 2),
        ({"targets": (TARGET,)}, ["by_target"]),
        ({"targets": (TARGET,), "phases": TWO}, ["by_target"]),
        ({"name_contains": "x"}, ["of_place"]),
        ({"principal": "ada", "lasted_below_ns": 5}, ["of_place"]),
        ({"targets": (TARGET,), "principal": "ada"}, ["by_target"]),
    ],
)
def test_lists_by_time_follow_an_index(
    explaining: Explaining, order: ExecutionOrder, token: str, wanted: Any, indexes: list[str]
) -> None:
    """One query for each phase, target and state; deep pages begin where they begin."""
    page_of(explaining, ExecutionFilter(**PLACE, **wanted), Page(token=token), order, limit=51)  # type: ignore[arg-type]  # queries alone

    used = [plan.partition("executions_")[2].split(" ")[0] for plan in explaining.plans]
    assert used == indexes
    assert not any("TEMP B-TREE" in plan for plan in explaining.plans)
    assert all(("created_at_ns" in plan.partition("(")[2]) == bool(token) for plan in explaining.plans)


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("order", TIMES)
@pytest.mark.parametrize("wanted", [RECENT, RECENT | {"phases": TWO}, RECENT | {"targets": (TARGET,)}])
def test_recent_ones_are_found_without_the_others(
    explaining: Explaining, order: ExecutionOrder, token: str, wanted: Any
) -> None:
    """The index begins, or ends, at the bound."""
    page_of(explaining, ExecutionFilter(**PLACE, **wanted), Page(token=token), order, limit=51)  # type: ignore[arg-type]  # queries alone

    assert all("created_at_ns>" in plan.partition("(")[2] for plan in explaining.plans)
    assert not any("TEMP B-TREE" in plan for plan in explaining.plans)


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("order", NAMES)
@pytest.mark.parametrize("wanted", [{}, {"include_archived": True}, {"phases": TWO}, {"targets": (TARGET,)}, RECENT])
def test_lists_by_name_follow_the_names(explaining: Explaining, order: ExecutionOrder, token: str, wanted: Any) -> None:
    """Whatever else is wanted is a filter."""
    page_of(explaining, ExecutionFilter(**PLACE, **wanted), Page(token=token), order, limit=51)  # type: ignore[arg-type]  # queries alone

    (plan,) = explaining.plans
    assert "sqlite_autoindex_executions" in plan
    assert "TEMP B-TREE" not in plan
    assert ("name" in plan.partition("(")[2]) == bool(token)
