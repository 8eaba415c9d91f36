"""
Fields of schedules: reading the JSON of a ``ScheduleSpec``, with the field named when it does not fit.

Called by both kinds of schedule.
"""

import re
from collections.abc import Mapping, Sequence

from plait_core.errors.schedules import InvalidSchedule
from plait_core.ir.json import Json

_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def refuse_unknown(spec: Mapping[str, Json], known: Sequence[str]) -> None:
    """Raise ``InvalidSchedule`` for a field that nobody would read."""
    for field, value in spec.items():
        if field not in known:
            advice = f"this kind of schedule has the fields {', '.join(known)}"
            raise InvalidSchedule(field=field, value=str(value), reason="there is no such field", advice=advice)


def text(spec: Mapping[str, Json], field: str, default: str = "") -> str:
    """Return a text field without surrounding space. Raises ``InvalidSchedule`` when it is something else."""
    value = spec.get(field, default)
    if not isinstance(value, str):
        raise InvalidSchedule(field=field, value=str(value), reason="it is no text", advice="write it as text")
    return value.strip()


def parse_duration_s(field: str, value: str) -> int:
    """
    Parse an ISO 8601 duration of weeks, days, hours, minutes and seconds into seconds; empty is 0.

    Raises:
        InvalidSchedule: it is something else. Months and years are refused: they have no fixed length.
    """
    if not value:
        return 0
    match = _DURATION.fullmatch(value)
    parts = {unit: match[unit] for unit in _SECONDS if match[unit]} if match else {}
    if match is None or not parts or value.endswith("T"):
        raise InvalidSchedule(
            field=field,
            value=value,
            reason="it is no ISO 8601 duration of weeks, days, hours, minutes and seconds",
            advice="write it like PT30M, PT1H30M or P1D",
        )
    seconds = sum(int(n) * _SECONDS[unit] for unit, n in parts.items())
    return -seconds if match["sign"] == "-" else seconds
