"""
``Sweeper``: puts away what is over, in steps that each take little time.

Public: used by the server and by ``plait gc``. A sweep first reads the logs of all executions that stay, and what is cached, and so
learns which templates and files are used (``_pins``); then it goes through the executions that have ended, the oldest first, and deletes what is
no longer kept of them; at last, the templates that nothing uses. Files go before the record that tells of them, so the next sweep finishes one
that is cut off.

A token says all that a step has to know but for what was learned: whoever takes a step and has not read everything himself reads on
instead. So the steps of one sweep may reach any of several servers, or one that was started meanwhile, and may be asked for twice.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import attrs

from plait_core.engine._inspector import Inspector
from plait_core.engine._pins import ALL, AREAS, Pins, Sweep
from plait_core.ir.ids import ExecutionId
from plait_core.ir.json import Json
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.api import SweepReply, SweepRequest, SweptExecution
from plait_core.ports.blobs import BlobInfo
from plait_core.ports.clock import Clock
from plait_core.ports.databases import AuditLine, Database, ExecutionOrder, ExecutionRow, Page, StoredClosure
from plait_core.ports.pages import execution_token, no_token
from plait_core.ports.specs import BlobAccess

ROWS_AT_ONCE = 100
"""How many executions a step looks at."""
FILES_AT_ONCE = 1000
"""After how many files a step is over."""
SWEEPS_AT_ONCE = 3
"""Of how many sweeps that go on at the same time it is remembered what was learned."""

CLOCKS_DIFFER_NS = 300 * 10**9
"""How much later than now a sweep may have begun, by the clock of another machine."""

Told: TypeAlias = Callable[[Json], AuditLine]
"""Makes the line of the audit trail from what is said of a deletion."""


class Sweeper:
    """Sweeps one store, alone or together with others that take steps of the same sweep."""

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
        self._known: dict[str, Pins] = {}
        """The first token of a sweep -> what was learned for it; the one that was last heard of at the end."""

    async def step(self, request: SweepRequest, *, audit: Told | None = None) -> SweepReply:
        """
        Take the first step of a sweep, or the one that the token of the step before asks for; its own is empty after the last.

        Raises ``NotReadable`` for a token that no step of this request gave.
        """
        sweep, place = self._parse(request)
        pins = self._pins_of(sweep)
        if not pins.are_complete:
            await pins.read_on()
            return SweepReply(token=sweep.token(place))
        reply = await self._delete(sweep, place, pins, audit)
        if not reply.token:
            del self._known[sweep.token("")]
        return reply

    def _parse(self, request: SweepRequest) -> tuple[Sweep, str]:
        """Return the sweep that a step belongs to, and the place behind which it deletes."""
        asked = attrs.evolve(request, token="")
        if not request.token:
            return Sweep(request=asked, began_ns=self._clock.now_ns(), settings=self._settings), ""
        began, _, rest = request.token.partition("-")
        place = rest.partition("-")[2]
        began_ns = int(began) if began.isascii() and began.isdecimal() and len(began) < 20 else 0
        sweep = Sweep(request=asked, began_ns=began_ns, settings=self._settings)
        if request.token != sweep.token(place) or began_ns > self._clock.now_ns() + CLOCKS_DIFFER_NS:
            raise no_token(request.token)
        return sweep, place

    def _pins_of(self, sweep: Sweep) -> Pins:
        known = self._known.pop(sweep.token(""), None)
        pins = self._known[sweep.token("")] = known or Pins(self._database, self._inspector, sweep)
        if len(self._known) > SWEEPS_AT_ONCE:
            del self._known[next(iter(self._known))]
        return pins

    # ── deleting ─────────────────────────────────────────────────────────────

    async def _delete(self, sweep: Sweep, place: str, pins: Pins, audit: Told | None) -> SweepReply:
        """Put away what is no longer kept of the executions of one page; after the last, templates."""
        await pins.catch_up()
        work = _Work(self._database, sweep=sweep, pins=pins, audit=audit)
        page = Page(limit=ROWS_AT_ONCE, token=place)
        rows, following = await self._database.views.executions(ALL, page, ExecutionOrder.OLDEST)
        for row in rows:
            if work.is_full or not await self._put_away(row, work):
                await work.finish()
                return work.reply(sweep.token(place))
            place = execution_token(row)
        await work.finish()
        if following:
            return work.reply(sweep.token(following))
        await self._forget_closures(work)
        if not work.is_dry:
            await self._database.leases.forget()
        return work.reply("")

    async def _put_away(self, row: ExecutionRow, work: "_Work") -> bool:
        """Delete what is no longer kept of an execution; says whether there was room in this step for all of it."""
        sweep, pins = work.sweep, work.pins
        if row.phase not in TERMINAL_EXECUTION or not sweep.is_of(row) or row.id in pins.executions:
            return True
        kept, age_ns = sweep.retention(row.id.project), sweep.age_ns(row)
        keeps_raw, keeps_logs = age_ns < kept.raw_data_ns, age_ns < kept.logs_ns
        if not (keeps_raw and keeps_logs):
            for info in await self._files(row.id):
                is_log = "/logs/" in info.uri.rpartition(f"/{row.id}/")[2]
                if keeps_logs if is_log else keeps_raw or pins.hold(info.uri, row.id):
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
        roots = [f"{self._root}/{area}" for area in AREAS] + ([f"{elsewhere}/raw"] if elsewhere else [])
        prefixes = dict.fromkeys(f"{root}/{execution}" for root in roots)
        return [info for prefix in prefixes async for info in self._blobs(prefix).list(prefix)]

    async def _forget_closures(self, work: "_Work") -> None:
        """Delete templates that nothing uses, and that nobody has put for long."""
        age_ns = max(work.sweep.retention(work.sweep.request.project).executions_ns, self._closures_kept_ns)
        oldest_ns = work.sweep.began_ns - age_ns
        stored = await self._database.upkeep.closures()
        unused = [one for one in stored if one.digest not in work.pins.closures and one.put_at_ns <= oldest_ns]
        await work.forget(unused, put_before_ns=oldest_ns + 1)


@attrs.define(eq=False)
class _Work:
    """What one step does, or would do."""

    database: Database
    sweep: Sweep
    pins: Pins
    audit: Told | None
    n_files: int = 0
    size_bytes: int = 0
    executions: list[ExecutionRow] = attrs.field(factory=list)
    snapshots: list[ExecutionId] = attrs.field(factory=list)
    closures: Sequence[StoredClosure] = ()

    @property
    def is_dry(self) -> bool:
        """Whether it is only told."""
        return self.sweep.request.dry_run

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
