"""The inbox: what any process leaves for an execution, whoever drives it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.json import Json
from plait_core.ir.shapes import Shape
from plait_core.ports.databases.audit import AuditLine
from plait_core.ports.databases.log import Append


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Posted(Shape):
    """A stimulus left for whoever owns the execution: its key and its kind with a JSON payload."""

    key: str
    kind: str
    payload: Mapping[str, Json]


RELEASE = "release"
"""The kind of a message that says that a key is free, or has been populated."""


def word_of_release(digest: str, node: NodeId, *, by: Append) -> Posted:
    """Write down, for *node* which waits for the key of that *digest*, that the turn *by* has released it."""
    return Posted(key=f"{RELEASE}:{digest}:{node}:{by.execution}:{by.first_seq}", kind=RELEASE, payload={"node": node})


class Inbox(Protocol):
    """Messages from any process to an execution; drained by its owner's next append."""

    async def post(self, execution: ExecutionId, posted: Posted, *, audit: AuditLine | None = None) -> None:
        """
        Leave a message. Raises ``ExecutionUnknown``.

        A second one with the same key changes nothing, even after the first was consumed.
        """
        ...

    async def pending(self, owner: str) -> Sequence[tuple[ExecutionId, Posted]]:
        """Return messages for unfinished executions of *owner* that no append consumed yet, in order of arrival."""
        ...

    async def wait(self, owner: str, *, timeout_s: float) -> None:
        """
        Return when something may have become pending since *owner* last asked ``pending``, or after *timeout_s*.

        Messages that were shown and are not consumed yet do not end the wait, so a loop of the two never spins.
        """
        ...
