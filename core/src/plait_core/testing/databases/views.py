"""What ``Views`` have to do."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import attrs
import pytest

from plait_core.errors.stores import NotReadable
from plait_core.ir.ids import NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ports.databases import (
    AttemptRow,
    Database,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    NodeCount,
    NodeFilter,
    Page,
    Posted,
)
from plait_core.testing._samples import (
    FAILURE,
    NOON_NS,
    TASK,
    attempt_id,
    attempt_row,
    execution_id,
    execution_row,
    node_row,
    started,
    turn,
)
from plait_core.testing.databases.suite import DatabaseConformance, all_pages, story

UNKNOWN = "soon"


class ViewsConformance(DatabaseConformance):
    """Proves ``Views``."""

    @story
    async def test_census_counts_what_there_is(self, database: Database) -> None:
        """Attempts and messages only where they still matter."""
        live, over = execution_id("live"), execution_id("over")
        running = attempt_row(attempt_id(live))
        done = attempt_row(attempt_id(live, n=1), phase=AttemptPhase.SUCCEEDED)
        ended = execution_row(over, phase=ExecutionPhase.FAILED, is_archived=True)
        await database.log.append([turn(live, nodes=[node_row(live, "n0")], attempts=[running, done])])
        await database.log.append(
            [turn(over, row=ended, nodes=[node_row(over, "n0")], attempts=[attempt_row(attempt_id(over))])]
        )
        for execution in (live, over):
            await database.inbox.post(execution, Posted(key="k", kind="abort", payload={}))

        census = await database.views.census()

        assert dict(census.executions) == {ExecutionPhase.RUNNING: 1, ExecutionPhase.FAILED: 1}
        assert dict(census.attempts) == {AttemptPhase.RUNNING: 1, AttemptPhase.SUCCEEDED: 1}
        assert census.n_pending == 1

    @story
    async def test_rows_come_back_whole(self, database: Database) -> None:
        """Every field of every row survives."""
        execution = execution_id(project="p", domain="d")
        row = execution_row(
            execution,
            phase=ExecutionPhase.FAILED,
            updated_at_ns=NOON_NS + 1,
            ended_at_ns=NOON_NS + 2,
            error=FAILURE,
            wake_at_ns=NOON_NS + 3,
            labels={"team": "core"},
            is_archived=True,
        )
        node = node_row(
            execution,
            "n0",
            definition=NodeId("d0"),
            parent=NodeId("p0"),
            phase=NodePhase.FAILED,
            name="add them",
            ended_at_ns=NOON_NS + 1,
            error=FAILURE,
            cache="MISS: input a changed",
            deck_uri="mem://deck",
            n_elements=5,
            n_elements_done=3,
        )
        attempts = [
            attempt_row(
                attempt_id(execution, element=4, n=1),
                phase=AttemptPhase.FAILED,
                started_at_ns=NOON_NS + 1,
                ended_at_ns=NOON_NS + 2,
                error=FAILURE,
                deck_uri="mem://deck",
                message="evicted",
                is_cached=True,
            )
        ]

        await database.log.append([turn(execution, row=row, nodes=(node,), attempts=attempts)])

        assert await database.views.execution(execution) == row
        assert list(await database.views.nodes(execution)) == [node]
        found = await database.views.attempts(execution)
        assert list(found) == attempts
        assert found[0].id.task == TASK

    @story
    async def test_rows_show_the_latest_turn(self, database: Database) -> None:
        """A row put again replaces what it said before, back to what it said first."""
        execution = await started(database)
        sleeping = execution_row(execution, wake_at_ns=NOON_NS + 9, updated_at_ns=NOON_NS + 1)
        await database.log.append([turn(execution, 3, row=sleeping, nodes=(node_row(execution, "n0"),))])
        assert await database.views.execution(execution) == sleeping

        awake = execution_row(execution, updated_at_ns=NOON_NS + 2)
        done = node_row(execution, "n0", phase=NodePhase.SUCCEEDED, ended_at_ns=NOON_NS + 2)
        await database.log.append([turn(execution, 5, row=awake, nodes=(done,))])

        assert await database.views.execution(execution) == awake
        assert list(await database.views.nodes(execution)) == [done]

    @story
    async def test_nodes_are_read_in_parts(self, database: Database) -> None:
        """Each comes once though others appear meanwhile, narrowed to what is asked for; there is no part behind what never was."""
        execution = await started(database)
        kinds = {"n2": "task", "n10": "gate", "n1": "task", "n0": "task"}
        rows = [
            node_row(
                execution,
                name,
                kind=kind,
                name=f"name_{name}",
                phase=NodePhase.FAILED if name == "n1" else NodePhase.RUNNING,
            )
            for name, kind in kinds.items()
        ]
        await database.log.append([turn(execution, 3, nodes=rows[:3])])
        nodes = database.views.nodes

        assert list(await nodes(execution, limit=2)) == rows[:2]
        await database.log.append([turn(execution, 5, nodes=(rows[3], rows[0]))])
        assert list(await nodes(execution, after=NodeId("n10"), limit=2)) == rows[2:]
        assert list(await nodes(execution, after=NodeId("n0"))) == []

        tasks = NodeFilter(kinds=("task", "map"))
        assert list(await nodes(execution, tasks, after=NodeId("n2"), limit=1)) == [rows[2]]
        assert list(await nodes(execution, NodeFilter(phases=(NodePhase.FAILED,)))) == [rows[2]]
        assert list(await nodes(execution, NodeFilter(name_contains="_n1"))) == rows[1:3]
        assert list(await nodes(execution, NodeFilter(name_contains="_N1"))) == []
        assert list(await nodes(execution, NodeFilter(name_contains=rows[0].entity[-3:]))) == rows
        with pytest.raises(NotReadable):
            await nodes(execution, after=NodeId("n3"))

    @story
    async def test_nodes_are_counted(self, database: Database) -> None:
        """By kind, entity and phase, narrowed to what is asked for; elements with them."""
        execution = await started(database)
        big = node_row(execution, "n1", kind="map", n_elements=3)
        done = node_row(execution, "n2", phase=NodePhase.SUCCEEDED)
        rows = [node_row(execution, "n0"), big, done, node_row(execution, "n3")]
        await database.log.append([turn(execution, 3, nodes=rows)])
        entity, running = rows[0].entity, NodePhase.RUNNING
        map_ = NodeCount(kind="map", entity=entity, phase=running, n=1, n_elements=3)
        tasks = NodeCount(kind="task", entity=entity, phase=running, n=2)
        over = NodeCount(kind="task", entity=entity, phase=NodePhase.SUCCEEDED, n=1)
        counts = database.views.count_nodes

        assert list(await counts(execution)) == [map_, tasks, over]
        assert list(await counts(execution, NodeFilter(kinds=("task",), phases=(running,)))) == [tasks]
        assert list(await counts(execution, NodeFilter(nodes=(NodeId("n2"), NodeId("n1"))))) == [map_, over]
        assert list(await database.views.nodes(execution, NodeFilter(nodes=(NodeId("n2"), NodeId("n1"))))) == rows[1:3]
        assert list(await counts(execution_id("nobody"))) == []

    @story
    async def test_attempts_are_read_in_parts(self, database: Database) -> None:
        """Each comes once though others are made meanwhile, and a part may begin where no attempt is."""
        execution = await started(database)
        nodes = [node_row(execution, name, kind="map" if name == "n10" else "task") for name in ("n2", "n10", "n1")]
        rows = [
            attempt_row(attempt_id(execution, "n2")),
            *[
                attempt_row(attempt_id(execution, "n10", element=element, n=n))
                for element in (0, 9, 10)
                for n in (0, 1)
            ],
            attempt_row(attempt_id(execution, "n1")),
            attempt_row(attempt_id(execution, "n1", n=1)),
        ]
        await database.log.append([turn(execution, 3, nodes=nodes, attempts=rows[::-1])])
        attempts, seqs = database.views.attempts, count(5, 2)

        for limit in (1, 2, 4, len(rows)):
            found: list[AttemptRow] = []
            part: Sequence[AttemptRow] = await attempts(execution, limit=limit)
            while part and len(found) <= 2 * len(rows):
                if not found:
                    seq = next(seqs)
                    again = attempt_row(attempt_id(execution, "n2", n=seq))
                    assert list(await database.log.append([turn(execution, seq, attempts=[again])])) == []
                found += part
                part = await attempts(execution, after=found[-1].place, limit=limit)
            assert found[:1] + [row for row in found if row.id.node != "n2"] == rows
            assert len(found) == len({row.place for row in found})

        map_ = [NodeId("n10")]
        assert list(await attempts(execution, map_, after=(map_[0], 0, 1), limit=3)) == rows[3:6]
        assert list(await attempts(execution, map_, after=(map_[0], 8, 1 << 40), limit=1)) == rows[3:4]
        assert list(await attempts(execution, [NodeId("n1"), *map_], after=(map_[0], 10, 0))) == rows[6:]
        assert list(await attempts(execution, map_, after=(NodeId("n1"), None, 0))) == []
        assert list(await attempts(execution, [])) == []
        with pytest.raises(NotReadable):
            await attempts(execution, after=(NodeId("n3"), None, 0))

    @story
    async def test_what_is_unknown_is_empty(self, database: Database) -> None:
        """Asking about an execution that never was is no error."""
        nobody = execution_id("nobody")

        assert await database.views.execution(nobody) is None
        assert list(await database.views.nodes(nobody)) == []
        assert list(await database.views.attempts(nobody)) == []
        assert list(await database.log.read(nobody)) == []

    @story
    async def test_nodes_and_attempts_keep_their_order(self, database: Database) -> None:
        """Nodes stand as they first appeared, attempts by node, element and n, whatever order they were written in."""
        execution = await started(database)
        nodes = [node_row(execution, name) for name in ("n2", "n10", "n1")]
        attempts = [
            attempt_row(attempt_id(execution, "n1")),
            attempt_row(attempt_id(execution, "n10", element=10)),
            attempt_row(attempt_id(execution, "n10", element=9, n=1)),
            attempt_row(attempt_id(execution, "n10", element=9)),
            attempt_row(attempt_id(execution, "n2")),
        ]
        await database.log.append([turn(execution, 3, nodes=nodes[:2])])
        await database.log.append([turn(execution, 5, nodes=(nodes[2], nodes[0]), attempts=attempts)])

        assert list(await database.views.nodes(execution)) == nodes
        assert list(await database.views.attempts(execution)) == attempts[::-1]
        assert await database.views.attempt(execution, NodeId("n10"), 1, element=9) == attempts[2]
        assert await database.views.attempt(execution, NodeId("n1"), 0) == attempts[0]
        assert await database.views.attempt(execution, NodeId("n1"), 1) is None
        assert await database.views.node(execution, NodeId("n10")) == next(row for row in nodes if row.node == "n10")
        assert await database.views.node(execution, NodeId("n3")) is None
        assert await database.views.node(execution_id("nobody"), NodeId("n1")) is None

    @story
    async def test_pages_are_newest_first_and_complete(self, database: Database) -> None:
        """Following tokens shows each execution once, and one created meanwhile disturbs nothing."""
        for n in range(5):
            await started(database, f"e{n}", created_at_ns=NOON_NS + n // 2)

        async def page(token: str) -> tuple[Sequence[ExecutionRow], str]:
            rows, token = await database.views.executions(ExecutionFilter(), Page(limit=2, token=token))
            await started(database, f"late-{len(token)}-{rows[0].id.name}", created_at_ns=NOON_NS + 9)
            return rows, token

        shown = [row.id.name for row in await all_pages(page)]

        assert shown == ["e4", "e3", "e2", "e1", "e0"]

    @story
    async def test_pages_keep_their_order(self, database: Database) -> None:
        """Every order has pages that join, and the name decides between executions of one moment."""
        for name, created_at_ns in (("c", NOON_NS), ("a", NOON_NS + 1), ("b", NOON_NS)):
            await started(database, name, created_at_ns=created_at_ns)

        async def names(order: ExecutionOrder) -> str:
            async def page(token: str) -> tuple[Sequence[ExecutionRow], str]:
                return await database.views.executions(ExecutionFilter(), Page(limit=2, token=token), order)

            return "".join(row.id.name for row in await all_pages(page))

        assert [await names(order) for order in ExecutionOrder] == ["acb", "bca", "abc", "cba"]

    @story
    async def test_a_wrong_token_is_refused(self, database: Database) -> None:
        """Tokens come from people through the API."""
        with pytest.raises(NotReadable):
            await database.views.executions(ExecutionFilter(), Page(token=UNKNOWN))

    @story
    async def test_filters_narrow(self, database: Database) -> None:
        """Each field leaves out what it does not match, case and wildcards taken literally; archived ones hide."""
        rows = [
            execution_row(execution_id("a_b", project="p")),
            execution_row(execution_id("axb", domain="d"), phase=ExecutionPhase.FAILED),
            execution_row(execution_id("A_b"), target=TASK),
            execution_row(execution_id("old"), is_archived=True),
        ]
        await database.log.append([turn(row.id, row=row) for row in rows])

        async def names(**where: Any) -> set[str]:
            found, _ = await database.views.executions(ExecutionFilter(**where), Page())
            return {row.id.name for row in found}

        assert await names() == {"a_b", "axb", "A_b"}
        assert await names(project="p") == {"a_b"}
        assert await names(domain="d") == {"axb"}
        assert await names(phases=(ExecutionPhase.FAILED, ExecutionPhase.ABORTED)) == {"axb"}
        assert await names(targets=(TASK, attrs.evolve(TASK, version="2"))) == {"A_b"}
        twice, _ = await database.views.executions(ExecutionFilter(targets=(TASK, TASK)), Page())
        assert [row.id.name for row in twice] == ["A_b"]
        assert await names(name_contains="a_") == {"a_b"}
        assert await names(name_contains="o", include_archived=True) == {"old"}

    @story
    async def test_filters_narrow_by_person_and_time(self, database: Database) -> None:
        """Bounds include where they begin and leave out where they end; what has not ended has lasted no time."""
        rows = [
            execution_row(execution_id("a"), principal="ada", created_at_ns=NOON_NS, ended_at_ns=NOON_NS + 10),
            execution_row(execution_id("b"), principal="bob", created_at_ns=NOON_NS + 1, ended_at_ns=NOON_NS + 21),
            execution_row(execution_id("c"), principal="ada", created_at_ns=NOON_NS + 2),
        ]
        await database.log.append([turn(row.id, row=row) for row in rows])

        async def names(order: ExecutionOrder = ExecutionOrder.NEWEST, **where: Any) -> str:
            found, _ = await database.views.executions(ExecutionFilter(**where), Page(), order)
            return "".join(row.id.name for row in found)

        assert await names(principal="ada") == "ca"
        assert await names(created_from_ns=NOON_NS + 1) == "cb"
        assert await names(created_before_ns=NOON_NS + 1) == "a"
        assert await names(lasted_from_ns=20) == "b"
        assert await names(lasted_below_ns=20) == "a"
        assert await names(ExecutionOrder.NAME, principal="ada", created_from_ns=NOON_NS) == "ac"
