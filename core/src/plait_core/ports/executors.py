"""
Executors: where attempts run.

The engine submits units, hears reports, and asks again about whatever it has not heard of.
Executors never decide: retries, budgets and timeouts are the engine's.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

import attrs

from plait_core.ir.ids import AttemptId
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.shapes import Shape
from plait_core.ir.units import Action, Result, Unit


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Capabilities(Shape):
    """
    What an executor can do; a unit goes to the first listed executor whose capabilities cover it.

    ``actions`` are the action classes it runs, ``task_types`` narrows it to these task kinds (empty: any);
    ``carries_files`` is False when units are handed over as objects. ``secret_deliveries`` are ways by which requested secrets
    reach a task: ``memory``, ``env``, ``file``, ``platform``.
    """

    actions: tuple[type[Action], ...]
    task_types: tuple[str, ...] = ()
    can_cancel: bool = True
    can_time_out: bool = True
    carries_files: bool = True
    uses_images: bool = False
    grants_resources: bool = False
    secret_deliveries: tuple[str, ...] = ("memory",)
    is_isolated: bool = True
    """Whether a crash of the attempt leaves the engine alive. A server refuses executors where it would not."""
    shares_identity: bool = False
    """Whether attempts have the rights of the engine's own user, unless the executor's settings name another in ``run_as``."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Progress(Shape):
    """The attempt moved to a phase that is not terminal."""

    attempt: AttemptId
    phase: AttemptPhase
    message: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ended(Shape):
    """The attempt ended by itself. ``exception`` is the original object, where the executor shares our memory."""

    attempt: AttemptId
    result: Result
    exception: BaseException | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Cancelled(Shape):
    """The attempt was stopped, or will never start, because of ``cancel``."""

    attempt: AttemptId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Lost(Shape):
    """The attempt is gone and left no result; nobody will report on it again."""

    attempt: AttemptId
    reason: str


Report: TypeAlias = Progress | Ended | Cancelled | Lost


class Executor(Protocol):
    """A place to run units. One instance lives as long as its engine."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can run; constant over its life."""
        ...

    async def submit(self, unit: Unit) -> Report | None:
        """
        Start *unit*, once: a second call for the same attempt changes nothing.

        Returns the terminal report at once when the attempt ended during the call, else ``None``; then ``reports`` tells.
        Raises ``Saturated`` when there is no room now, ``UserError`` when the unit can never run here.
        When cancelled the attempt may or may not have started; ``reconcile`` knows.
        """
        ...

    def reports(self) -> AsyncIterator[Report]:
        """Yield what happens to attempts, at least once each, until closed. Called once."""
        ...

    async def reconcile(self, attempts: Sequence[AttemptId]) -> Sequence[Report]:
        """
        Say where these attempts stand now: one report each, ``Lost`` for those it does not know.

        Asked after a restart and whenever the engine doubts. Level-triggered: safe to ask at any time.
        """
        ...

    async def cancel(self, attempts: Sequence[AttemptId], *, grace_s: float) -> None:
        """Ask attempts to stop, and kill them after *grace_s* seconds. A terminal report follows for each known one."""
        ...

    def logs(self, attempt: AttemptId, *, since: int = 0) -> AsyncIterator[bytes]:
        """Yield raw log bytes from offset *since* on, live while the attempt runs."""
        ...

    async def release(self, attempts: Sequence[AttemptId]) -> None:
        """Forget attempts and free what they hold. Called only after their results are committed."""
        ...

    async def close(self) -> None:
        """Stop reporting and free resources. Attempts that outlive the process may go on."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Performed(Shape):
    """What running a unit in this process came to, with the exception object when there was one."""

    result: Result
    exception: BaseException | None = None


Perform: TypeAlias = Callable[[Unit], Awaitable[Performed]]
"""Runs a unit in this process: handed to executors that share the engine's memory."""


def terminal_reports(reports: Iterable[Report]) -> list[Report]:
    """Keep the reports after which nothing more can happen to their attempt."""
    return [report for report in reports if not isinstance(report, Progress)]
