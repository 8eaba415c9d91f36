"""Times and durations as the pages write them."""

from datetime import UTC, datetime

SECOND = 1_000_000_000
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration_text(duration_ns: int) -> str:
    """Render a duration by its two largest units: ``840 ms``, ``12.3 s``, ``4 min 5 s``, ``2 d 3 h``."""
    if duration_ns < 0:
        return f"-{duration_text(-duration_ns)}"
    if 0 < duration_ns < SECOND // 1000:
        return "< 1 ms"
    if duration_ns < SECOND:
        return f"{duration_ns // 1_000_000} ms"
    seconds = duration_ns / SECOND
    if seconds < 60:
        return f"{seconds:.1f} s"
    left = int(seconds)
    parts: list[str] = []
    for size, unit in (*_STEPS, (1, "s")):
        amount, left = divmod(left, size)
        if amount or parts:
            parts.append(f"{amount} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 "))


def span_text(started_at_ns: int | None, ended_at_ns: int | None, now_ns: int) -> str:
    """Render how long something took, or has taken so far; a dash if it has not started."""
    if started_at_ns is None:
        return "–"
    return duration_text(max(0, (ended_at_ns or now_ns) - started_at_ns))


def ago_text(at_ns: int, now_ns: int) -> str:
    """Render an instant relative to now, by its largest unit."""
    seconds = (now_ns - at_ns) // SECOND
    if seconds < 0:
        return f"in {_largest(-seconds)}"
    return "just now" if seconds < 5 else f"{_largest(seconds)} ago"


def instant_text(at_ns: int) -> str:
    """Render an instant in full, in UTC."""
    return datetime.fromtimestamp(at_ns // SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso_text(at_ns: int) -> str:
    """Render an instant in ISO 8601, in UTC, with as many digits as it has, up to microseconds."""
    return datetime.fromtimestamp(at_ns / SECOND, UTC).isoformat().replace("+00:00", "Z")


def _largest(seconds: int) -> str:
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
