"""The chart of executions has a bar for each, from old to new, as high as it took long."""

import attrs

from plait_core.ir.executions import ExecutionMode
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import ExecutionRow
from plait_server.console.charts import LOWEST, MOST, chart_of
from plait_server.console.phases import look_of
from plait_server.console.summaries import Summary
from plait_server.console.times import SECOND

NOW_NS = 1_000 * SECOND


def summary(name: str, *, lasted_s: int | None) -> Summary:
    """An execution that took so long; without an end, it began ten seconds ago."""
    created_at_ns = NOW_NS - 10 * SECOND
    row = ExecutionRow(
        id=ExecutionId(name=name),
        target=EntityId(kind=EntityKind.WORKFLOW, name="wf", version="v1"),
        phase=ExecutionPhase.RUNNING,
        mode=ExecutionMode.MANUAL,
        principal="ada",
        pool="p",
        created_at_ns=created_at_ns,
        updated_at_ns=created_at_ns,
        ended_at_ns=created_at_ns + lasted_s * SECOND if lasted_s is not None else None,
    )
    return Summary(row=row, look=look_of(row.phase), duration="")


def test_bars_stand_from_old_to_new() -> None:
    """What runs still is as high as it has taken so far; nothing is too low to be seen."""
    chart = chart_of(
        [summary("new", lasted_s=5), summary("running", lasted_s=None), summary("old", lasted_s=0)], NOW_NS
    )

    assert chart is not None
    assert [(bar.item.row.id.name, bar.height) for bar in chart.bars] == [
        ("old", LOWEST),
        ("running", 100.0),
        ("new", LOWEST + (100 - LOWEST) / 2),
    ]
    assert chart.longest == "10.0 s"
    assert all(bar.y + bar.height == 100 for bar in chart.bars)
    assert sorted(bar.x for bar in chart.bars) == [bar.x for bar in chart.bars]


def test_chart_holds_the_newest() -> None:
    """As many as fit in, within its width."""
    chart = chart_of([summary(f"e{n}", lasted_s=n) for n in range(MOST + 5)], NOW_NS)

    assert chart is not None
    assert [bar.item.row.id.name for bar in chart.bars][:: MOST - 1] == [f"e{MOST - 1}", "e0"]
    assert chart.bars[-1].x + chart.bars[-1].width <= 100


def test_executions_without_duration_are_drawn_low() -> None:
    """Also when all of them are."""
    chart = chart_of([summary("quick", lasted_s=0)], NOW_NS)

    assert chart is not None
    assert [attrs.astuple(bar, recurse=False)[1:] for bar in chart.bars] == [(0.0, 100 - LOWEST, 1.44, LOWEST)]


def test_nothing_is_drawn_of_nothing() -> None:
    """A list without executions has no chart."""
    assert chart_of([], NOW_NS) is None
