"""
Cron: five fields or an alias, on the clock of a time zone, put off by an offset.

Made by the hook of this package. The only module that imports croniter, which here works on naive wall times
alone: what happens when clocks change is decided in ``walls``.

Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/crontab.html
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import attrs

from plait_core.errors.schedules import InvalidSchedule
from plait_core.ir.json import Json
from plait_schedules.fields import parse_duration_s, refuse_unknown, text
from plait_schedules.walls import first_wall, instants
from plait_schedules.words import describe_cron

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALIASES = {
    "0 * * * *": ("hourly", "hours"),
    "0 0 * * *": ("daily", "days"),
    "0 0 * * 0": ("weekly", "weeks"),
    "0 0 1 * *": ("monthly", "months"),
    "0 0 1 1 *": ("yearly", "years", "annually"),
}
_EXPRESSIONS = {name: expression for expression, names in _ALIASES.items() for name in names}
_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
_FIELD = re.compile(rf"(?:[\d*/,?-]|{_NAMES})+")
"""What a field is made of. croniter also reads random and hashed values, which would differ from one engine to another."""


@attrs.frozen(kw_only=True)
class CronSchedule:
    """
    A cron expression in force.

    ``expression`` has five fields; ``offset_s`` is added to each time that it names, and may be negative.
    """

    expression: str
    zone: tzinfo
    zone_name: str
    offset_s: int

    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        after = _EPOCH + timedelta(microseconds=after_ns // 1000, seconds=-self.offset_s)
        walls = _walls(self.expression, first_wall(after, self.zone))
        last = after
        for instant in instants(walls, self.zone, is_hourly=_is_hourly(self.expression)):
            if instant > last:
                yield ((instant - _EPOCH) // timedelta(seconds=1) + self.offset_s) * 1_000_000_000
                last = instant

    def describe(self) -> str:
        return describe_cron(self.expression, self.zone_name, self.offset_s)


def parse_cron(spec: Mapping[str, Json]) -> CronSchedule:
    """
    Read ``{"schedule": "0 9 * * 1-5", "timezone": "Europe/Berlin", "offset": "PT5M"}``; the last two may be absent.

    Raises:
        InvalidSchedule: a field does not fit, or the expression names a date that no year has.
    """
    refuse_unknown(spec, ("schedule", "timezone", "offset"))
    zone_name = text(spec, "timezone") or "UTC"
    return CronSchedule(
        expression=_parse_expression(text(spec, "schedule")),
        zone=_parse_zone(zone_name),
        zone_name=zone_name,
        offset_s=parse_duration_s("offset", text(spec, "offset")),
    )


def _parse_expression(written: str) -> str:
    """Return *written* as five fields, provided that they name a time that comes."""
    expression = _EXPRESSIONS.get(written.lower().removeprefix("@"), written.lower())
    fields = expression.split()
    if len(fields) != 5 or not all(map(_FIELD.fullmatch, fields)):
        raise InvalidSchedule(
            field="schedule",
            value=written,
            reason="it is no cron expression of five fields",
            advice=f"write minute, hour, day, month and weekday, like 0 9 * * 1-5, or one of: {', '.join(_EXPRESSIONS)}",
        )
    from croniter import CroniterBadDateError, CroniterError

    try:
        next(_walls(expression, datetime(2000, 1, 1)))  # noqa: DTZ001  # a wall time
    except CroniterBadDateError as problem:
        advice = "name a day that the month has"
        raise InvalidSchedule(field="schedule", value=written, reason="it never happens", advice=advice) from problem
    except CroniterError as problem:
        advice = "minutes are 0-59, hours 0-23, days 1-31, months 1-12 and weekdays 0-7 (0 and 7 are Sunday)"
        raise InvalidSchedule(field="schedule", value=written, reason=str(problem), advice=advice) from problem
    return " ".join(fields)


def _parse_zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        advice = "use a name of the IANA time zone database, like Europe/Berlin; on a system without it, install tzdata"
        reason = "there is no such time zone here"
        raise InvalidSchedule(field="timezone", value=name, reason=reason, advice=advice) from problem


def _walls(expression: str, start: datetime) -> Iterator[datetime]:
    """Yield the naive times at or after *start* that *expression* names, ascending."""
    from croniter import croniter

    times = croniter(expression, start - timedelta(seconds=1), ret_type=datetime)
    while True:
        yield times.get_next()


def _is_hourly(expression: str) -> bool:
    """Whether there are times in every hour of the day, so that pace matters more than what the clock shows."""
    from croniter import croniter

    hours = croniter.expand(expression)[0][1]
    return hours == ["*"] or len(hours) == 24
