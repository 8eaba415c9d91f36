"""
The chart above a list of executions: a bar for each, the oldest on the left, as high as it took long.

Places are percentages of the drawing, which is as wide as a full list has bars.
"""

from collections.abc import Sequence

import attrs

from plait_server.console.summaries import Summary
from plait_server.console.times import duration_text

MOST = 50
"""How many bars fit in."""
LOWEST = 6.0
"""The height of what took no time, in percent: enough to be seen and pointed at."""
_SLOT = 100 / MOST
_WIDTH = 0.72 * _SLOT


@attrs.frozen(kw_only=True)
class Bar:
    """One execution: where its bar stands, and how high it is."""

    item: Summary
    x: float
    y: float
    width: float
    height: float


@attrs.frozen(kw_only=True)
class Chart:
    """Bars from left to right, and how long the highest one took."""

    bars: tuple[Bar, ...]
    longest: str


def chart_of(items: Sequence[Summary], now_ns: int) -> Chart | None:
    """Draw *items*, which are sorted from new to old; nothing when there are none."""
    shown = list(reversed(items[:MOST]))
    if not shown:
        return None
    spans = [max(0, (item.row.ended_at_ns or now_ns) - item.row.created_at_ns) for item in shown]
    longest = max(*spans, 1)
    bars = []
    for n, (item, span) in enumerate(zip(shown, spans, strict=True)):
        height = round(LOWEST + (100 - LOWEST) * span / longest, 2)
        bars.append(
            Bar(item=item, x=round(n * _SLOT, 2), y=round(100 - height, 2), width=round(_WIDTH, 2), height=height)
        )
    return Chart(bars=tuple(bars), longest=duration_text(longest))
