"""
What the page of an execution knows of it, however large it is: its row, what was asked for, and how many nodes stand where.

Rows of nodes are read by the views that show them. The state that the log folds to is only asked for where rows do not say enough.
"""

from collections.abc import Sequence

import attrs

from plait_core.ir.executions import ExecutionSpec
from plait_core.ir.phases import TERMINAL_EXECUTION, TERMINAL_NODE, ExecutionPhase, NodePhase
from plait_core.ir.workflows import Sleep
from plait_core.ports.databases import ExecutionRow, NodeCount, NodeFilter, NodeRow
from plait_server.console.gates import Question, questions_of
from plait_server.console.visits import Visit

HEAVY = 20_000
"""From so many elements on, the values of a node are only looked up when somebody asks for them."""
NODE_WEIGHT = 4
"""As how many elements a node counts: so much longer does it take to fold."""
OPEN_GATES = NodeFilter(kinds=("gate",), phases=(NodePhase.RUNNING,))


@attrs.frozen(kw_only=True)
class Sight:
    """What is known of an execution without its nodes and without folding its log; ``spec`` is without inputs."""

    row: ExecutionRow
    phase: ExecutionPhase
    spec: ExecutionSpec
    counts: Sequence[NodeCount]

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen."""
        return self.row.phase in TERMINAL_EXECUTION

    @property
    def n_nodes(self) -> int:
        """How many nodes have appeared."""
        return sum(count.n for count in self.counts)

    @property
    def n_done(self) -> int:
        """How many of them have ended."""
        return sum(count.n for count in self.counts if count.phase in TERMINAL_NODE)

    @property
    def is_heavy(self) -> bool:
        """Whether folding its log takes longer than somebody would wait."""
        return sum(NODE_WEIGHT * count.n + count.n_elements for count in self.counts) >= HEAVY

    @property
    def may_ask(self) -> bool:
        """Whether a gate may wait for a person."""
        wanted = OPEN_GATES.kinds, OPEN_GATES.phases
        return not self.is_over and any(count.kind in wanted[0] and count.phase in wanted[1] for count in self.counts)


async def look_at(visit: Visit) -> Sight:
    """Look at the execution in the path."""
    inspector, execution = visit.server.inspector, visit.execution
    row = await inspector.row(execution)
    return Sight(
        row=row,
        phase=await inspector.phase(row),
        spec=await inspector.about(execution),
        counts=await visit.server.database.views.count_nodes(execution),
    )


async def asked_of_people(visit: Visit, sight: Sight) -> tuple[Sequence[NodeRow], Sequence[Question]]:
    """Return the gates that wait for a person, and what they ask."""
    if not sight.may_ask:
        return (), ()
    closure = await visit.server.inspector.closure(visit.execution)
    sleeping = {
        node.id
        for workflow in closure.workflows
        for node in workflow.nodes
        if isinstance(getattr(node.target, "condition", None), Sleep)
    }
    gates = await visit.server.database.views.nodes(visit.execution, OPEN_GATES)
    asking = [row for row in gates if row.definition not in sleeping]
    if not asking:
        return (), ()
    async with visit.server.inspector.state(visit.execution) as state:
        questions = questions_of(state)
    return (asking, questions) if questions else ((), ())
