"""
Recovery: going on with an execution that another process, or an earlier life of this one, began.

Called once after the state was folded from the log. Every open command is carried out again; for attempts, executors
are asked first where they stand, and what they do not know of is submitted under the same id.
"""

from collections.abc import Sequence

from plait_core.engine._commands import Cancel, Command, Submit, SubmitElements
from plait_core.engine._run import Run
from plait_core.engine._state import SCHEDULED
from plait_core.engine._units import attempt_id
from plait_core.ir.ids import AttemptId
from plait_core.ports.executors import Executor, Lost


async def reopen(run: Run) -> None:
    """Put every open command in line, and hear what executors know already."""
    known = await _known_attempts(run)
    run.state.fresh = []
    for command in run.state.open.values():
        run.commands.extend(_left_of(run, command, known))


async def _known_attempts(run: Run) -> set[AttemptId]:
    """Ask every executor in bulk; returns the attempts that it has, or has reported on."""
    asked: dict[str, list[AttemptId]] = {}
    for command in run.state.open.values():
        for attempt in _attempts_of(run, command):
            asked.setdefault(run.state.executor_of(attempt.task), []).append(attempt)
    known: set[AttemptId] = set()
    for name, attempts in asked.items():
        executor: Executor = run.services.executors[name]
        for report in await executor.reconcile(attempts):
            if not isinstance(report, Lost):
                known.add(report.attempt)
                await run.acting.attempts.take_back(report.attempt)
                run.hear(report)
    return known


def _attempts_of(run: Run, command: Command) -> Sequence[AttemptId]:
    match command:
        case Submit(node=node_id, n=n, element=element) | Cancel(node=node_id, n=n, element=element):
            return [attempt_id(run.state, run.state.nodes[node_id], n, element)]
        case SubmitElements(node=node_id, elements=elements):
            node = run.state.nodes[node_id]
            assert node.array is not None
            phases = node.array.phases
            return [attempt_id(run.state, node, 0, e) for e in elements if phases[e] == SCHEDULED]
        case _:
            return []


def _left_of(run: Run, command: Command, known: set[AttemptId]) -> Sequence[Command]:
    """Return what is still to be done of *command*."""
    match command:
        case Submit():
            return [] if _attempts_of(run, command)[0] in known else [command]
        case SubmitElements(node=node_id):
            node = run.state.nodes[node_id]
            assert node.array is not None
            retried = node.array.retries
            left = tuple(
                attempt.element
                for attempt in _attempts_of(run, command)
                if attempt not in known and attempt.element is not None and attempt.element not in retried
            )
            return [SubmitElements(node_id, left)] if left else []
        case _:
            return [command]
