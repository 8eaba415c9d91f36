"""
Times and durations as people type them.

A datetime is ISO 8601 in any of its usual spellings, ``now`` or ``today``, optionally followed by ``+`` or ``-`` and a
duration: ``now - 1d``. Without an offset it is UTC. A duration is ISO 8601 (``PT1H30M``), units (``1h30m``, ``10 days``) or a
clock (``1:24`` is 84 s, ``:22``, ``1:00:00``).
"""

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from plait_core.errors.values import UnreadableText

_OFFSET = re.compile(r"^(?P<base>\S.*?)\s+(?P<sign>[+-])\s*(?P<duration>\S.*)$")
_FRACTION = re.compile(r"\.(\d{6})\d+")
_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_ISO_DURATION = re.compile(
    rf"^P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=[\d.])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?$", re.IGNORECASE
)
_CLOCK = re.compile(r"^(?:(?:(\d+):)?(\d+))?:(\d+(?:\.\d+)?)$")
_PART = re.compile(rf"{_NUMBER}\s*([a-zµ]+)\s*,?\s*", re.IGNORECASE)
_UNITS_S = {
    unit: seconds
    for seconds, units in (
        (604_800.0, "w wk wks week weeks"),
        (86_400.0, "d day days"),
        (3_600.0, "h hr hrs hour hours"),
        (60.0, "m min mins minute minutes"),
        (1.0, "s sec secs second seconds"),
        (1e-3, "ms msec msecs millisecond milliseconds"),
        (1e-6, "us µs usec microsecond microseconds"),
    )
    for unit in units.split()
}


def parse_datetime(text: str) -> datetime:
    """Read an instant, in UTC."""
    base, offset = text.strip(), timedelta()
    if found := _OFFSET.match(base):
        base = found["base"]
        offset = parse_duration(found["duration"]) * (-1 if found["sign"] == "-" else 1)
    try:
        return _base_instant(base) + offset
    except (ValueError, OverflowError) as error:
        raise UnreadableText(
            text=text, expected="datetime", example="2026-01-31, 2026-01-31T12:00:00Z, now or 'today - 1d'"
        ) from error


def parse_duration(text: str) -> timedelta:
    """Read a duration; a leading ``-`` negates it."""
    words = text.strip()
    sign = -1 if words.startswith("-") else 1
    words = words.removeprefix("-").strip()
    try:
        found = _iso_duration(words) or _clock(words) or _units(words)
        if found is None:
            raise ValueError(text)
        return found * sign
    except (ValueError, OverflowError) as error:
        raise UnreadableText(text=text, expected="duration", example="1h30m, '10 days', 1:24 or PT1H30M") from error


def render_duration(value: timedelta) -> str:
    """Write a duration in ISO 8601, exactly: ``P1DT2H0.5S``."""
    if value < timedelta():
        return f"-{render_duration(-value)}" if value.days > -999_999_999 else f"-P{-value.days}D"
    minutes, seconds = divmod(value.seconds, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    clock = "".join(
        f"{amount}{unit}"
        for amount, unit in ((minutes // 60, "H"), (minutes % 60, "M"), (f"{seconds}{fraction}", "S"))
        if amount not in {0, "0"}
    )
    days = f"{value.days}D" if value.days or not clock else ""
    return f"P{days}{'T' if clock else ''}{clock}"


def _base_instant(text: str) -> datetime:
    if text.lower() == "now":
        return datetime.now(UTC)
    if text.lower() == "today":
        return datetime.combine(datetime.now(UTC).date(), time(), UTC)
    found = datetime.fromisoformat(_FRACTION.sub(r".\1", text))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _iso_duration(text: str) -> timedelta | None:
    found = _ISO_DURATION.match(text)
    if found is None or len(text) == 1:
        return None
    weeks, days, hours, minutes, seconds = (
        _exact(part, unit) for part, unit in zip(found.groups(), "wdhms", strict=True)
    )
    return weeks + days + hours + minutes + seconds


def _clock(text: str) -> timedelta | None:
    found = _CLOCK.match(text)
    if found is None:
        return None
    hours, minutes, seconds = (_exact(part, unit) for part, unit in zip(found.groups(), "hms", strict=True))
    return hours + minutes + seconds


def _units(text: str) -> timedelta | None:
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    if unknown := [unit for _, unit in parts if unit.lower() not in _UNITS_S]:
        raise ValueError(unknown[0])
    return sum((_exact(amount, unit.lower()) for amount, unit in parts), timedelta())


def _exact(amount: str | None, unit: str) -> timedelta:
    """Multiply in decimals, so that nothing is rounded but what is below a microsecond."""
    return timedelta(microseconds=1) * int(Decimal(amount or 0) * round(_UNITS_S[unit] * 1_000_000))
