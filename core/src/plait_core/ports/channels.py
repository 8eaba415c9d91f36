"""
The task channel: what a running attempt may ask of its engine.

Carried by an object in process, by a pipe between processes, by HTTPS with the attempt's token elsewhere.
"""

from typing import Protocol

import attrs

from plait_core.ir.executions import Closure, TaskError
from plait_core.ir.ids import EntityId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ChildCall(Shape):
    """
    An eager task's call of another entity.

    ``key`` is (entity name, canonical digest of inputs, how many identical calls came before), as text: the same in every
    replay, whatever the order of arrival. ``closure`` holds the templates of the entity called.
    """

    key: str
    target: EntityId
    inputs: LiteralMap
    closure: Closure


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ChildOutcome(Shape):
    """How a child ended: outputs, or the error."""

    outputs: LiteralMap | None = None
    error: TaskError | None = None
    exception: BaseException | None = None


class TaskChannel(Protocol):
    """An attempt's line to its engine. Every method raises ``AttemptSuperseded`` or ``EngineGone`` once the attempt is none of that engine any more."""

    async def heartbeat(self, *, progress: float | None = None, message: str = "") -> None:
        """Say that the attempt lives."""
        ...

    async def call(self, child: ChildCall) -> ChildOutcome:
        """Run a child, once per key over all replays of the task, and wait for it. Cancellation abandons the wait, not the child."""
        ...

    async def publish_deck(self, html: str) -> str:
        """Store the present state of the attempt's deck; returns its URI."""
        ...
