"""
What a running task can ask about itself: ``current_context()``.

The worker makes one context per attempt and enters it around the body; it is cheap to make, because whatever costs something
is made on first use. Outside of an attempt there is a stand-in whose ids all read ``local``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from plait_core.errors.running import UnknownContextAttribute
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.tasks import FUNCTION_TASK, TaskTemplate
from plait_core.ir.units import FunctionCall, Unit
from plait_core.ports.channels import TaskChannel
from plait_core.ports.secrets import AskSecret
from plait_core.ports.specs import BlobAccess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from logging import Logger
    from pathlib import Path

    from plait_core.authoring.checkpoints import Checkpoint
    from plait_core.authoring.secret_values import SecretReader
    from plait_core.authoring.tabs import DeckPage, Tab

DEFAULT_DECK = "Default"


class ExecutionContext:
    """One attempt, as its body sees it."""

    __slots__ = (
        "_ask_secret",
        "_blobs",
        "_checkpoint",
        "_decks",
        "_directory",
        "_mask",
        "_open_channel",
        "_started_at_ns",
        "_unit",
    )

    def __init__(
        self,
        unit: Unit,
        *,
        blobs: BlobAccess,
        ask_secret: AskSecret,
        started_at_ns: int,
        open_channel: Callable[[AttemptId], TaskChannel] | None = None,
        mask: Callable[[str], str] = str,
    ) -> None:
        """
        Stand for the attempt of *unit*.

        *open_channel* opens a line to its engine, where there is one; *mask* keeps secrets out of what is shown.
        """
        self._unit = unit
        self._blobs = blobs
        self._ask_secret = ask_secret
        self._started_at_ns = started_at_ns
        self._checkpoint: Checkpoint | None = None
        self._decks: dict[str, Tab] | None = None
        self._directory: Path | None = None
        self._open_channel = open_channel
        self._mask = mask

    @property
    def execution_id(self) -> ExecutionId:
        """The execution that the attempt belongs to."""
        return self._unit.attempt.execution

    @property
    def task_id(self) -> EntityId:
        """The task that runs."""
        return self._unit.template.id

    @property
    def attempt_id(self) -> AttemptId:
        """The attempt, with its node and map element."""
        return self._unit.attempt

    @property
    def attempt(self) -> int:
        """How many attempts came before this one."""
        return self._unit.attempt.n

    @property
    def template(self) -> TaskTemplate:
        """The task as the platform knows it."""
        return self._unit.template

    @property
    def execution_date(self) -> "datetime":
        """When the attempt began, in UTC."""
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self._started_at_ns / 1e9, tz=UTC)

    @property
    def channel(self) -> TaskChannel | None:
        """The attempt's line to its engine, where there is one."""
        return None if self._open_channel is None else self._open_channel(self.attempt_id)

    @property
    def raw_output_prefix(self) -> str:
        """The URI below which the attempt may store what its outputs refer to."""
        return self._unit.raw_prefix

    @property
    def working_directory(self) -> "Path":
        """An empty directory of the attempt's own, deleted when it has ended."""
        from pathlib import Path
        from tempfile import mkdtemp

        if self._directory is None:
            self._directory = Path(mkdtemp(prefix="plait-"))
        return self._directory

    @property
    def environment(self) -> "Mapping[str, str]":
        """The variables that the task and its launch plan ask for, for processes that the body starts."""
        return self._unit.env

    @property
    def secrets(self) -> "SecretReader":
        """The secrets that the task requests."""
        from plait_core.authoring.secret_values import SecretReader

        requests = None if self._unit is _unit_outside() else self._unit.template.security.secrets
        return SecretReader(ask=self._ask_secret, task=self.task_id.name, requests=requests)

    @property
    def checkpoint(self) -> "Checkpoint":
        """What the previous attempt saved, and a place for this one to save."""
        from plait_core.authoring.checkpoints import Checkpoint

        if self._checkpoint is None:
            unit = self._unit
            self._checkpoint = Checkpoint(
                prefix=unit.checkpoint_prefix, previous=unit.previous_checkpoint, blobs=self._blobs
            )
        return self._checkpoint

    @property
    def saved_checkpoint(self) -> str:
        """The prefix under which this attempt saved something, else empty."""
        return self._unit.checkpoint_prefix if self._checkpoint is not None and self._checkpoint.is_saved else ""

    @property
    def logging(self) -> "Logger":
        """A logger named after the task."""
        from logging import getLogger

        return getLogger(f"plait.task.{self.task_id.name}")

    @property
    def decks(self) -> "dict[str, Tab]":
        """The tabs of the attempt's deck by name, in order."""
        if self._decks is None:
            self._decks = {}
        return self._decks

    @property
    def default_deck(self) -> "Tab":
        """The tab for what needs no tab of its own."""
        from plait_core.authoring.tabs import Tab

        return self.decks.setdefault(DEFAULT_DECK, Tab(DEFAULT_DECK))

    def get_deck(self) -> "DeckPage":
        """Return the deck as it stands, as one HTML document that notebooks display."""
        from plait_core.authoring.tabs import page

        return page(f"{self.task_id.name} – {self.attempt_id}", list(self.decks.values()))

    async def publish_deck(self) -> str:
        """Store the deck as it stands, without the secrets that the task was told; returns its URI."""
        uri = f"{self._unit.output_prefix.rstrip('/')}/deck.html"
        await self._blobs(uri).put(
            uri, self._mask(self.get_deck()).encode("utf-8", "replace")
        )  # of names of files, say
        return uri

    def close(self) -> None:
        """Delete the working directory."""
        if self._directory is not None:
            from shutil import rmtree

            rmtree(self._directory, ignore_errors=True)

    def __getattr__(self, name: str) -> NoReturn:
        known = tuple(name for name in dir(type(self)) if not name.startswith("_"))
        raise UnknownContextAttribute(attribute=name, known=known)


RUNNING: ContextVar[ExecutionContext | None] = ContextVar("plait_running", default=None)
"""The context of the attempt whose body runs here, if any."""


def current_context() -> ExecutionContext:
    """Return the context of the running attempt, or outside of one a stand-in whose ids read ``local``."""
    return RUNNING.get() or _outside()


@contextmanager
def entered(context: ExecutionContext) -> Iterator[ExecutionContext]:
    """Make *context* the current one for a while, as tests of task bodies do."""
    token = RUNNING.set(context)
    try:
        yield context
    finally:
        RUNNING.reset(token)


@cache
def _outside() -> ExecutionContext:
    from atexit import register
    from time import time_ns

    from plait_core.authoring.secret_values import asking
    from plait_core.plugins import process_plugins

    context = ExecutionContext(
        _unit_outside(),
        blobs=lambda uri: process_plugins().blob_store(uri),
        ask_secret=asking(lambda: process_plugins().secret_providers()),
        started_at_ns=time_ns(),
    )
    register(context.close)
    return context


@cache
def _unit_outside() -> Unit:
    here = EntityId(kind=EntityKind.TASK, name="local", project="local", domain="local")
    execution = ExecutionId(project="local", domain="local", name="local")
    return Unit(
        attempt=AttemptId(execution=execution, node=NodeId("local"), task=here),
        template=TaskTemplate(id=here, type=FUNCTION_TASK),
        action=FunctionCall(entity=here, location=""),
        inputs={},
    )
