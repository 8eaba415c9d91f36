"""Fixtures of the tests of plugins."""

from tests.unit.plugins.installing import site_packages

__all__ = ["site_packages"]
