"""Times read well, and the timeline shows when nodes waited and ran."""

import pytest

from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, NodePhase
from plait_core.ports.databases import AttemptRow, NodeRow
from plait_server.console.timelines import Bar, timeline_of
from plait_server.console.times import SECOND, ago_text, duration_text, span_text
from plait_server.console.trees import tree_of

EXECUTION = ExecutionId(name="f1")
N0, N1 = NodeId("n0"), NodeId("n0-0-n1")


def node(id_: NodeId, *, parent: NodeId | None = None, started_s: int = 0, ended_s: int | None = None) -> NodeRow:
    return NodeRow(
        execution=EXECUTION,
        node=id_,
        definition=id_,
        parent=parent,
        phase=NodePhase.RUNNING if ended_s is None else NodePhase.SUCCEEDED,
        kind="task",
        entity="t",
        name="",
        started_at_ns=started_s * SECOND,
        ended_at_ns=None if ended_s is None else ended_s * SECOND,
    )


@pytest.mark.parametrize(
    ("span_ns", "text"),
    [
        (0, "0 ms"),
        (500_000, "< 1 ms"),
        (840_000_000, "840 ms"),
        (12_340_000_000, "12.3 s"),
        (245 * SECOND, "4 min 5 s"),
        (3600 * SECOND, "1 h"),
        (2 * 86_400 * SECOND + 3 * 3600 * SECOND, "2 d 3 h"),
    ],
)
def test_duration_has_two_units_at_most(span_ns: int, text: str) -> None:
    """The largest ones that matter."""
    assert duration_text(span_ns) == text


def test_times_are_relative_to_now() -> None:
    """What has not started has no duration; what has not ended lasts until now."""
    now = 1000 * SECOND

    assert (ago_text(now, now), ago_text(now - 130 * SECOND, now)) == ("just now", "2 min ago")
    assert ago_text(now + 60 * SECOND, now) == "in 1 min"
    assert (span_text(None, None, now), span_text(now - 2 * SECOND, None, now)) == ("–", "2.0 s")


def test_nodes_stand_below_their_parents() -> None:
    """Whatever the order in which they appeared; one whose parent is unknown stands at the top."""
    rows = [node(N1, parent=N0), node(NodeId("n2"), parent=NodeId("gone")), node(N0)]

    assert [(it.row.node, it.depth, it.n_below) for it in tree_of(rows)] == [("n2", 0, 0), ("n0", 0, 1), (N1, 1, 0)]


def test_attempts_are_bars_of_waiting_and_running() -> None:
    """Each attempt queued, then ran."""
    task = EntityId(kind=EntityKind.TASK, name="t")
    attempt = AttemptRow(
        id=AttemptId(execution=EXECUTION, node=N0, task=task),
        phase=AttemptPhase.SUCCEEDED,
        executor="inline",
        scheduled_at_ns=0,
        started_at_ns=2 * SECOND,
        ended_at_ns=10 * SECOND,
    )

    timeline = timeline_of(tree_of([node(N0, ended_s=10)]), [attempt], began_ns=0, until_ns=10 * SECOND)

    (lane,) = timeline.lanes
    assert lane.bars == (
        Bar(start=0.0, width=20.0, tone="queued", title="attempt 0: queued for 2.0 s"),
        Bar(start=20.0, width=80.0, tone="good", title="attempt 0: succeeded after 8.0 s"),
    )
    assert timeline.marks[1] == (20.0, "2.0 s")


def test_node_without_attempts_is_one_bar() -> None:
    """Until now, while it runs."""
    timeline = timeline_of(tree_of([node(N0, started_s=5)]), [], began_ns=0, until_ns=10 * SECOND)

    assert timeline.lanes[0].bars == (Bar(start=50.0, width=50.0, tone="running", title="running after 5.0 s"),)
