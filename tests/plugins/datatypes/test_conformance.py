"""Every transformer passes the suite of the port."""

from plait_datatypes.conformance import TestArrays, TestMessages, TestModels

__all__ = ["TestArrays", "TestMessages", "TestModels"]
