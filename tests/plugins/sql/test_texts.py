"""Texts and numbers that a database cannot hold: refused as what they are, or made fit where people alone read them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from plait_core.errors.stores import NotStorable
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import AuditLine, Database, ExecutionFilter, Page, Project
from plait_core.testing._samples import attempt_id, attempt_row, execution_id, execution_row, node_row, started, turn
from plait_sql.connections import Transaction
from tests.plugins.sql.stepping import Store

SAID = "a\0b\udc80c"
HELD = "a\N{REPLACEMENT CHARACTER}b?c"


def test_what_tasks_say_is_made_fit(store: Store) -> None:
    """A message that a store could not hold must not keep an engine from what it has to record along with it."""

    async def told() -> tuple[Any, Any]:
        await store.clear()
        database = store.databases()[0]
        execution = await started(database)
        attempt, node = attempt_id(execution), node_row(execution, "n0", name=SAID, deck_uri=SAID)
        rows = turn(execution, 3, nodes=(node,), attempts=(attempt_row(attempt, message=SAID, deck_uri=SAID),))
        assert not await database.log.append([rows])
        return await database.views.nodes(execution), await database.views.attempts(execution)

    (node,), (attempt,) = asyncio.run(told())

    assert (node.name, node.deck_uri) == (attempt.message, attempt.deck_uri) == (HELD, HELD)


ACTS: dict[str, Callable[[Database], Awaitable[Any]]] = {
    "half a pair in an id": lambda database: database.views.execution(execution_id("\udc80")),
    "half a pair in a change": lambda database: database.accounts.put_project(Project(id="\udc80")),
    "a time beyond 64 bits": lambda database: database.accounts.audit(
        AuditLine(at_ns=1 << 70, principal="ada", action="a", subject="s")
    ),
}
NUL_ACTS: dict[str, Callable[[Database], Awaitable[Any]]] = {
    "an id": lambda database: database.views.execution(execution_id("a\0b")),
    "a launch": lambda database: database.log.append([turn(execution_id("a\0b"))]),
    "a name in a list": lambda database: database.registry.get(
        EntityId(kind=EntityKind.TASK, name="a\0b", version="v1")
    ),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_no_database_can_hold_is_refused(store: Store, act: Callable[[Database], Awaitable[Any]]) -> None:
    """At once, and the connection is as good as before."""

    async def refused() -> None:
        await store.clear()
        database = store.databases()[0]
        with pytest.raises(NotStorable):
            await act(database)
        await started(database)

    asyncio.run(refused())


@pytest.mark.slow
@pytest.mark.parametrize("act", NUL_ACTS.values(), ids=NUL_ACTS)
def test_nul_is_no_reason_to_try_again(postgres_store: Store, act: Callable[[Database], Awaitable[Any]]) -> None:
    """PostgreSQL cannot hold it, which its client says without asking: that is no server that does not answer."""

    async def refused() -> None:
        await postgres_store.clear()
        database = postgres_store.databases()[0]
        with pytest.raises(NotStorable, match="NUL"):
            await asyncio.wait_for(act(database), timeout=30)
        await started(database)

    asyncio.run(refused())


@pytest.mark.parametrize(("column", "found"), [("labels", {}), ("error", "NotReadable")])
def test_one_row_that_cannot_be_read_hides_no_other(store: Store, column: str, found: object) -> None:
    """What an earlier release has recorded under another type is shown as far as it can be."""

    def spoil(transaction: Transaction) -> None:
        transaction.execute(f"UPDATE executions SET {column} = ? WHERE name = ?", (b"\xc1", "e2"))

    async def listed() -> list[Any]:
        await store.clear()
        database = store.databases()[0]
        await started(database, "e1")
        two = execution_id("e2")
        row = execution_row(two, labels={"a": "b"}, phase=ExecutionPhase.FAILED)
        await database.log.append([turn(two, row=row)])
        await store.connections[0].write(spoil)
        rows, _ = await store.databases()[1].views.executions(ExecutionFilter(), Page())
        return [*rows]

    rows = {row.id.name: row for row in asyncio.run(listed())}

    assert rows.keys() == {"e1", "e2"}
    spoilt = rows["e2"]
    assert spoilt.labels == found if column == "labels" else spoilt.error is not None and spoilt.error.code == found
