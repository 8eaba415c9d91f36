"""
plait_schedules: when a launch plan is due, by cron expression or at a fixed rate.

Users declare schedules with ``plait.CronSchedule`` and ``plait.FixedRate``; this package is what reads them.
"""

__all__: list[str] = []
