"""
Searching: what need not run, because the reference of an execution, or the cache, has it.

Used by ``Acting`` for one run. A node that waits for what somebody else makes asks again when it hears that the key was released,
and after a while in any case.
"""

import asyncio

from plait_core.engine import _commands as cmd
from plait_core.engine import _stimuli as st
from plait_core.engine._errands import Errands
from plait_core.engine._host import Host
from plait_core.engine._inputs import Inputs
from plait_core.engine._lookups import Lookups
from plait_core.engine._policies import cache_policy
from plait_core.engine._references import Reference
from plait_core.errors import UserError
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import Literal

RESERVATION_POLL_S = 10.0
"""How long a node waits before it asks again for a value that somebody else was making, should no word of it come."""


class Searching:
    """What is there already of what one run wants."""

    def __init__(self, run: Host, errands: Errands, inputs: Inputs, cache: Lookups, reference: Reference) -> None:
        self._run = run
        self._state = run.state
        self._clock = run.services.clock
        self._errands = errands
        self._inputs = inputs
        self._cache = cache
        self._reference = reference
        self._looking: dict[asyncio.Event, NodeId] = {}
        """What is set when a key is released for which a node waits, or is about to."""

    async def look_up_reference(self, command: cmd.LookUpReference) -> None:
        """Ask what a node came to in the execution that this one repeats."""
        self._run.tell(await self._reference.look_up(self._state.nodes[command.node], self._now()))

    async def look_up_cache(self, command: cmd.LookUpCache) -> None:
        """Ask the cache for the outputs of a node."""
        node = self._state.nodes[command.node]
        released = self._listen(node.id)
        verdict, outputs, is_held = await self._cache.ask(node, None, node.inputs(), set())
        del self._looking[released]
        retry_at = None
        if is_held:
            retry_at = self._now() + (0 if released.is_set() else int(RESERVATION_POLL_S * 1e9))
        self._run.tell(st.CacheLookedUp(self._now(), node.id, verdict, outputs, retry_at))

    async def look_up_elements(self, command: cmd.LookUpElements) -> None:
        """Ask both for the outputs of elements; the answer waits until there is one for some of them."""
        node = self._state.nodes[command.node]
        released = self._listen(node.id)
        hits: list[tuple[int, Literal | None]] = []
        misses: list[int] = []
        held: list[int] = []
        making: set[str] = set()
        for element in command.elements:
            is_held = False
            outputs = await self._reference.output_of(node, element)
            if outputs is None and cache_policy(node) is not None:
                try:
                    inputs = await self._inputs.of(node, element)
                except UserError:  # they are gone, which is said when it is submitted
                    misses.append(element)
                    continue
                _, outputs, is_held = await self._cache.ask(node, element, inputs, making)
            if outputs is not None:
                hits.append((element, next(iter(outputs.values()), None)))
            else:
                (held if is_held else misses).append(element)
        if hits or misses:
            del self._looking[released]
            self._run.tell(st.ElementsLookedUp(self._now(), node.id, hits, tuple(misses), tuple(held)))
        else:
            self._errands.begin(self._look_up_later(command, released))

    async def _look_up_later(self, command: cmd.LookUpElements, released: asyncio.Event) -> None:
        """Ask again once a key is released, or after a while."""
        clock = self._clock
        ways = (released.wait(), clock.sleep_until(self._now() + int(RESERVATION_POLL_S * 1e9)))
        waits = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            del self._looking[released]
        self._run.recall(command)

    def _listen(self, node: NodeId) -> asyncio.Event:
        """Begin to hear of keys that *node* will wait for; word may come before the answer that it has to wait."""
        released = asyncio.Event()
        self._looking[released] = node
        return released

    def look_again(self, node: NodeId) -> None:
        """Hear that a key was released for which *node* waits."""
        for released, waiting in self._looking.items():
            if waiting == node:
                released.set()

    def _now(self) -> int:
        return self._clock.now_ns()
