"""What the compiler found wrong with a graph, all of it at once."""

import attrs

from plait_core.errors._root import UserError


@attrs.frozen(kw_only=True)
class Fault:
    """
    One thing that is wrong with a graph.

    ``code`` is stable and for programs (``type-mismatch``); ``entity`` reads ``workflow examples.etl``; ``node`` is
    empty when no node is at fault. ``sources`` are lines ``file:line``: the step at fault, then where its value comes from.
    """

    code: str
    entity: str
    message: str
    remedy: str
    node: str = ""
    sources: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Render as one paragraph: place and message, source lines, remedy."""
        place = f"{self.entity}, node {self.node}" if self.node else self.entity
        return "\n".join(
            [f"{place}: {self.message}", *(f"    at {line}" for line in self.sources), f"    → {self.remedy}"]
        )


class CompileFailed(UserError):
    """A graph cannot run as it stands."""

    faults: tuple[Fault, ...]

    @property
    def problem(self) -> str:
        """Every fault, numbered when there are several."""
        if len(self.faults) == 1:
            return str(self.faults[0])
        numbered = (f"{n}. {fault}" for n, fault in enumerate(self.faults, start=1))
        return "\n".join([f"the graph has {len(self.faults)} faults", *numbered])

    @property
    def remedy(self) -> str:
        """How to see whether they are gone."""
        return "`plait check FILE` repeats these checks without running anything"
