"""
What plait_schedules hands to plait.

Offers the schedules ``cron`` and ``fixed_rate``. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import ScheduleKindSpec

PLAIT_PLUGIN_API = 1


@hookimpl
def plait_schedules() -> Sequence[ScheduleKindSpec]:
    """Offer both kinds of schedule."""
    return [
        ScheduleKindSpec(kind="cron", factory="plait_schedules.cron:parse_cron"),
        ScheduleKindSpec(kind="fixed_rate", factory="plait_schedules.fixed_rate:parse_fixed_rate"),
    ]
