"""
Looking in the cache on behalf of a run: what is there, who else makes it, and under which key an attempt's outputs are kept.

Made by ``Acting``. What is asked here is only read and reserved; entries are written by the turn that binds outputs (``_keeping``),
and what is reserved is released by the turn that ends the node or element that holds it.
"""

from functools import partial
from typing import Protocol

from plait_core.engine._cache import KeyedInputs, hit, keyed, miss, uris
from plait_core.engine._keeping import Keeping
from plait_core.engine._leases import end_leases_of_the_gone
from plait_core.engine._policies import cache_policy
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState, NodeState
from plait_core.engine._units import attempt_id
from plait_core.ir.executions import CacheStatus, CacheVerdict
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ports.databases import CacheEntry, Reservation

_ELEMENT_MISS = CacheVerdict(status=CacheStatus.MISS)


class Asker(Protocol):
    """The run that asks; it has the cache keep what its attempts make."""

    services: Services
    state: ExecutionState
    keeping: Keeping

    def look_again(self, node: NodeId) -> None:
        """Ask again what *node* waits for."""
        ...


class Lookups:
    """What a run asks the cache."""

    def __init__(self, run: Asker) -> None:
        self._run = run
        self._services = run.services
        self._state = run.state
        self._keeping = run.keeping

    async def ask(
        self, node: NodeState, element: int | None, inputs: LiteralMap, making: set[str]
    ) -> tuple[CacheVerdict, LiteralMap | None, bool]:
        """
        Return the verdict, the outputs of a hit, and whether somebody else is making the value.

        *making* are digests of keys of which that is known, and gets those of which it is known from now on.
        """
        policy = cache_policy(node)
        assert policy is not None
        if self._services.cache_mode == "off":
            return CacheVerdict(status=CacheStatus.DISABLED, reason="switched off by settings"), None, False
        asked = keyed(node.template, policy, inputs)
        index = self._services.database.cache
        assert self._state.spec is not None
        is_overwriting = self._state.spec.options.overwrite_cache
        entry = None if is_overwriting else await index.get(asked.key)
        if entry is not None and await self.is_whole(entry.outputs):
            return self._found(node, element, entry)
        self._keeping.keyed[node.id, element] = asked
        if is_overwriting:
            verdict = CacheVerdict(status=CacheStatus.SKIPPED, key=asked.key.digest, reason="to be overwritten")
        elif entry is not None:
            verdict = CacheVerdict(status=CacheStatus.MISS, key=asked.key.digest, reason="VANISHED")
        else:
            verdict = miss(asked, await index.latest(asked.key)) if element is None else _ELEMENT_MISS
        if not policy.serializable:
            return verdict, None, False
        is_held = asked.key.digest in making or not await self._reserves(node, element, asked)
        making.add(asked.key.digest)
        if is_held or is_overwriting:
            return verdict, None, is_held
        made = await index.get(asked.key)  # perhaps by the holder before, after we looked and before it let go
        if made is None or made == entry or not await self.is_whole(made.outputs):
            return verdict, None, False
        self._keeping.found.append((node.id, element))
        return self._found(node, element, made)

    async def _reserves(self, node: NodeState, element: int | None, asked: KeyedInputs) -> bool:
        """Take the right to make a value, and say whether we have it; if not, we are told when it is released."""
        self._keeping.has_reserved = True
        n = 0 if node.attempt is None else node.attempt + 1
        attempt = attempt_id(self._state, node, n, element)
        database, wanted = self._services.database, Reservation(key=asked.key, attempt=attempt)
        holder = await database.cache.reserve(wanted)
        if not holder.is_held_for(attempt) and await end_leases_of_the_gone(database.leases):
            holder = await database.cache.reserve(wanted)  # from a local run that was killed, perhaps
        if holder.is_held_for(attempt):
            return True
        if not database.is_durable:
            self._services.awaited.setdefault(asked.key.digest, []).append(partial(self._run.look_again, node.id))
        return False

    def _found(
        self, node: NodeState, element: int | None, entry: CacheEntry
    ) -> tuple[CacheVerdict, LiteralMap | None, bool]:
        self._keeping.keyed.pop((node.id, element), None)  # nothing to keep after having waited for somebody else
        return hit(entry), entry.outputs, False

    def remember(self, node: NodeState, element: int | None, inputs: LiteralMap) -> None:
        """Know under which key an attempt's outputs are to be kept, also where the cache was asked in an earlier life."""
        policy = cache_policy(node)
        if policy is not None and self._services.cache_mode != "off" and (node.id, element) not in self._keeping.keyed:
            self._keeping.keyed[node.id, element] = keyed(node.template, policy, inputs)

    async def is_whole(self, outputs: LiteralMap) -> bool:
        """Whether everything the outputs refer to is still there."""
        for literal in outputs.values():
            for uri in uris(literal):
                if not await self._has(uri):
                    return False
        return True

    async def _has(self, uri: str) -> bool:
        store = self._services.blobs(uri)
        if await store.exists(uri):
            return True
        async for _ in store.list(uri):
            return True
        return False
