"""
All checks over a closure, in one pass that stops at nothing.

Called by ``closures.compile_closure`` and by ``plait check``. A check that cannot be made because of another fault (the
type of an output of an unknown task) is passed over, so that one mistake makes one fault.
"""

from collections.abc import Iterator, Mapping

from plait_core.compiler.cycles import cycles
from plait_core.compiler.linking import CompiledWorkflow, link
from plait_core.errors.compiling import Fault
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.workflows import SourceLine


def check(closure: Closure) -> tuple[Fault, ...]:
    """Find everything that is wrong with *closure*."""
    return tuple(faults_of(closure, {template.id: link(template) for template in closure.workflows}))


def faults_of(closure: Closure, linked: Mapping[EntityId, CompiledWorkflow]) -> Iterator[Fault]:
    """Yield everything that is wrong with *closure*, whose workflows are *linked*."""
    for template in closure.workflows:
        yield from _cycles(linked[template.id])


def _cycles(linked: CompiledWorkflow) -> Iterator[Fault]:
    for cycle in cycles(linked.upstream, linked.order):
        yield Fault(
            code="cycle",
            entity=f"workflow {linked.template.id.name}",
            message="these nodes wait for each other: " + " → ".join((*cycle, cycle[0])),
            remedy="remove one of these edges",
            node=cycle[0],
            sources=_lines(*(linked.node_by_id[id_].source for id_ in cycle)),
        )


def _lines(*sources: SourceLine | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{source.file}:{source.line}" for source in sources if source))
