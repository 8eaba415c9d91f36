"""
The library of one engine: compiled closures by digest, for as long as somebody needs them.

Made with the engine's ``Services``. The graphs of its executions hold what they are made of; beyond that, the closures that were
asked for last stay, for the same ones are launched over and over. Whoever brings a closure in for an event that is still to be
folded keeps hold of it until then.
"""

from collections.abc import Iterator, Mapping
from weakref import WeakValueDictionary

from plait_core.compiler.closures import CompiledClosure

N_LATELY = 128


class ClosureLibrary(Mapping[str, CompiledClosure]):
    """Compiled closures by digest; one object for each as long as it lives."""

    def __init__(self) -> None:
        self._living: WeakValueDictionary[str, CompiledClosure] = WeakValueDictionary()
        self._lately: dict[str, CompiledClosure] = {}

    def add(self, digest: str, closure: CompiledClosure) -> CompiledClosure:
        """Take a closure in; returns the one that is there already, if there is."""
        kept = self._living.setdefault(digest, closure)
        self._lately.pop(digest, None)
        self._lately[digest] = kept
        if len(self._lately) > N_LATELY:
            del self._lately[next(iter(self._lately))]
        return kept

    def __getitem__(self, digest: str) -> CompiledClosure:
        return self._living[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._living)

    def __len__(self) -> int:
        return len(self._living)
