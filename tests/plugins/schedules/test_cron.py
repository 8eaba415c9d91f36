"""
Cron: what fires when, above all where clocks change.
"""

from datetime import UTC, datetime
from itertools import islice

import pytest

from plait_core.errors.schedules import InvalidSchedule
from plait_core.ir.json import Json
from plait_schedules.cron import CronSchedule, parse_cron

SECOND_NS = 1_000_000_000


def cron(schedule: str, timezone: str = "UTC", offset: str = "") -> CronSchedule:
    spec: dict[str, Json] = {"schedule": schedule, "timezone": timezone, "offset": offset}
    return parse_cron(spec)


def fires(schedule: CronSchedule, after: str, n: int) -> list[str]:
    """The first *n* ticks after the time *after* of the schedule's zone, as that zone's clock shows them."""
    start = datetime.fromisoformat(after)
    start = start if start.tzinfo else start.replace(tzinfo=schedule.zone)
    ticks = islice(schedule.ticks(after_ns=int(start.timestamp()) * SECOND_NS, anchor_ns=0), n)
    times = (datetime.fromtimestamp(tick // SECOND_NS, UTC).astimezone(schedule.zone) for tick in ticks)
    return [time.isoformat(timespec="minutes") for time in times]


def test_times_are_those_of_the_zone() -> None:
    """Nine o'clock stays nine o'clock when summer time begins."""
    found = fires(cron("0 9 * * mon-fri", "America/New_York"), "2026-03-06T12:00", 2)

    assert found == ["2026-03-09T09:00-04:00", "2026-03-10T09:00-04:00"]


def test_time_that_the_clock_skips_happens_when_it_was_put_forward() -> None:
    """A nightly job runs on the night in which half past two does not exist, once."""
    found = fires(cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00", 2)

    assert found == ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]


def test_time_that_the_clock_shows_twice_happens_once() -> None:
    """A nightly job does not run twice in the long night."""
    found = fires(cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00", 2)

    assert found == ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]


def test_schedule_of_every_hour_keeps_its_pace_when_clocks_go_back() -> None:
    """Both passes of the repeated hour have their ticks, in order."""
    found = fires(cron("*/30 * * * *", "Europe/Berlin"), "2026-10-25T01:45", 5)

    assert found == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:30+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T02:30+01:00",
        "2026-10-25T03:00+01:00",
    ]


def test_schedule_of_every_hour_keeps_its_pace_when_clocks_go_forward() -> None:
    """The skipped hour has no ticks, and none is made up for."""
    found = fires(cron("7 * * * *", "Europe/Berlin"), "2026-03-29T00:30", 3)

    assert found == ["2026-03-29T01:07+01:00", "2026-03-29T03:07+02:00", "2026-03-29T04:07+02:00"]


def test_second_pass_is_found_from_the_middle_of_the_first() -> None:
    """A scheduler that restarts in the long hour loses nothing of it."""
    found = fires(cron("10 * * * *", "Europe/Berlin"), "2026-10-25T02:50+02:00", 2)

    assert found == ["2026-10-25T02:10+01:00", "2026-10-25T03:10+01:00"]


def test_day_that_a_zone_skips_happens_at_its_end() -> None:
    """Samoa went from the 29th to the 31st of December 2011."""
    found = fires(cron("0 12 30 12 *", "Pacific/Apia"), "2011-12-01T00:00", 2)

    assert found == ["2011-12-31T00:00+14:00", "2012-12-30T12:00+14:00"]


def test_day_or_weekday_is_enough() -> None:
    """As in every cron, a restricted day of the month and a restricted weekday each match."""
    found = fires(cron("0 0 13 * fri"), "2026-02-10T00:00", 3)

    assert found == ["2026-02-13T00:00+00:00", "2026-02-20T00:00+00:00", "2026-02-27T00:00+00:00"]


@pytest.mark.parametrize(("offset", "expected"), [("PT1H30M", "01:30"), ("-P1DT15M", "23:45"), ("PT30S", "00:00")])
def test_offset_is_added_to_each_time(offset: str, expected: str) -> None:
    """Also one that reaches into the past or over midnight."""
    [found] = fires(cron("0 0 * * *", offset=offset), "2026-05-01T12:00", 1)

    assert found.split("T")[1].startswith(expected)


@pytest.mark.parametrize(
    ("alias", "expression"),
    [
        ("hourly", "0 * * * *"),
        ("hours", "0 * * * *"),
        ("@hourly", "0 * * * *"),
        ("daily", "0 0 * * *"),
        ("days", "0 0 * * *"),
        ("@daily", "0 0 * * *"),
        ("weekly", "0 0 * * 0"),
        ("weeks", "0 0 * * 0"),
        ("@weekly", "0 0 * * 0"),
        ("monthly", "0 0 1 * *"),
        ("months", "0 0 1 * *"),
        ("@monthly", "0 0 1 * *"),
        ("yearly", "0 0 1 1 *"),
        ("years", "0 0 1 1 *"),
        ("@yearly", "0 0 1 1 *"),
        ("annually", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_alias_stands_for_an_expression(alias: str, expression: str) -> None:
    """Every alias that users of Flyte know."""
    assert cron(alias) == cron(expression)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("0 0 31 2 *", "it never happens"),
        ("0 0 31 4,6 *", "it never happens"),
        ("@every 5m", "it is no cron expression of five fields"),
        ("0 0 * * * *", "it is no cron expression of five fields"),
        ("h h * * *", "it is no cron expression of five fields"),
    ],
)
def test_expression_that_cannot_be_meant_is_refused(schedule: str, reason: str) -> None:
    """When it is parsed, long before it is due; nothing random is accepted."""
    with pytest.raises(InvalidSchedule) as caught:
        cron(schedule)

    assert caught.value.problem == f"a schedule cannot have the schedule {schedule!r}: {reason}"


@pytest.mark.parametrize(
    ("schedule", "timezone", "offset", "words"),
    [
        ("* * * * *", "UTC", "", "every minute"),
        ("*/5 * * * *", "UTC", "", "every 5 minutes"),
        ("0 * * * *", "Europe/Berlin", "", "every hour"),
        ("5 * * * *", "UTC", "PT1M", "every hour at minute 5, 60 s later"),
        ("0 9 * * 1-5", "Europe/Berlin", "", "at 09:00 on weekdays (Europe/Berlin)"),
        ("30 18 * * sun", "UTC", "-PT90S", "at 18:30 on Sundays (UTC), 90 s earlier"),
        ("0 0 1 * *", "UTC", "", "at 00:00 on day 1 of every month (UTC)"),
        ("0 0 1 1 *", "UTC", "", "at 00:00 on 1 January (UTC)"),
        ("*/7 * * * *", "UTC", "", "cron */7 * * * * (UTC)"),
        ("*/5,3 1-3 * * mon,tue", "UTC", "", "cron */5,3 1-3 * * mon,tue (UTC)"),
    ],
)
def test_schedule_is_said_in_words(schedule: str, timezone: str, offset: str, words: str) -> None:
    """Common patterns read as a person would say them, others are shown as written."""
    assert cron(schedule, timezone, offset).describe() == words
