"""
Pins: what a sweep may not delete, learned a page at a time.

Used by ``Sweeper``. Nothing that stays refers to what is deleted: what the logs of executions that stay and cached values
refer to is pinned, and so is what an unfinished execution repeats or has started. Reading takes many steps, during which
others go on: ``catch_up`` learns what has come since.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256

import attrs

from plait_core.engine._inspector import Inspector
from plait_core.engine.retention import Retention, retention_of
from plait_core.ir.codec import dumps
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Offloaded
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.api import SweepRequest
from plait_core.ports.databases import Database, ExecutionFilter, ExecutionOrder, ExecutionRow, Page

ROWS_AT_ONCE = 100
"""Of how many executions the logs are read in one step."""
EVENTS_AT_ONCE = 500

ALL = ExecutionFilter(include_archived=True)
AREAS = ("raw", "meta", "checkpoints")
"""The parts of storage that have a folder for each execution."""


@attrs.frozen(kw_only=True, eq=False)
class Sweep:
    """What one sweep is to put away: what *request*, which has no token, asks for, by the ages that there were when it began."""

    request: SweepRequest
    began_ns: int
    settings: Mapping[str, Mapping[str, str]]

    def token(self, place: str) -> str:
        """Return the token of the step that deletes behind *place*."""
        return f"{self.began_ns}-{sha256(dumps(self.request)).hexdigest()[:16]}-{place}"

    def is_of(self, row: ExecutionRow) -> bool:
        """Whether an execution belongs to the project and domain that are swept."""
        return self.request.project in {"", row.id.project} and self.request.domain in {"", row.id.domain}

    def age_ns(self, row: ExecutionRow) -> int:
        """Return how long ago an execution ended."""
        return self.began_ns - (row.updated_at_ns if row.ended_at_ns is None else row.ended_at_ns)

    def retention(self, project: str) -> Retention:
        """Return how long what the executions of a project leave is kept."""
        if self.request.older_than_s is not None:
            return Retention.of_age(int(self.request.older_than_s * 1e9))
        return retention_of(self.settings, project)

    def is_due(self, row: ExecutionRow) -> bool:
        """Whether the record of an execution is to go, so that what it uses does not count."""
        is_over = row.phase in TERMINAL_EXECUTION and self.is_of(row)
        return is_over and self.age_ns(row) >= self.retention(row.id.project).executions_ns


class Pins:
    """
    What may not go: templates by digest, files by URI or by a folder above them, and some executions altogether.

    It is known once they ``are_complete``.
    """

    def __init__(self, database: Database, inspector: Inspector, sweep: Sweep) -> None:
        self.closures: set[str] = set()
        self.executions: set[ExecutionId] = set()
        self.are_complete = False
        self._uris: set[str] = set()
        self._whole: set[str] = set()
        """Executions, as text, of which a stored value is used that may refer to any of their files."""
        self._database = database
        self._inspector = inspector
        self._sweep = sweep
        self._unfinished: dict[ExecutionId, int] = {}
        """Execution -> the last event that was read of it."""
        self._place: str | None = ""
        """Behind which execution reading goes on; none when all were read."""
        self._cached = ""
        """Behind which cached value it goes on then."""

    def hold(self, uri: str, execution: ExecutionId) -> bool:
        """Say whether something that stays uses a file of *execution*."""
        if str(execution) in self._whole:
            return True
        while uri:
            if uri in self._uris:
                return True
            uri = uri.rpartition("/")[0]
        return False

    def _add(self, value: object, *, own: str) -> None:
        """Pin what *value* refers to, but for what has *own* in its URI."""
        for uri, refers_on in _references(value):
            if not own or own not in uri:
                self._uris.add(uri)
                if refers_on:
                    self._whole.add(_owner(uri))

    # ── reading ──────────────────────────────────────────────────────────────

    async def read_on(self) -> None:
        """Learn what the executions of one more page use, or, after the last, some of the cached values."""
        if self._place is None:
            await self._read_cached()
            return
        page = Page(limit=ROWS_AT_ONCE, token=self._place)
        rows, following = await self._database.views.executions(ALL, page, ExecutionOrder.OLDEST)
        for row in rows:
            await self._learn(row)
        self._place = following or None

    async def _learn(self, row: ExecutionRow) -> None:
        if row.phase not in TERMINAL_EXECUTION:
            self._unfinished[row.id] = await self._note(row.id)
            reference = (await self._inspector.about(row.id)).reference
            if reference is not None and await self._database.views.execution(reference) is not None:
                self.executions.add(reference)
                await self._note(reference)
        elif not self._sweep.is_due(row):
            await self._note(row.id)
        elif await self._has_living_parent(row.id):
            self.executions.add(row.id)
            await self._note(row.id)

    async def _note(self, execution: ExecutionId, *, after: int = 0) -> int:
        """Pin what the events behind *after* use, and return the last of them."""
        own = f"/{execution}/"
        while events := await self._database.log.read(execution, after=after, limit=EVENTS_AT_ONCE):
            for event in events:
                if digest := getattr(event.decision, "closure", ""):
                    self.closures.add(digest)
                self._add(event.decision, own=own)
            after = events[-1].seq
        return after

    async def _has_living_parent(self, execution: ExecutionId) -> bool:
        parent = (await self._inspector.about(execution)).parent
        return parent is not None and parent.execution in self._unfinished

    async def _read_cached(self) -> None:
        entries = await self._database.cache.entries(after=self._cached, limit=EVENTS_AT_ONCE)
        for entry in entries:
            self._add(entry.outputs, own="")
        if entries:
            self._cached = entries[-1].key.digest
        else:
            self.are_complete = True

    async def catch_up(self) -> None:
        """Learn of executions that are new, and of what those have done since that were not over."""
        for execution, after in [*self._unfinished.items()]:
            row = await self._database.views.execution(execution)
            self._unfinished[execution] = await self._note(execution, after=after)
            if row is None or row.phase in TERMINAL_EXECUTION:
                del self._unfinished[execution]
        token, is_new = "", True
        while is_new:
            page = Page(limit=ROWS_AT_ONCE, token=token)
            rows, token = await self._database.views.executions(ALL, page)
            for row in rows:
                is_new = row.created_at_ns >= self._sweep.began_ns
                if is_new and row.id not in self._unfinished:
                    await self._learn(row)
            is_new = is_new and bool(token)


def _references(value: object) -> Iterator[tuple[str, bool]]:
    """Yield the URIs in *value*, however deep, and whether what is stored there may refer to more."""
    if isinstance(value, str):
        if "://" in value:
            yield value, False
    elif isinstance(value, Offloaded):
        yield value.uri, True
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _references(item)
    else:
        for field in getattr(type(value), "__attrs_attrs__", ()):
            yield from _references(getattr(value, field.name))


def _owner(uri: str) -> str:
    """Return the text of the execution in whose folder a URI is; empty for what is in none."""
    for area in AREAS:
        parts = uri.partition(f"/{area}/")[2].split("/")
        if len(parts) > 3:  # project, domain, name, and what is below
            return "/".join(parts[:3])
    return ""
