"""Both kinds of schedule pass the suite of the port."""

from plait_schedules.conformance import TestCron, TestFixedRate

__all__ = ["TestCron", "TestFixedRate"]
