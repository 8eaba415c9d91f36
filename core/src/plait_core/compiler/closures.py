"""
Compiling: a closure becomes the graphs that the engine runs, or one error that lists every fault.

Called whenever something is about to run: a launch, a resumed execution, the fragment of a dynamic task. The same closure
object is compiled once; what was compiled lives as long as the closure does.
"""

from collections.abc import Mapping

import attrs

from plait_core.compiler.checks import faults_of
from plait_core.compiler.linking import CompiledWorkflow, link
from plait_core.errors.compiling import CompileFailed
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId

_KEPT = "_compiled"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CompiledClosure:
    """A closure without faults, with the edges of each of its workflows."""

    closure: Closure
    workflows: Mapping[EntityId, CompiledWorkflow]


def compile_closure(closure: Closure) -> CompiledClosure:
    """
    Check and link *closure*.

    Raises:
        CompileFailed: it has faults; all of them are listed.
    """
    kept = closure.__dict__  # as functools.cached_property does: a closure holds mappings, so it cannot be a key
    if _KEPT not in kept:
        linked = {template.id: link(template) for template in closure.workflows}
        if faults := tuple(faults_of(closure, linked)):
            raise CompileFailed(faults=faults)
        kept[_KEPT] = CompiledClosure(closure=closure, workflows=linked)
    compiled: CompiledClosure = kept[_KEPT]
    return compiled
