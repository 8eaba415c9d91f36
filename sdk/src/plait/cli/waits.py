"""
What an execution waits for: the open commands, timers and gates of its unfinished nodes.

Read from the state that the log folds to. An execution that is not terminal always waits for something, if only
for a process that takes it up again.
"""

from collections.abc import Iterator
from typing import Any

from plait.cli.documents import time_text

_COMMANDS = {
    "attempt": "its attempt to end",
    "elements": "attempts of its elements to end",
    "stop": "an attempt to stop",
    "cancel": "an attempt to stop",
    "load": "a part of a large value to be read",
    "cache": "the cache to answer",
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


def waits_of(state: Any) -> list[dict[str, Any]]:
    """
    List what each unfinished node of *state*, as ``Engine.state`` returns it, waits for.

    Nodes come in order of their ids' first appearance; each entry has ``node``, ``waits_for`` and, for timers, ``until``.
    """
    waits = [_wait_of_command(command) for command in state.open.values()]
    waits += [
        {
            "node": gate.id,
            "waits_for": f"an answer to {signal_id!r}",
            "until": None,
            "answer": f"plait signal {state.id.name} {signal_id} VALUE",
        }
        for signal_id, gates in state.waiting.items()
        for gate in gates
    ]
    waits += [
        {"node": node.id, "waits_for": "room: as many attempts run as may", "until": None}
        for node in state.ready_tasks
        if not node.is_terminal and not node.has_attempt
    ]
    return [*waits, *_blocked(state)]


def _wait_of_command(command: Any) -> dict[str, Any]:
    kind = command.key[0]
    if kind == "timer":
        return {
            "node": command.node,
            "waits_for": _TIMERS.get(command.what, command.what),
            "until": time_text(command.at_ns),
        }
    return {"node": command.node, "waits_for": _COMMANDS.get(kind, kind), "until": None}


def _blocked(state: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes of opened graphs that wait for other nodes."""
    if state.is_terminal or state.root is None:
        return
    for owner in [state.root, *state.nodes.values()]:
        graph = owner.inner
        if graph is None or graph.workflow is None or owner.is_terminal:
            continue
        for id_, upstream in graph.workflow.upstream.items():
            missing = [name for name in upstream if name not in graph.nodes or not graph.nodes[name].is_terminal]
            if id_ not in graph.nodes and missing:
                yield {
                    "node": f"{graph.prefix}{id_}",
                    "waits_for": f"node {', '.join(f'{graph.prefix}{name}' for name in missing)}",
                    "until": None,
                }
