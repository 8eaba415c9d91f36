"""
Factories: from ``module:attribute`` to the thing itself, with the plugin named when that fails.

Used by ``Plugins`` alone.
"""

import importlib
from typing import Any

from plait_core.errors import PlaitError
from plait_core.errors.plugins import FactoryFailed


class Factories:
    """Knows which distribution each factory belongs to, and imports nothing before it is wanted."""

    def __init__(self) -> None:
        self._distributions: dict[str, str] = {}

    def belongs(self, factory: str, distribution: str) -> None:
        """Remember whose *factory* is."""
        self._distributions[factory] = distribution

    def resolve(self, factory: str) -> Any:
        """Import what *factory* names. Raises ``FactoryFailed``."""
        module, _, attribute = factory.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except PlaitError:
            raise
        except Exception as problem:
            raise self._failed(factory, problem) from problem

    def make(self, factory: str, *arguments: Any) -> Any:
        """Import *factory* and call it. Raises ``FactoryFailed``, or the ``PlaitError`` it raises."""
        function = self.resolve(factory)
        try:
            return function(*arguments)
        except PlaitError:
            raise
        except Exception as problem:
            raise self._failed(factory, problem) from problem

    def _failed(self, factory: str, problem: Exception) -> FactoryFailed:
        distribution = self._distributions.get(factory, factory.partition(":")[0].partition(".")[0])
        return FactoryFailed(distribution=distribution, factory=factory, reason=f"{type(problem).__name__}: {problem}")
