"""The cache: outputs by key, and who has the right to make those that are missing."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from plait_core.ir.ids import AttemptId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheKey(Shape):
    """Where a cached value lives. ``digest`` already covers project, domain, task, version, interface and inputs."""

    digest: str
    project: str
    domain: str
    task: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheEntry(Shape):
    """Outputs to be reused. ``source`` is the text of the attempt id that made them."""

    key: CacheKey
    outputs: LiteralMap
    source: str
    input_digests: Mapping[str, str]
    created_at_ns: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Reservation(Shape):
    """
    The right to populate a key, taken for the first attempt of a node, or of an element of one, and held until that has ended.

    Valid while its execution lives and its node has not ended, whatever becomes of single attempts.
    """

    key: CacheKey
    attempt: AttemptId

    def is_held_for(self, attempt: AttemptId) -> bool:
        """Say whether the node, or the element, of *attempt* holds it."""
        mine, other = self.attempt, attempt
        return (mine.execution, mine.node, mine.element) == (other.execution, other.node, other.element)


class CacheIndex(Protocol):
    """Outputs by cache key. Entries are written by ``EventLog.append``."""

    async def get(self, key: CacheKey) -> CacheEntry | None:
        """Return the entry."""
        ...

    async def latest(self, key: CacheKey) -> CacheEntry | None:
        """Return the newest entry of the same project, domain and task, to say why *key* missed."""
        ...

    async def entries(self, *, after: str = "", limit: int) -> Sequence[CacheEntry]:
        """Return at most *limit* entries, those with a digest behind *after* in order of digests."""
        ...

    async def reserve(self, reservation: Reservation) -> Reservation:
        """
        Take the key, or return the valid reservation that holds it, and remember that the node of *reservation* waits for it.

        Another attempt of the node that holds it has it already. A local execution (``ports.pools``) whose owner's lease is gone
        does not live.
        """
        ...

    async def clear(self, *, project: str = "", domain: str = "", task: str = "") -> int:
        """Delete entries, narrowed by what is given; returns how many."""
        ...
