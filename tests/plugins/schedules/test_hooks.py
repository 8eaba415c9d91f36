"""What the plugin hands over."""

from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.plugins import Plugins, Settings
from plait_schedules.hooks import plait_schedules


def test_both_kinds_are_offered() -> None:
    """Plans name a kind; the factories parse its spec."""
    assert [spec.kind for spec in plait_schedules()] == ["cron", "fixed_rate"]


def test_kinds_are_found_through_the_entry_point() -> None:
    """An installed plugin needs no registration."""
    plugins = Plugins.load(Settings(allow_plugins=("schedules",)))

    cron = plugins.schedule(ScheduleSpec(kind="cron", spec={"schedule": "daily"}))
    rate = plugins.schedule(ScheduleSpec(kind="fixed_rate", spec={"value": 5, "unit": "minute"}))

    assert [cron.describe(), rate.describe()] == ["at 00:00 every day (UTC)", "every 5 minutes"]
