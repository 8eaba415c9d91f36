"""
The timeline of an execution: when each node waited and ran.

Places are percentages of the span from the beginning of the execution to its end, or to now.
"""

from collections.abc import Iterable, Sequence

import attrs

from plait_core.ir.ids import NodeId
from plait_core.ports.databases import AttemptRow
from plait_server.console.phases import Look, look_of
from plait_server.console.times import SECOND, duration_text
from plait_server.console.trees import Branch

SHORTEST = 0.3
"""The narrowest bar that can still be seen, in percent."""
TICKS = 5


@attrs.frozen(kw_only=True)
class Bar:
    """A stretch of time: where it begins, how long it is, and what happened."""

    start: float
    width: float
    tone: str
    title: str


@attrs.frozen(kw_only=True)
class Lane:
    """One node and its bars."""

    branch: Branch
    look: Look
    bars: tuple[Bar, ...]
    text: str


@attrs.frozen(kw_only=True)
class Timeline:
    """Lanes, and marks (place in percent, text) above them."""

    lanes: tuple[Lane, ...]
    marks: tuple[tuple[float, str], ...]


def timeline_of(
    branches: Sequence[Branch], attempts: Iterable[AttemptRow], *, began_ns: int, until_ns: int
) -> Timeline:
    """Draw nodes by the attempts they made, and those without (or with elements) by their own times."""
    span = max(until_ns - began_ns, SECOND // 1000)
    tries: dict[NodeId, list[AttemptRow]] = {}
    for attempt in attempts:
        if attempt.id.element is None:
            tries.setdefault(attempt.id.node, []).append(attempt)

    def bar(start_ns: int, end_ns: int, tone: str, what: str) -> Bar:
        start = max(0.0, 100 * (start_ns - began_ns) / span)
        width = max(SHORTEST, 100 * (end_ns - start_ns) / span)
        start = min(start, 100 - SHORTEST)
        return Bar(
            start=round(start, 3),
            width=round(min(width, 100 - start), 3),
            tone=tone,
            title=f"{what} {duration_text(end_ns - start_ns)}",
        )

    def bars(branch: Branch) -> list[Bar]:
        row = branch.row
        found = []
        for attempt in tries.get(row.node, ()):
            end = attempt.ended_at_ns or until_ns
            start = attempt.started_at_ns if attempt.started_at_ns is not None else end
            name = f"attempt {attempt.id.n}:"
            if start > attempt.scheduled_at_ns:
                found.append(bar(attempt.scheduled_at_ns, start, "queued", f"{name} queued for"))
            if attempt.started_at_ns is not None:
                look = look_of(attempt.phase)
                found.append(bar(start, end, look.tone, f"{name} {look.word.lower()} after"))
        if not found and row.started_at_ns is not None:
            look = look_of(row.phase)
            found.append(bar(row.started_at_ns, row.ended_at_ns or until_ns, look.tone, f"{look.word.lower()} after"))
        return found

    def text(branch: Branch) -> str:
        row = branch.row
        if row.started_at_ns is None:
            return "–"
        return duration_text((row.ended_at_ns or until_ns) - row.started_at_ns)

    lanes = tuple(
        Lane(branch=branch, look=look_of(branch.row.phase), bars=tuple(bars(branch)), text=text(branch))
        for branch in branches
    )
    marks = tuple((100 * n / TICKS, duration_text(span * n // TICKS)) for n in range(TICKS))
    return Timeline(lanes=lanes, marks=marks)
