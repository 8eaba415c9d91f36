"""
``Sweeper``: puts away what is over, in steps that each take little time.

Public: used by the server and by ``plait gc``. A sweep first reads the logs of all executions that stay, and what is cached, and so
learns which templates and files are used; then it goes through the executions that have ended, the oldest first, and deletes what is no
longer kept of them; at last, the templates that nothing uses. Nothing that stays refers to what is deleted: cached values are pinned, and so
is what an unfinished execution repeats or has started. Files go before the record that tells of them, so the next sweep finishes one that is cut off.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from secrets import token_hex
from typing import TypeAlias

import attrs

from plait_core.engine._inspector import Inspector
from plait_core.engine.retention import Retention, retention_of
from plait_core.ir.ids import ExecutionId
from plait_core.ir.json import Json
from plait_core.ir.literals import Offloaded
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.api import SweepReply, SweepRequest, SweptExecution
from plait_core.ports.blobs import BlobInfo
from plait_core.ports.clock import Clock
from plait_core.ports.databases import (
    AuditLine,
    Database,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    Page,
    StoredClosure,
)
from plait_core.ports.pages import execution_token, no_token
from plait_core.ports.specs import BlobAccess

ROWS_AT_ONCE = 100
"""How many executions a step looks at."""
FILES_AT_ONCE = 1000
"""After how many files a step is over."""
EVENTS_AT_ONCE = 500

_ALL = ExecutionFilter(include_archived=True)
_AREAS = ("raw", "meta", "checkpoints")

Told: TypeAlias = Callable[[Json], AuditLine]
"""Makes the line of the audit trail from what is said of a deletion."""


class Sweeper:
    """Sweeps one store; what it learns in one step it knows in the next, so all steps of a sweep are taken by the same one."""

    def __init__(
        self,
        database: Database,
        blobs: BlobAccess,
        blobs_root: str,
        clock: Clock,
        retention: Mapping[str, Mapping[str, str]],
        *,
        closures_kept_ns: int = 0,
    ) -> None:
        """
        Sweep *database* and the storage at *blobs_root*, and keep what *retention*, the setting, says.

        Templates are kept for *closures_kept_ns* after they were put, whatever it says: engines remember what they have put.
        """
        self._database = database
        self._inspector = Inspector(database)
        self._blobs = blobs
        self._root = blobs_root.rstrip("/")
        self._clock = clock
        self._settings = retention
        self._closures_kept_ns = closures_kept_ns
        self._begin(SweepRequest())

    def _begin(self, request: SweepRequest) -> None:
        self._next = ""
        """The token of the next step, which goes on with ``_go_on``."""
        self._go_on: Callable[[], Awaitable[SweepReply]] = partial(self._read, "")
        self._audit: Told | None = None
        self._request = attrs.evolve(request, token="")
        self._began_ns = self._clock.now_ns()
        self._pins = _Pins()
        self._unfinished: dict[ExecutionId, int] = {}
        """Execution -> the last event that was read of it."""

    async def step(self, request: SweepRequest, *, audit: Told | None = None) -> SweepReply:
        """
        Take the first step of a sweep, or the one that the token of the step before asks for; its own is empty after the last.

        Raises ``NotReadable`` for any other token: of another sweep than the latest, of a step that is done, or of another request.
        """
        if not request.token:
            self._begin(request)
        elif request.token != self._next or attrs.evolve(request, token="") != self._request:
            raise no_token(request.token)
        self._audit = audit
        return await self._go_on()

    def _then(self, phase: Callable[[str], Awaitable[SweepReply]], place: str = "") -> str:
        """Go on with *phase* behind *place* in the next step, and return its token."""
        self._next, self._go_on = token_hex(8), partial(phase, place)
        return self._next

    # ── reading ──────────────────────────────────────────────────────────────

    async def _read(self, place: str) -> SweepReply:
        """Learn what the executions of one page use, but for those that are to go."""
        page = Page(limit=ROWS_AT_ONCE, token=place)
        rows, following = await self._database.views.executions(_ALL, page, ExecutionOrder.OLDEST)
        for row in rows:
            await self._learn(row)
        return SweepReply(token=self._then(self._read, following) if following else self._then(self._read_cached))

    async def _learn(self, row: ExecutionRow) -> None:
        if row.phase not in TERMINAL_EXECUTION:
            self._unfinished[row.id] = await self._note(row.id)
            reference = (await self._inspector.about(row.id)).reference
            if reference is not None and await self._database.views.execution(reference) is not None:
                self._pins.executions.add(reference)
                await self._note(reference)
        elif not self._is_due(row):
            await self._note(row.id)
        elif await self._has_living_parent(row.id):
            self._pins.executions.add(row.id)
            await self._note(row.id)

    async def _note(self, execution: ExecutionId, *, after: int = 0) -> int:
        """Pin what the events behind *after* use, and return the last of them."""
        own = f"/{execution}/"
        while events := await self._database.log.read(execution, after=after, limit=EVENTS_AT_ONCE):
            for event in events:
                if digest := getattr(event.decision, "closure", ""):
                    self._pins.closures.add(digest)
                self._pins.add(event.decision, own=own)
            after = events[-1].seq
        return after

    async def _has_living_parent(self, execution: ExecutionId) -> bool:
        parent = (await self._inspector.about(execution)).parent
        return parent is not None and parent.execution in self._unfinished

    async def _read_cached(self, place: str) -> SweepReply:
        """Pin what some of the cached values refer to."""
        entries = await self._database.cache.entries(after=place, limit=EVENTS_AT_ONCE)
        for entry in entries:
            self._pins.add(entry.outputs, own="")
        if entries:
            return SweepReply(token=self._then(self._read_cached, entries[-1].key.digest))
        return SweepReply(token=self._then(self._delete))

    async def _catch_up(self) -> None:
        """Learn of executions that are new, and of what those have done since that were not over."""
        for execution, after in [*self._unfinished.items()]:
            row = await self._database.views.execution(execution)
            self._unfinished[execution] = await self._note(execution, after=after)
            if row is None or row.phase in TERMINAL_EXECUTION:
                del self._unfinished[execution]
        token, is_new = "", True
        while is_new:
            page = Page(limit=ROWS_AT_ONCE, token=token)
            rows, token = await self._database.views.executions(_ALL, page)
            for row in rows:
                is_new = row.created_at_ns >= self._began_ns
                if is_new and row.id not in self._unfinished:
                    await self._learn(row)
            is_new = is_new and bool(token)

    # ── deleting ─────────────────────────────────────────────────────────────

    async def _delete(self, place: str) -> SweepReply:
        """Put away what is no longer kept of the executions of one page; after the last, templates."""
        await self._catch_up()
        work = _Work(self._database, is_dry=self._request.dry_run, audit=self._audit)
        page = Page(limit=ROWS_AT_ONCE, token=place)
        rows, following = await self._database.views.executions(_ALL, page, ExecutionOrder.OLDEST)
        for row in rows:
            if work.is_full or not await self._put_away(row, work):
                await work.finish()
                return work.reply(self._then(self._delete, place))
            place = execution_token(row)
        await work.finish()
        if following:
            return work.reply(self._then(self._delete, following))
        await self._forget_closures(work)
        self._next = ""
        return work.reply("")

    async def _put_away(self, row: ExecutionRow, work: "_Work") -> bool:
        """Delete what is no longer kept of an execution; says whether there was room in this step for all of it."""
        if row.phase not in TERMINAL_EXECUTION or not self._is_here(row) or row.id in self._pins.executions:
            return True
        kept, age_ns = self._retention(row), self._age_ns(row)
        keeps_raw, keeps_logs = age_ns < kept.raw_data_ns, age_ns < kept.logs_ns
        if not (keeps_raw and keeps_logs):
            for info in await self._files(row.id):
                is_log = "/logs/" in info.uri.rpartition(f"/{row.id}/")[2]
                if keeps_logs if is_log else keeps_raw or self._pins.hold(info.uri, row.id):
                    continue
                if work.is_full and not work.is_dry:
                    return False
                await work.delete_file(self._blobs, info)
        if age_ns >= kept.executions_ns:
            work.executions.append(row)
        elif age_ns >= kept.snapshots_ns:
            work.snapshots.append(row.id)
        return True

    async def _files(self, execution: ExecutionId) -> list[BlobInfo]:
        """List what an execution has left in storage."""
        elsewhere = (await self._inspector.about(execution)).options.raw_data_prefix
        roots = [f"{self._root}/{area}" for area in _AREAS] + ([f"{elsewhere}/raw"] if elsewhere else [])
        prefixes = dict.fromkeys(f"{root}/{execution}" for root in roots)
        return [info for prefix in prefixes async for info in self._blobs(prefix).list(prefix)]

    async def _forget_closures(self, work: "_Work") -> None:
        """Delete templates that nothing uses, and that nobody has put for long."""
        age_ns = max(self._retention(None).executions_ns, self._closures_kept_ns)
        oldest_ns = self._began_ns - age_ns
        stored = await self._database.upkeep.closures()
        unused = [one for one in stored if one.digest not in self._pins.closures and one.put_at_ns <= oldest_ns]
        await work.forget(unused, put_before_ns=oldest_ns + 1)

    # ── what is kept ─────────────────────────────────────────────────────────

    def _retention(self, row: ExecutionRow | None) -> Retention:
        if self._request.older_than_s is not None:
            return Retention.of_age(int(self._request.older_than_s * 1e9))
        return retention_of(self._settings, row.id.project if row is not None else self._request.project)

    def _is_here(self, row: ExecutionRow) -> bool:
        request = self._request
        return request.project in {"", row.id.project} and request.domain in {"", row.id.domain}

    def _age_ns(self, row: ExecutionRow) -> int:
        return self._began_ns - (row.updated_at_ns if row.ended_at_ns is None else row.ended_at_ns)

    def _is_due(self, row: ExecutionRow) -> bool:
        """Whether the record of an execution is to go, so that what it uses does not count."""
        is_over = row.phase in TERMINAL_EXECUTION and self._is_here(row)
        return is_over and self._age_ns(row) >= self._retention(row).executions_ns


@attrs.define(eq=False)
class _Pins:
    """
    What may not go: templates by digest, files by URI or by a folder above them, and some executions altogether.

    ``whole`` are the executions, as text, of which a stored value is used that may refer to any of their files.
    """

    closures: set[str] = attrs.field(factory=set)
    uris: set[str] = attrs.field(factory=set)
    whole: set[str] = attrs.field(factory=set)
    executions: set[ExecutionId] = attrs.field(factory=set)

    def add(self, value: object, *, own: str) -> None:
        """Pin what *value* refers to, but for what has *own* in its URI."""
        for uri, refers_on in _references(value):
            if not own or own not in uri:
                self.uris.add(uri)
                if refers_on:
                    self.whole.add(_owner(uri))

    def hold(self, uri: str, execution: ExecutionId) -> bool:
        """Say whether something that stays uses a file of *execution*."""
        if str(execution) in self.whole:
            return True
        while uri:
            if uri in self.uris:
                return True
            uri = uri.rpartition("/")[0]
        return False


@attrs.define(eq=False)
class _Work:
    """What one step does, or would do."""

    database: Database
    is_dry: bool
    audit: Told | None
    n_files: int = 0
    size_bytes: int = 0
    executions: list[ExecutionRow] = attrs.field(factory=list)
    snapshots: list[ExecutionId] = attrs.field(factory=list)
    closures: Sequence[StoredClosure] = ()

    @property
    def is_full(self) -> bool:
        """Whether the rest has to wait for the next step."""
        return self.n_files >= FILES_AT_ONCE

    async def delete_file(self, blobs: BlobAccess, info: BlobInfo) -> None:
        """Delete a file."""
        self.n_files += 1
        self.size_bytes += info.size_bytes
        if not self.is_dry:
            await blobs(info.uri).delete(info.uri)

    async def finish(self) -> None:
        """Delete the records of which the files are gone."""
        if self.is_dry:
            return
        upkeep = self.database.upkeep
        if self.snapshots:
            await upkeep.delete_snapshots(self.snapshots)
        if self.executions:
            ids = [row.id for row in self.executions]
            line = self._line({"executions": [str(id_) for id_ in ids], "n_files": self.n_files})
            deleted = set(await upkeep.delete(ids, audit=line))
            self.executions = [row for row in self.executions if row.id in deleted]
        elif self.n_files and (line := self._line({"n_files": self.n_files})) is not None:
            await self.database.accounts.audit(line)

    async def forget(self, closures: Sequence[StoredClosure], *, put_before_ns: int) -> None:
        """Delete templates."""
        self.closures = closures
        if closures and not self.is_dry:
            digests = [one.digest for one in closures]
            line = self._line({"closures": len(digests)})
            await self.database.upkeep.delete_closures(digests, put_before_ns=put_before_ns, audit=line)

    def _line(self, detail: Json) -> AuditLine | None:
        return self.audit(detail) if self.audit is not None else None

    def reply(self, token: str) -> SweepReply:
        """Say what was done."""
        swept = (SweptExecution(id=row.id, phase=row.phase, ended_at_ns=row.ended_at_ns) for row in self.executions)
        return SweepReply(
            executions=tuple(swept),
            closures=tuple(self.closures),
            n_files=self.n_files,
            size_bytes=self.size_bytes,
            n_snapshots=len(self.snapshots),
            token=token,
        )


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
    for area in _AREAS:
        parts = uri.partition(f"/{area}/")[2].split("/")
        if len(parts) > 3:  # project, domain, name, and what is below
            return "/".join(parts[:3])
    return ""
