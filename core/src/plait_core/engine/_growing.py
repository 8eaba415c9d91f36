"""
Growing: graphs that attempts make, which become part of their execution.

Used by ``Acting`` for one run. A graph is stored before it is said that its attempt has ended, and compiled before any of it runs.
"""

from plait_core.engine import _commands as cmd
from plait_core.engine import _stimuli as st
from plait_core.engine._errands import Errands
from plait_core.engine._failures import final
from plait_core.engine._host import Host
from plait_core.errors.compiling import CompileFailed
from plait_core.ir.executions import Closure
from plait_core.ir.ids import LOCAL_VERSION, AttemptId
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import Result


class Growing:
    """The graphs that dynamic tasks of one run made."""

    def __init__(self, run: Host, errands: Errands) -> None:
        self._run = run
        self._services = run.services
        self._state = run.state
        self._errands = errands

    def keep_fragment(self, attempt: AttemptId, result: Result) -> None:
        """Store the graph that an attempt made, and only then say that it has ended."""
        self._errands.begin(self._keep_fragment(attempt, result))

    async def _keep_fragment(self, attempt: AttemptId, result: Result) -> None:
        assert result.fragment is not None
        node, n, element = attempt.node, attempt.n, attempt.element
        fragment = of_the_version_of(self._state.nodes[node].template, result.fragment)
        digest = await self._services.keep_fragment(fragment)
        self._run.end(attempt, st.AttemptEnded(self._now(), node, n, result, element, fragment=digest))

    async def compile_fragment(self, command: cmd.CompileFragment) -> None:
        """Complete a stored graph by what is registered, check it, and choose executors for its tasks."""
        digest, placements, error = command.closure, {}, None
        try:
            digest, compiled = await self._services.complete(command.closure)
            self._run.closures[digest] = compiled
            placements = dict(self._services.place(compiled.closure))
        except CompileFailed as failure:
            error = final(failure)
        self._run.tell(st.FragmentChecked(self._now(), command.node, command.n, digest, placements, error))

    def _now(self) -> int:
        return self._services.clock.now_ns()


def of_the_version_of(template: TaskTemplate, traced: Closure) -> Closure:
    """Give what a registered task traced while it ran the ids that the code around it was registered under, and the same bundle."""
    id_ = template.id
    if id_.version == LOCAL_VERSION:
        return traced
    from plait_core.compiler.versions import versioned

    (closure,) = versioned(
        [traced], project=id_.project, domain=id_.domain, version=id_.version, bundle=template.bundle
    )
    return closure
