"""
Keeping: what a run has the cache keep, and what it has reserved there.

Kept by ``Run``. Keys are noted when attempts are submitted; the turn that binds outputs writes the entries, and the one that ends a node,
or an element of one, releases what that had reserved.
"""

from collections.abc import Sequence

from plait_core.engine._cache import KeyedInputs, keyed
from plait_core.engine._policies import cache_policy
from plait_core.engine._services import Services
from plait_core.engine._state import ExecutionState
from plait_core.ir import events as ev
from plait_core.ir.executions import CacheStatus
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import AttemptPhase
from plait_core.ports.databases import Append, CacheEntry


class Keeping:
    """The keys and reservations of one run; *had_a_life* says that another process may have asked on its behalf."""

    def __init__(self, services: Services, state: ExecutionState, *, had_a_life: bool) -> None:
        self._services = services
        self._state = state
        self._had_a_life = had_a_life
        self.keyed: dict[tuple[NodeId, int | None], KeyedInputs] = {}
        """Under which keys outputs are to be kept, by node and element."""
        self.found: list[tuple[NodeId, int | None]] = []
        """Nodes and elements that found what they had reserved; the next turn releases it."""
        self.has_reserved = had_a_life
        """Whether there may be a reservation."""

    def entries(self, now: int, decisions: Sequence[ev.Decision]) -> Sequence[CacheEntry]:
        """Make entries of the outputs that a turn binds, where the task is cached."""
        if not self.keyed and not self._had_a_life:
            return ()
        entries: list[CacheEntry] = []
        for decision in decisions:
            if isinstance(decision, ev.NodeSucceeded):
                asked = self.keyed.pop((decision.node, None), None) or self._keyed_in_an_earlier_life(decision)
                if asked is not None:
                    entries.append(self._entry(asked, decision.node, decision.outputs, now))
            elif isinstance(decision, ev.ElementsSucceeded):
                node = self._state.nodes[decision.node]
                if cache_policy(node) is None:
                    continue
                names = list(node.template.interface.output_types)
                for element, _, output, is_cached in decision.outcomes:
                    asked = self.keyed.pop((decision.node, element), None)
                    if asked is not None and not is_cached:
                        outputs = {names[0]: output} if names and output is not None else {}
                        entries.append(self._entry(asked, decision.node, outputs, now))
        return entries

    def _keyed_in_an_earlier_life(self, decision: ev.NodeSucceeded) -> KeyedInputs | None:
        """Find the key of a node whose attempt was over before this life began: that of a dynamic task, whose graph goes on."""
        if decision.cache is None or decision.cache.status not in {CacheStatus.MISS, CacheStatus.SKIPPED}:
            return None
        node = self._state.nodes[decision.node]
        policy = cache_policy(node)
        if policy is None or self._services.cache_mode == "off":
            return None
        return keyed(node.template, policy, node.inputs())

    def _entry(self, asked: KeyedInputs, node: NodeId, outputs: LiteralMap, now: int) -> CacheEntry:
        return CacheEntry(
            key=asked.key,
            outputs=outputs,
            source=f"{self._state.id}/{node}",
            input_digests=asked.input_digests,
            created_at_ns=now,
        )

    def released(self, decisions: Sequence[ev.Decision]) -> Sequence[tuple[NodeId, int | None]]:
        """Return who needs a reservation no longer: nodes and elements that end, however they do."""
        if not self.has_reserved:
            return ()
        released, self.found = self.found, []
        for decision in decisions:
            if isinstance(decision, ev.NodeSucceeded | ev.NodeEnded):
                place: tuple[NodeId, int | None] = (decision.node, None)
            elif isinstance(decision, ev.AttemptFailed) and decision.phase is not AttemptPhase.RETRYABLE_FAILED:
                place = (decision.node, decision.element)
            else:
                continue
            policy = cache_policy(self._state.nodes[decision.node])
            if policy is not None and policy.serializable:
                released.append(place)
        return released

    def wake(self, append: Append) -> None:
        """Wake the runs of this engine that wait for a key which a turn has populated or released."""
        digests = [entry.key.digest for entry in append.cache]
        digests += [self.keyed.pop(place).key.digest for place in append.released if place in self.keyed]
        for digest in digests:
            for wake in self._services.awaited.pop(digest, ()):
                wake()
