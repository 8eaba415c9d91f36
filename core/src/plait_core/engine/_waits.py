"""
What an execution waits for: the open commands, timers and gates of its unfinished nodes.

Read from the state that the log folds to, by whoever explains an execution. One that is not terminal always waits for
something, if only for a process that takes it up again.
"""

from collections.abc import Iterator, Sequence

import attrs

from plait_core.engine._commands import Command, WaitUntil
from plait_core.engine._state import ExecutionState
from plait_core.ir.ids import NodeId
from plait_core.ir.shapes import Shape

_COMMANDS = {
    "attempt": "its attempt to end",
    "elements": "attempts of its elements to end",
    "stop": "an attempt to stop",
    "cancel": "an attempt to stop",
    "load": "a part of a large value to be read",
    "cache": "the cache to answer, or whoever fills its entry",
    "child": "the execution it started to end",
    "abort": "the execution it started to stop",
    "fragment": "the graph it made to be compiled",
    "assemble": "its outputs to be put together",
}
"""Kind of an open command -> what is waited for."""
_TIMERS = {
    "retry": "the delay before its next attempt",
    "timeout": "its time limit at the latest",
    "cache": "whoever fills its cache entry",
    "gate": "its time",
}
"""What a timer is for -> what is waited for."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Wait(Shape):
    """One thing that a node waits for, in words; until when, if that is known; and the signal that would answer a gate."""

    node: NodeId
    what: str
    until_ns: int | None = None
    signal: str = ""


def waits_of(state: ExecutionState) -> Sequence[Wait]:
    """List what each unfinished node waits for, in order of the ids' first appearance."""
    return (
        *map(_of_command, state.open.values()),
        *_gates(state),
        *(
            Wait(node=node.id, what="room: as many attempts run as may")
            for node in state.ready_tasks
            if not node.is_terminal and not node.has_attempt
        ),
        *_blocked(state),
    )


def _of_command(command: Command) -> Wait:
    if isinstance(command, WaitUntil):
        return Wait(node=command.node, what=_TIMERS.get(command.what, command.what), until_ns=command.at_ns)
    kind = str(command.key[0])
    return Wait(node=command.node, what=_COMMANDS.get(kind, kind))


def _gates(state: ExecutionState) -> Iterator[Wait]:
    for signal_id, gates in state.waiting.items():
        for gate in gates:
            yield Wait(node=gate.id, what=f"an answer to {signal_id!r}", signal=signal_id)


def _blocked(state: ExecutionState) -> Iterator[Wait]:
    """Yield the nodes of opened graphs that wait for other nodes."""
    if state.is_terminal or state.root is None:
        return
    for owner in state.nodes.values():
        graph = owner.inner
        if graph is None or graph.workflow is None or owner.is_terminal:
            continue
        for id_, upstream in graph.workflow.upstream.items():
            missing = [name for name in upstream if name not in graph.nodes or not graph.nodes[name].is_terminal]
            if id_ not in graph.nodes and missing:
                names = ", ".join(f"{graph.prefix}{name}" for name in missing)
                yield Wait(node=NodeId(f"{graph.prefix}{id_}"), what=f"node {names}")
