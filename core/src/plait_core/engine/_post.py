"""
An engine's post: what any process leaves for its executions is read here and told to their runs.

Made by ``_driving``. A message is told once per run and stays in the store until a turn of that run has consumed it.
"""

from collections.abc import Mapping

from plait_core.engine._inbox import CHILD, child_of, stimulus_of, waiter_of
from plait_core.engine._run import Run
from plait_core.engine._services import Services
from plait_core.ir.ids import ExecutionId
from plait_core.ports.bells import Bells
from plait_core.ports.databases import RELEASE, Posted

LOOK_EVERY_S = 1.0


class Post:
    """Reads the inbox for *runs*; *news* is rung for children that have ended elsewhere."""

    def __init__(self, services: Services, runs: Mapping[ExecutionId, Run], news: Bells) -> None:
        self._services = services
        self._runs = runs
        self._news = news

    async def read(self) -> None:
        """Wait until something arrives, and tell runs of it."""
        services = self._services
        await services.database.inbox.wait(services.owner, timeout_s=LOOK_EVERY_S)
        await self.look()

    async def look(self) -> None:
        """Tell runs what has arrived; one that gets what nobody here understands is not driven any further."""
        for execution, posted in await self._services.database.inbox.pending(self._services.owner):
            run = self._runs.get(execution)
            if run is None or not run.accept(posted.key):
                continue
            try:
                self._tell(run, posted)
            except Exception as failure:  # noqa: BLE001  # whatever it is, it concerns this execution alone
                run.break_off(failure)

    def _tell(self, run: Run, posted: Posted) -> None:
        if posted.kind == CHILD:
            self._news.ring(child_of(posted))
        elif posted.kind == RELEASE:
            run.look_again(waiter_of(posted))
        else:
            run.tell(stimulus_of(posted, self._services.clock.now_ns()))
