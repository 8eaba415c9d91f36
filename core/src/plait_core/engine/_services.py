"""
What every run of one engine shares: ports, compiled closures, and how units are rendered.

Made by ``Engine`` when it opens; has no state of its own beyond caches of pure functions.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import ref

import attrs

from plait_core.compiler.closures import CompiledClosure, compile_closure
from plait_core.compiler.completion import complete_known
from plait_core.compiler.placements import place
from plait_core.engine._executors import connector_executor_spec
from plait_core.engine._floor import Floor
from plait_core.engine._library import ClosureLibrary
from plait_core.ir.executions import Closure
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import Action, CommandLine
from plait_core.plugins import Plugins
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database
from plait_core.ports.executors import Executor
from plait_core.ports.specs import BlobAccess, ConnectorSpec, ExecutorSpec
from plait_core.types import TypeEngine

MOST_PUTS = 10_000
"""Of how many templates an engine remembers when it has put them."""
PUT_AGAIN_NS = 86_400 * 10**9
"""After how long templates that are still launched are put again."""


@attrs.define(kw_only=True, eq=False, repr=False)
class Services:
    """
    The ports of one engine, opened.

    ``blobs_root`` is the URI under which the engine stores things; ``pool`` names who may own its executions, ``owner`` is the
    engine itself. ``library`` holds compiled closures by digest.
    """

    plugins: Plugins
    types: TypeEngine
    database: Database
    blobs: BlobAccess
    blobs_root: str
    clock: Clock
    executors: Mapping[str, Executor]
    executor_specs: Sequence[ExecutorSpec]
    pool: str
    owner: str
    cache_mode: str = "on"
    lets_sleepers_go: bool = False
    """Whether runs that sleep for long leave memory: where somebody will claim them when they are due."""
    library: ClosureLibrary = attrs.field(factory=ClosureLibrary)
    awaited: dict[str, list[Callable[[], None]]] = attrs.field(factory=dict)
    """Cache key -> what wakes the runs of this engine that wait for it, where the store tells nobody because it does not last."""
    floor: Floor = attrs.field(default=attrs.Factory(lambda self: Floor(self.clock), takes_self=True))
    _put_at_ns: dict[str, int] = attrs.field(factory=dict)
    """When templates were put into the store by this engine; whoever sweeps it goes by that."""
    _fragments: dict[str, Closure] = attrs.field(factory=dict)
    """Graphs of dynamic tasks between the moment they arrive and the one they are compiled."""
    _actions: dict[int, tuple[ref[TaskTemplate], Action]] = attrs.field(factory=dict)

    def render(self, template: TaskTemplate) -> Action:
        """Ask the template's kind what an executor has to do, which for a connector is nothing; remembered per template."""
        key, actions = id(template), self._actions
        known = actions.get(key)
        if known is None or known[0]() is not template:
            is_remote = self._is_remote(template)
            action = _NOTHING if is_remote else self._rendered(template)
            known = (ref(template, lambda _: actions.pop(key, None)), action)
            actions[key] = known
        return known[1]

    def _rendered(self, template: TaskTemplate) -> Action:
        bundle = ""
        if template.bundle:
            from plait_core.authoring.bundles import bundle_uri

            bundle = bundle_uri(self.blobs_root, template.id.project, template.bundle)
        return self.plugins.task_kind(template.type).render(template, bundle=bundle)

    def place(self, closure: Closure) -> Mapping[str, str]:
        """Choose an executor for every task; raises ``CompileFailed`` naming what is missing."""
        remote = dict.fromkeys(task.type for task in closure.tasks if self._is_remote(task))
        return place(closure, [*self.executor_specs, *map(connector_executor_spec, remote)], self._action_of)

    def _is_remote(self, template: TaskTemplate) -> bool:
        return isinstance(self.plugins.task_types().get(template.type), ConnectorSpec)

    def _action_of(self, template: TaskTemplate) -> type[Any] | None:
        if template.type not in self.plugins.task_types() or self._is_remote(template):
            return None
        return type(self.render(template))

    async def keep(self, closure: Closure) -> tuple[str, CompiledClosure]:
        """Compile *closure* and store it; returns the digest it is known by from now on, and what to hold until that is folded."""
        digest, now_ns = closure_digest(closure), self.clock.now_ns()
        kept = self.library.get(digest) or compile_closure(closure)
        if now_ns - self._put_at_ns.get(digest, now_ns - PUT_AGAIN_NS) >= PUT_AGAIN_NS:
            await self.database.log.put_closure(digest, closure)
            if len(self._put_at_ns) >= MOST_PUTS:
                self._put_at_ns.clear()
            self._put_at_ns[digest] = now_ns
        return digest, self.library.add(digest, kept)

    async def fetch(self, digest: str) -> CompiledClosure:
        """Bring a stored closure into the library; returns it, to be held until an event that names it is folded."""
        kept = self.library.get(digest)
        if kept is None:
            kept = compile_closure(await self._stored(digest))
        return self.library.add(digest, kept)

    async def complete(self, digest: str) -> tuple[str, CompiledClosure]:
        """
        Bring in a stored fragment, with the registered entities that it refers to.

        Returns what ``keep`` does. The versions that are found are part of what is stored, whatever is registered later.
        """
        known = self.library.get(digest)
        fragment = known.closure if known is not None else await self._stored(digest)
        completed = await complete_known(fragment, self.database.registry)
        if completed is not fragment:
            return await self.keep(completed)
        return digest, self.library.add(digest, compile_closure(fragment))

    async def _stored(self, digest: str) -> Closure:
        closure = self._fragments.pop(digest, None) or await self.database.log.get_closure(digest)
        assert closure is not None, digest
        return closure

    async def keep_fragment(self, closure: Closure) -> str:
        """Store what a dynamic task made, sound or not; returns its digest."""
        digest = closure_digest(closure)
        await self.database.log.put_closure(digest, closure)
        if digest not in self.library:
            self._fragments[digest] = closure
        return digest


_NOTHING = CommandLine(argv=())
"""What a unit carries whose template alone tells a connector what to do."""


def closure_digest(closure: Closure) -> str:
    """Return the digest of a closure's stored form; worked out once per object."""
    from hashlib import sha256

    from plait_core.ir.codec import dumps

    kept: dict[str, Any] = closure.__dict__
    if "_digest" not in kept:
        kept["_digest"] = sha256(dumps(closure)).hexdigest()
    digest: str = kept["_digest"]
    return digest
