"""The task channel carried by an object: for attempts that run in the engine's process."""

from plait_core.engine._run import Run
from plait_core.errors.running import AttemptSuperseded
from plait_core.ir.ids import AttemptId
from plait_core.ports.channels import ChildCall, ChildOutcome


class EngineChannel:
    """One attempt's line to the run that owns it."""

    def __init__(self, run: Run, attempt: AttemptId) -> None:
        """Speak for *attempt*."""
        self._run = run
        self._attempt = attempt

    async def heartbeat(self, *, progress: float | None = None, message: str = "") -> None:
        """Say that the attempt lives: in this process that needs no telling."""
        self._check()

    async def call(self, child: ChildCall) -> ChildOutcome:
        """Run a child, once per key over all replays of the task, and wait for it."""
        self._check()
        return await self._run.acting.following.call(self._attempt.node, self._attempt.n, child)

    async def publish_deck(self, html: str) -> str:
        """Store the present state of the attempt's deck; returns its URI."""
        self._check()
        uri = f"{self._run.services.blobs_root}/meta/{self._attempt}/deck.html"
        await self._run.services.blobs(uri).put(uri, html.encode("utf-8", "replace"))
        return uri

    def _check(self) -> None:
        node = self._run.state.nodes.get(self._attempt.node)
        if node is None or not node.has_attempt or node.attempt != self._attempt.n:
            raise AttemptSuperseded(attempt=str(self._attempt))
