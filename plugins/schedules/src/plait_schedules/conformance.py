"""Proof that both kinds of schedule do what every schedule has to; run by ``plait plugins check schedules``."""

from collections.abc import Mapping, Sequence

from plait_core.ir.json import Json
from plait_core.ports.schedules import Schedule
from plait_core.testing.schedules import ScheduleConformance
from plait_schedules.cron import parse_cron
from plait_schedules.fixed_rate import parse_fixed_rate


class TestCron(ScheduleConformance):
    """Cron expressions, in zones where clocks change and where they do not."""

    def make(self, spec: Mapping[str, Json]) -> Schedule:
        return parse_cron(spec)

    def valid_specs(self) -> Sequence[Mapping[str, Json]]:
        return [
            {"schedule": "*/20 * * * *"},
            {"schedule": "30 2 * * *", "timezone": "Europe/Berlin"},
            {"schedule": "7 * * * *", "timezone": "Europe/Berlin", "offset": "-PT90M"},
            {"schedule": "0 9 * * mon-fri", "timezone": "America/New_York", "offset": "PT5M"},
            {"schedule": "*/10 1-3 * * *", "timezone": "Australia/Lord_Howe"},
            {"schedule": "0 0 29 2 *"},
            {"schedule": "@weekly"},
        ]

    def invalid_specs(self) -> Sequence[Mapping[str, Json]]:
        return [
            {},
            {"schedule": ""},
            {"schedule": 5},
            {"schedule": "0 0 31 2 *"},
            {"schedule": "@every 5m"},
            {"schedule": "* * * * * *"},
            {"schedule": "61 * * * *"},
            {"schedule": "r * * * *"},
            {"schedule": "daily", "timezone": "Mars/Olympus"},
            {"schedule": "daily", "offset": "5 minutes"},
            {"schedule": "daily", "offset": "P1M"},
            {"schedule": "daily", "every": "day"},
        ]


class TestFixedRate(ScheduleConformance):
    """Rates in every unit."""

    def make(self, spec: Mapping[str, Json]) -> Schedule:
        return parse_fixed_rate(spec)

    def valid_specs(self) -> Sequence[Mapping[str, Json]]:
        return [{"value": 1, "unit": "minute"}, {"value": 36, "unit": "hour"}, {"value": 2, "unit": "day"}]

    def invalid_specs(self) -> Sequence[Mapping[str, Json]]:
        return [
            {},
            {"value": 0, "unit": "day"},
            {"value": -5, "unit": "minute"},
            {"value": 1.5, "unit": "hour"},
            {"value": True, "unit": "hour"},
            {"value": 1, "unit": "second"},
            {"value": 1, "unit": "day", "offset": "PT1H"},
        ]
