"""
Fixed rate: every so many minutes, hours or days since the schedule was activated.

Made by the hook of this package. The first tick comes one full period after the anchor, and ticks never drift:
each is the anchor and a whole number of periods. A day is 24 hours, whatever clocks on walls do.
"""

from collections.abc import Iterator, Mapping
from itertools import count

import attrs

from plait_core.errors.schedules import InvalidSchedule
from plait_core.ir.json import Json
from plait_schedules.fields import refuse_unknown

_MINUTE_NS = 60 * 1_000_000_000
_UNITS_NS = {"minute": _MINUTE_NS, "hour": 60 * _MINUTE_NS, "day": 24 * 60 * _MINUTE_NS}


@attrs.frozen(kw_only=True)
class FixedRateSchedule:
    """Every *value* times *unit*."""

    value: int
    unit: str

    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        period_ns = self.value * _UNITS_NS[self.unit]
        n_passed = max(0, (after_ns - anchor_ns) // period_ns)
        for n in count(n_passed + 1):
            yield anchor_ns + n * period_ns

    def describe(self) -> str:
        return f"every {self.unit}" if self.value == 1 else f"every {self.value} {self.unit}s"


def parse_fixed_rate(spec: Mapping[str, Json]) -> FixedRateSchedule:
    """
    Read ``{"value": 5, "unit": "minute"}``.

    Raises:
        InvalidSchedule: the value is no whole number above 0, or the unit none of minute, hour and day.
    """
    refuse_unknown(spec, ("value", "unit"))
    value, unit = spec.get("value"), spec.get("unit")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidSchedule(
            field="value",
            value=str(value),
            reason="it is no whole number above 0",
            advice="give a rate of at least a minute",
        )
    if not isinstance(unit, str) or unit not in _UNITS_NS:
        advice = f"use one of {', '.join(_UNITS_NS)}"
        raise InvalidSchedule(field="unit", value=str(unit), reason="there is no such unit", advice=advice)
    return FixedRateSchedule(value=value, unit=unit)
