"""
An engine's post: what any process leaves for its executions is read here and told to their runs.

Made by ``_driving``. A message is told once per run and stays in the store until a turn of that run has consumed it.
"""

from collections.abc import Mapping

from plait_core.engine._inbox import CHILD, child_of, stimulus_of, waiter_of
from plait_core.engine._run import Run
from plait_core.engine._services import Services
from plait_core.errors import Retryable
from plait_core.ir.ids import ExecutionId
from plait_core.ports.bells import Bells
from plait_core.ports.databases import RELEASE

LOOK_EVERY_S = 1.0


class Post:
    """Reads the inbox for *runs*; *news* is rung for children that have ended elsewhere."""

    def __init__(self, services: Services, runs: Mapping[ExecutionId, Run], news: Bells) -> None:
        self._services = services
        self._runs = runs
        self._news = news

    async def read(self) -> None:
        """Tell runs what arrives, for ever; a store that does not answer is asked again."""
        services = self._services
        while True:
            try:
                await services.database.inbox.wait(services.owner, timeout_s=LOOK_EVERY_S)
                await self.look()
            except Retryable as busy:
                await services.clock.sleep_until(services.clock.now_ns() + int(busy.delay_s * 1e9))

    async def look(self) -> None:
        """Tell runs what has arrived."""
        services = self._services
        for execution, posted in await services.database.inbox.pending(services.owner):
            run = self._runs.get(execution)
            if run is None or not run.accept(posted.key):
                continue
            if posted.kind == CHILD:
                self._news.ring(child_of(posted))
            elif posted.kind == RELEASE:
                run.look_again(waiter_of(posted))
            else:
                run.tell(stimulus_of(posted, services.clock.now_ns()))
