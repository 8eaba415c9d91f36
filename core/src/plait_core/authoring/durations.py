"""Durations, as authors give them, in the unit that templates count in."""

from datetime import timedelta


def nanoseconds(span: timedelta) -> int:
    """Count the nanoseconds of *span*, exactly."""
    return span // timedelta(microseconds=1) * 1000
