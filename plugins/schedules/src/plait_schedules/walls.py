"""
Walls: from times on a wall clock to instants, where the clock is put forward and back.

Called by cron schedules. A time that a clock skips happens when it has been put forward. A time that it shows
twice happens the first time; for schedules of every hour it happens both times, and a skipped one not at all, so
that those keep their pace.

Source: docs/adr/cron-follows-the-wall-clock.md
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo


def first_wall(after: datetime, zone: tzinfo) -> datetime:
    """Return the earliest wall time (naive) that may still happen after the instant *after*."""
    local = after.astimezone(zone)
    overlap = _instant(local, zone, fold=1) - _instant(local, zone, fold=0)
    return local.replace(tzinfo=None, fold=0) - max(overlap, timedelta())


def instants(walls: Iterable[datetime], zone: tzinfo, *, is_hourly: bool) -> Iterator[datetime]:
    """Yield when ascending naive *walls* happen in *zone*, as ascending instants in UTC; some may be equal."""
    waiting: list[datetime] = []
    for wall in walls:
        first, second = _instant(wall, zone, fold=0), _instant(wall, zone, fold=1)
        happens: tuple[datetime, ...]
        if first > second:  # skipped: the offset from before the change gives the later instant
            happens = () if is_hourly else (_transition(second, first, zone),)
        else:
            happens = (first, second) if is_hourly and first < second else (first,)
        for instant in happens:
            heapq.heappush(waiting, instant)
        while happens and waiting and waiting[0] <= happens[0]:
            yield heapq.heappop(waiting)


def _instant(wall: datetime, zone: tzinfo, *, fold: int) -> datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _transition(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Find the instant, to the second, at which the offset changes between two instants."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
