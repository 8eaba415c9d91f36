"""
The suites for databases catch databases that are broken, each in its own way.

A broken database is the in-memory one with one method replaced; beside it stands the story that must fail.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait_core.errors import PlaitError
from plait_core.ir.events import Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, ExecutionId, NodeId
from plait_core.ir.phases import TERMINAL_ATTEMPT
from plait_core.ports.bells import Bell
from plait_core.ports.clock import Clock
from plait_core.ports.databases import (
    EVERY_NODE,
    Append,
    AttemptPlace,
    AttemptRow,
    AuditLine,
    CacheKey,
    Census,
    Database,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    Lease,
    NodeCount,
    NodeFilter,
    NodeRow,
    Page,
    Posted,
    Reservation,
    Snapshot,
)
from plait_core.testing import databases as suites
from plait_core.testing._memory_catalog import MemoryAccounts, MemoryRegistry, MemorySchedules
from plait_core.testing._memory_log import MemoryLog, MemoryViews
from plait_core.testing._memory_ownership import MemoryCache, MemoryInbox, MemoryLeases
from plait_core.testing._memory_upkeep import MemoryUpkeep
from plait_core.testing.memory import MemoryDatabase

# ── the log ──────────────────────────────────────────────────────────────────


class ReadsFromTheStart(MemoryLog):
    async def read(self, execution: ExecutionId, *, after: int = 0, limit: int | None = None) -> Sequence[Event]:
        return await super().read(execution, limit=limit)


class RingsForNobody(MemoryLog):
    def listening(self, execution: ExecutionId | None) -> AbstractContextManager[Bell]:
        return nullcontext(Bell())


class CreatesAgain(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        if batch.first_seq == 1:
            self._records.executions.pop(batch.execution, None)
        return super()._commit(batch)


class AcceptsGaps(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        record = self._records.executions.get(batch.execution)
        return super()._commit(
            attrs.evolve(batch, first_seq=max(batch.first_seq, 1) if not record else record.next_seq)
        )


class TrustsAnyOwner(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        record = self._records.executions.get(batch.execution)
        return super()._commit(attrs.evolve(batch, owner=record.owner) if record else batch)


class WritesRowsOfRefusedTurns(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        if batch.execution in self._records.executions:
            self._records.executions[batch.execution].row = batch.row
        return super()._commit(batch)


class CachesForRefusedTurns(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        self._records.cache.update({entry.key.digest: entry for entry in batch.cache})
        return super()._commit(batch)


class GivesUpAfterARefusal(MemoryLog):
    async def append(self, batches: Sequence[Append]) -> Sequence[ExecutionId]:
        for n, batch in enumerate(batches):
            if not self._commit(batch):
                return [left.execution for left in batches[n:]]
        return []


class CountsEveryTurn(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        is_committed = super()._commit(batch)
        if is_committed and not batch.decisions:
            self._records.executions[batch.execution].next_seq += 1
        return is_committed


class KeepsTheFirstSnapshot(MemoryLog):
    async def save_snapshot(self, execution: ExecutionId, snapshot: Snapshot) -> None:
        if await self.load_snapshot(execution) is None:
            await super().save_snapshot(execution, snapshot)


class ReplacesClosures(MemoryLog):
    async def put_closure(self, digest: str, closure: Closure) -> None:
        self._records.closures[digest] = closure


class ConsumesForRefusedTurns(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        for key in batch.posted:
            self._records.arrivals.pop((batch.execution, key), None)
        return super()._commit(batch)


class ForgetsToRelease(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        held = dict(self._records.reservations)
        is_committed = super()._commit(batch)
        self._records.reservations.update(held)
        return is_committed


class NeverUpdatesNodes(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        record = self._records.executions.get(batch.execution)
        new = [row for row in batch.nodes if not record or row.node not in record.nodes]
        return super()._commit(attrs.evolve(batch, nodes=new))


# ── views ────────────────────────────────────────────────────────────────────


class DropsLabels(MemoryViews):
    async def execution(self, id: ExecutionId) -> ExecutionRow | None:
        row = await super().execution(id)
        return row and attrs.evolve(row, labels={})


class RefusesStrangers(MemoryViews):
    async def nodes(
        self, id: ExecutionId, where: NodeFilter = EVERY_NODE, *, after: NodeId | None = None, limit: int | None = None
    ) -> Sequence[NodeRow]:
        self._records.of(id)
        return await super().nodes(id, where, after=after, limit=limit)


class SortsNodesByName(MemoryViews):
    async def nodes(
        self, id: ExecutionId, where: NodeFilter = EVERY_NODE, *, after: NodeId | None = None, limit: int | None = None
    ) -> Sequence[NodeRow]:
        return sorted(await super().nodes(id, where, after=after, limit=limit), key=lambda row: row.node)


class NarrowsAfterCutting(MemoryViews):
    async def nodes(
        self, id: ExecutionId, where: NodeFilter = EVERY_NODE, *, after: NodeId | None = None, limit: int | None = None
    ) -> Sequence[NodeRow]:
        return [row for row in await super().nodes(id, after=after, limit=limit) if where.wants(row)]


class SortsElementsAsText(MemoryViews):
    async def attempts(
        self,
        id: ExecutionId,
        nodes: Sequence[NodeId] | None = None,
        *,
        after: AttemptPlace | None = None,
        limit: int = 1000,
    ) -> Sequence[AttemptRow]:
        rows = await super().attempts(id, nodes, after=after, limit=limit)
        return sorted(rows, key=lambda row: (row.id.node, str(row.id.element), row.id.n))


class StartsAgain(MemoryViews):
    async def attempts(
        self,
        id: ExecutionId,
        nodes: Sequence[NodeId] | None = None,
        *,
        after: AttemptPlace | None = None,
        limit: int = 1000,
    ) -> Sequence[AttemptRow]:
        return await super().attempts(id, nodes, limit=limit)


class CountsWithoutElements(MemoryViews):
    async def count_nodes(self, id: ExecutionId, where: NodeFilter = EVERY_NODE) -> Sequence[NodeCount]:
        return [attrs.evolve(count, n_elements=0) for count in await super().count_nodes(id, where)]


class CountsEveryNode(MemoryViews):
    async def count_nodes(self, id: ExecutionId, where: NodeFilter = EVERY_NODE) -> Sequence[NodeCount]:
        return await super().count_nodes(id)


class PagesByOffset(MemoryViews):
    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        rows, _ = await super().executions(where, Page(limit=1000), order)
        offset = int(page.token or 0)
        shown = rows[offset : offset + page.limit]
        return shown, str(offset + page.limit) if len(rows) > offset + page.limit else ""


class IncludesTheEnd(MemoryViews):
    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        until_ns = where.created_before_ns
        longer = where if until_ns is None else attrs.evolve(where, created_before_ns=until_ns + 1)
        return await super().executions(longer, page, order)


class CountsWhatIsOver(MemoryViews):
    async def census(self) -> Census:
        attempts = Counter(
            row.phase for record in self._records.executions.values() for row in record.attempts.values()
        )
        return attrs.evolve(await super().census(), attempts=attempts)


class TakesAnyToken(MemoryViews):
    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        return await super().executions(where, attrs.evolve(page, token=""), order)


class KnowsOneOrder(MemoryViews):
    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        return await super().executions(where, page)


class FiltersWithoutCase(MemoryViews):
    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        rows, token = await super().executions(attrs.evolve(where, name_contains=""), page, order)
        return [row for row in rows if where.name_contains.lower() in row.id.name.lower()], token


# ── leases ───────────────────────────────────────────────────────────────────


class NeverExpires(MemoryLeases):
    async def lease_of(self, execution: ExecutionId) -> Lease | None:
        return self._records.leases.get(self._records.executions[execution].owner)


class Robs(MemoryLeases):
    async def claim(self, owner: str, **options: Any) -> Sequence[tuple[ExecutionId, int]]:
        mine = self._records.leases.get(owner)
        self._records.leases = {owner: mine} if mine else {}
        return await super().claim(owner, **options)


class ClaimsInSilence(MemoryLeases):
    def _take(self, record: Any, owner: str) -> int:
        record.owner = owner
        return int(record.next_seq)


class NeverTellsTheLoser(MemoryLeases):
    async def renew(self, owner: str, **rest: Any) -> bool:
        await super().renew(owner, **rest)
        return True


class BlamesTheLate(MemoryLeases):
    async def renew(self, owner: str, **rest: Any) -> bool:
        was_late = owner in self._records.leases and not self._records.has_lease(owner)
        return await super().renew(owner, **rest) and not was_late


class KeepsWhatIsReleased(MemoryLeases):
    async def release(self, owner: str) -> None: ...


class ForgetsWhomItEnds(MemoryLeases):
    async def expire(self, owner: str) -> None:
        await self.release(owner)


class RemembersTheDead(MemoryLeases):
    async def forget(self) -> int:
        return 0


class ForgetsLosers(MemoryLeases):
    async def owned(self, owner: str) -> Sequence[ExecutionId]:
        return []


class ForgetsOnDemand(MemoryLeases):
    async def renew(self, owner: str, *, pool: str, ttl_s: float, process: str = "") -> bool:
        self._records.leases.setdefault(owner, Lease(owner=owner, pool=pool, expires_at_ns=0))
        return await super().renew(owner, pool=pool, ttl_s=ttl_s, process=process)


class CountsTheDead(MemoryLeases):
    async def living(self) -> Sequence[Lease]:
        return [lease for _, lease in sorted(self._records.leases.items())]


class WakesSleepers(MemoryLeases):
    def _is_due(self, execution: ExecutionId, record: Any) -> bool:
        return True


class ClaimsMoreThanNamed(MemoryLeases):
    async def claim(
        self, owner: str, *, pool: str, limit: int, execution: ExecutionId | None = None
    ) -> Sequence[tuple[ExecutionId, int]]:
        return await super().claim(owner, pool=pool, limit=limit)


class ClaimsWithoutLease(MemoryLeases):
    async def claim(self, owner: str, **options: Any) -> Sequence[tuple[ExecutionId, int]]:
        await self.renew(owner, pool="", ttl_s=60)
        return await super().claim(owner, **options)


class ClaimsQuietly(MemoryLeases):
    def _take(self, record: Any, owner: str) -> int:
        seq = super()._take(record, owner)
        self._records.bell_of(owner).hush()
        return seq


class KeepsWhatIsLeft(MemoryLeases):
    async def relinquish(self, owner: str, execution: ExecutionId, *, wake_at_ns: int | None) -> None: ...


class OwnsForEver(MemoryLeases):
    async def owned(self, owner: str) -> Sequence[ExecutionId]:
        return [id_ for id_, record in self._records.executions.items() if record.owner == owner]


class LetsAnybodyRelinquish(MemoryLeases):
    async def relinquish(self, owner: str, execution: ExecutionId, *, wake_at_ns: int | None) -> None:
        record = self._records.executions.get(execution)
        await super().relinquish(record.owner if record else owner, execution, wake_at_ns=wake_at_ns)


class KeepsTheTimeOfWhatIsLeft(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        record = self._records.executions.get(batch.execution)
        row = attrs.evolve(batch.row, wake_at_ns=record.row.wake_at_ns) if record and batch.decisions else batch.row
        return super()._commit(attrs.evolve(batch, row=row))


class CreatesForNobody(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        return not batch.owner or super()._commit(batch)


class WaitsItOut(MemoryLeases):
    async def wait(self, pool: str, *, timeout_s: float) -> None:
        clock = self._records.clock
        await clock.sleep_until(clock.now_ns() + int(timeout_s * 1e9))


class RingsForEver(MemoryLeases):
    async def wait(self, pool: str, *, timeout_s: float) -> None: ...


# ── inbox ────────────────────────────────────────────────────────────────────


class ShowsTheLatestFirst(MemoryInbox):
    async def pending(self, owner: str) -> Sequence[tuple[ExecutionId, Posted]]:
        return list(await super().pending(owner))[::-1]


class ForgetsConsumedKeys(MemoryInbox):
    async def post(self, execution: ExecutionId, posted: Posted, **rest: Any) -> None:
        if (execution, posted.key) not in self._records.arrivals:
            self._records.of(execution).posted.clear()
        await super().post(execution, posted, **rest)


class TakesAnyAddress(MemoryInbox):
    async def post(self, execution: ExecutionId, posted: Posted, **rest: Any) -> None:
        if execution in self._records.executions:
            await super().post(execution, posted, **rest)


class TellsOfWhatWasThere(MemoryInbox):
    async def post(self, execution: ExecutionId, posted: Posted, *, audit: AuditLine | None = None) -> None:
        await super().post(execution, posted)
        self._records.trail.leave(audit)


class BothersTheEnded(MemoryInbox):
    def _is_waited_for(self, record: Any, owner: str) -> bool:
        return bool(record.owner == owner)


class SleepsThrough(MemoryInbox):
    async def wait(self, owner: str, *, timeout_s: float) -> None:
        clock = self._records.clock
        await clock.sleep_until(clock.now_ns() + int(timeout_s * 1e9))


class Spins(MemoryInbox):
    async def wait(self, owner: str, *, timeout_s: float) -> None:
        if not await self.pending(owner):
            await super().wait(owner, timeout_s=timeout_s)


# ── registry, cache, schedules, accounts ─────────────────────────────────────


class Overwrites(MemoryRegistry):
    async def register(self, closure: Closure, **rest: Any) -> Sequence[EntityId]:
        templates: tuple[Any, ...] = (*closure.tasks, *closure.workflows, *closure.launch_plans)
        for template in templates:
            self._catalog.templates.pop(template.id, None)
        return await super().register(closure, **rest)


class RegistersByHalves(MemoryRegistry):
    async def register(self, closure: Closure, *, at_ns: int, **rest: Any) -> Sequence[EntityId]:
        tasks = await super().register(attrs.evolve(closure, workflows=(), launch_plans=()), at_ns=at_ns)
        return [*tasks, *await super().register(closure, at_ns=at_ns, **rest)]


class RegistersBeforeItActivates(MemoryRegistry):
    async def register(
        self, closure: Closure, *, activate: Sequence[EntityId] = (), at_ns: int, **rest: Any
    ) -> Sequence[EntityId]:
        new = await super().register(closure, at_ns=at_ns, **rest)
        for id_ in activate:
            await self.activate(id_, is_active=True, at_ns=at_ns)
        return new


class DatesAnew(MemoryRegistry):
    async def register(self, closure: Closure, *, at_ns: int, **rest: Any) -> Sequence[EntityId]:
        new = await super().register(closure, at_ns=at_ns, **rest)
        self._catalog.registered_at_ns |= dict.fromkeys((template.id for template in closure.tasks), at_ns)
        return new


class SortsVersions(MemoryRegistry):
    async def get(self, id: EntityId) -> Any:
        versions = sorted(held.version for held in self._catalog.templates if attrs.evolve(held, version="") == id)
        return await super().get(attrs.evolve(id, version=versions[-1]) if versions else id)


class HandsOutEverything(MemoryRegistry):
    async def closure(self, id: EntityId) -> Closure | None:
        found = [t for t in self._catalog.templates.values() if t.id.version == id.version]
        return await super().closure(found[-1].id) if found else None


class ListsEveryVersion(MemoryRegistry):
    async def list(self, kind: Any, **options: Any) -> Any:
        wanted = [held for held in self._catalog.templates if held.kind is kind]
        return wanted[::-1], ""


class ListsPlansOfEveryWorkflow(MemoryRegistry):
    async def list(self, kind: Any, *, workflow: EntityId | None = None, **options: Any) -> Any:
        return await super().list(kind, **options)


class KeepsTheFirstActive(MemoryRegistry):
    async def activate(self, id: EntityId, *, is_active: bool, **rest: Any) -> None:
        if not is_active or (id.project, id.domain, id.name) not in self._catalog.active:
            await super().activate(id, is_active=is_active, **rest)


class ActivatesAnything(MemoryRegistry):
    async def activate(self, id: EntityId, **rest: Any) -> None: ...


class RestartsWhenActivatedAgain(MemoryRegistry):
    async def activate(self, id: EntityId, **rest: Any) -> None:
        self._catalog.active.pop((id.project, id.domain, id.name), None)
        await super().activate(id, **rest)


class FindsNothing(MemoryCache):
    async def get(self, key: CacheKey) -> None: ...


class ExplainsWithAnyTask(MemoryCache):
    async def latest(self, key: CacheKey) -> Any:
        return max(self._records.cache.values(), key=lambda entry: entry.created_at_ns, default=None)


class ClearsEverything(MemoryCache):
    async def clear(self, **_: Any) -> int:
        return await super().clear()


class ShowsEntriesAsTheyCame(MemoryCache):
    async def entries(self, *, after: str = "", limit: int) -> Any:
        return [entry for entry in self._records.cache.values() if entry.key.digest > after][:limit]


class ReservesForEverybody(MemoryCache):
    async def reserve(self, reservation: Reservation) -> Reservation:
        return reservation


class NeverFrees(MemoryCache):
    def _is_valid(self, held: Reservation) -> bool:
        return True


class FreesWithTheAttempt(MemoryCache):
    def _is_valid(self, held: Reservation) -> bool:
        attempt = held.attempt
        row = self._records.executions[attempt.execution].attempts.get((attempt.node, attempt.element, attempt.n))
        return super()._is_valid(held) and (row is None or row.phase not in TERMINAL_ATTEMPT)


class FreesWithTheLease(MemoryCache):
    def _is_valid(self, held: Reservation) -> bool:
        owner = self._records.executions[held.attempt.execution].owner
        return super()._is_valid(held) and self._records.has_lease(owner)


class KnowsNoElements(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        return super()._commit(attrs.evolve(batch, released=[(node, None) for node, _ in batch.released]))


class ReleasesForOthers(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        for digest, held in list(self._records.reservations.items()):
            if (held.attempt.node, None) in batch.released:
                del self._records.reservations[digest]
        return super()._commit(batch)


class ReleasesInSilence(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        self._records.waiting.clear()
        return super()._commit(batch)


class RemembersWhoWaited(MemoryLog):
    def _commit(self, batch: Append) -> bool:
        waiting = {digest: dict(waiters) for digest, waiters in self._records.waiting.items()}
        is_committed = super()._commit(batch)
        self._records.waiting.update(waiting)
        return is_committed


class GoesBack(MemorySchedules):
    async def fired(self, launch_plan: EntityId, *, until_ns: int) -> None:
        name = (launch_plan.project, launch_plan.domain, launch_plan.name)
        self._catalog.active[name] = attrs.evolve(self._catalog.active[name], fired_until_ns=until_ns)


class KeepsTheFirstProject(MemoryAccounts):
    async def put_project(self, project: Any, **_: Any) -> None:
        self._projects.setdefault(project.id, project)


class DeletesNoToken(MemoryAccounts):
    async def delete_token(self, id: str, **_: Any) -> None: ...


class TellsOfNoProject(MemoryAccounts):
    async def put_project(self, project: Any, **_: Any) -> None:
        await super().put_project(project)


class TakesEveryKey(MemoryAccounts):
    async def keep_key(self, name: str, key: bytes) -> bytes:
        self._keys[name] = key
        return key


class AuditsForwards(MemoryAccounts):
    async def audited(self, page: Page) -> tuple[Sequence[AuditLine], str]:
        return self._trail, ""


# ── upkeep ───────────────────────────────────────────────────────────────────


class HidesNothing(MemoryUpkeep):
    async def archive(self, execution: ExecutionId, *, is_archived: bool, **rest: Any) -> None:
        await super().archive(execution, is_archived=False, **rest)


class HidesWhatLives(MemoryUpkeep):
    async def archive(self, execution: ExecutionId, *, is_archived: bool, **_: Any) -> None:
        record = self._records.of(execution)
        record.row = attrs.evolve(record.row, is_archived=is_archived)


class ForgetsWhatLives(MemoryUpkeep):
    async def delete_snapshots(self, executions: Sequence[ExecutionId]) -> None:
        for execution in executions:
            if execution in self._records.executions:
                self._records.of(execution).snapshot = None


class LeavesMessages(MemoryUpkeep):
    def _delete(self, execution: ExecutionId) -> bool:
        arrivals = {**self._records.arrivals}
        is_deleted = super()._delete(execution)
        self._records.arrivals.update(arrivals)
        return is_deleted


class DeletesWhatLives(MemoryUpkeep):
    def _delete(self, execution: ExecutionId) -> bool:
        return self._records.executions.pop(execution, None) is not None


class DeletesWhatWasPutAgain(MemoryUpkeep):
    async def delete_closures(self, digests: Sequence[str], *, put_before_ns: int, **rest: Any) -> None:
        await super().delete_closures(digests, put_before_ns=2 * put_before_ns, **rest)


class TellsBeforeItDeletes(MemoryUpkeep):
    async def delete(
        self, executions: Sequence[ExecutionId], *, audit: AuditLine | None = None
    ) -> Sequence[ExecutionId]:
        self._records.trail.leave(audit)
        return await super().delete(executions)


Log, Rows, Own, Mail = (
    suites.EventLogConformance,
    suites.ViewsConformance,
    suites.LeasesConformance,
    suites.InboxConformance,
)
Names, Cache, Ticks, People = (
    suites.RegistryConformance,
    suites.CacheIndexConformance,
    suites.SchedulesConformance,
    suites.AccountsConformance,
)
Keep = suites.UpkeepConformance

BROKEN: list[tuple[str, type, Callable[..., None]]] = [
    ("log", ReadsFromTheStart, Log.test_events_are_read_in_order),
    ("log", RingsForNobody, Log.test_commits_ring_those_who_listen),
    ("log", CreatesAgain, Log.test_an_execution_is_created_once),
    ("log", AcceptsGaps, Log.test_a_taken_or_distant_number_is_refused),
    ("log", TrustsAnyOwner, Log.test_only_the_owner_appends),
    ("log", WritesRowsOfRefusedTurns, Log.test_a_refused_turn_leaves_its_neighbours),
    ("log", CachesForRefusedTurns, Log.test_a_refused_turn_leaves_its_neighbours),
    ("log", GivesUpAfterARefusal, Log.test_a_refused_turn_leaves_its_neighbours),
    ("log", CountsEveryTurn, Log.test_a_turn_without_decisions_keeps_the_number),
    ("log", KeepsTheFirstSnapshot, Log.test_the_latest_snapshot_replaces_others),
    ("log", ReplacesClosures, Log.test_a_closure_is_kept_by_digest),
    ("log", NeverUpdatesNodes, Rows.test_rows_show_the_latest_turn),
    ("views", DropsLabels, Rows.test_rows_come_back_whole),
    ("views", RefusesStrangers, Rows.test_what_is_unknown_is_empty),
    ("views", SortsNodesByName, Rows.test_nodes_and_attempts_keep_their_order),
    ("views", NarrowsAfterCutting, Rows.test_nodes_are_read_in_parts),
    ("views", SortsElementsAsText, Rows.test_nodes_and_attempts_keep_their_order),
    ("views", StartsAgain, Rows.test_attempts_are_read_in_parts),
    ("views", CountsWithoutElements, Rows.test_nodes_are_counted),
    ("views", CountsEveryNode, Rows.test_nodes_are_counted),
    ("views", PagesByOffset, Rows.test_pages_are_newest_first_and_complete),
    ("views", IncludesTheEnd, Rows.test_filters_narrow_by_person_and_time),
    ("views", CountsWhatIsOver, Rows.test_census_counts_what_there_is),
    ("views", TakesAnyToken, Rows.test_a_wrong_token_is_refused),
    ("views", KnowsOneOrder, Rows.test_pages_keep_their_order),
    ("views", FiltersWithoutCase, Rows.test_filters_narrow),
    ("leases", NeverExpires, Own.test_an_owner_is_one_whose_lease_lives),
    ("leases", Robs, Own.test_a_living_lease_protects),
    ("leases", ClaimsInSilence, Own.test_a_claim_is_an_event_and_a_fence),
    ("leases", NeverTellsTheLoser, Own.test_a_claim_is_an_event_and_a_fence),
    ("leases", BlamesTheLate, Own.test_an_expired_lease_that_nobody_used_is_renewed),
    ("leases", KeepsWhatIsReleased, Own.test_a_release_frees_at_once),
    ("leases", ForgetsWhomItEnds, Own.test_a_lease_that_is_ended_has_run_out),
    ("leases", RemembersTheDead, Own.test_leases_of_the_dead_are_forgotten),
    ("leases", ForgetsLosers, Own.test_leases_of_the_dead_are_forgotten),
    ("leases", ForgetsOnDemand, Own.test_an_engine_that_begins_forgets_the_dead),
    ("leases", CountsTheDead, Own.test_living_leases_tell_whose_they_are),
    ("leases", WakesSleepers, Own.test_only_what_is_due_in_the_pool_is_claimed),
    ("leases", ClaimsMoreThanNamed, Own.test_one_execution_is_claimed_by_name),
    ("leases", ClaimsWithoutLease, Own.test_who_has_no_lease_claims_nothing),
    ("leases", KeepsWhatIsLeft, Own.test_what_is_relinquished_is_claimed_when_it_is_due),
    ("leases", OwnsForEver, Own.test_an_engine_can_ask_what_it_owns),
    ("leases", LetsAnybodyRelinquish, Own.test_only_the_owner_relinquishes),
    ("log", KeepsTheTimeOfWhatIsLeft, Own.test_rows_are_right_after_an_execution_went_to_and_fro),
    ("log", CreatesForNobody, Own.test_an_execution_without_owner_is_there_to_be_claimed),
    ("leases", WaitsItOut, Own.test_what_may_be_claimed_ends_the_wait),
    ("leases", RingsForEver, Own.test_what_was_looked_at_does_not_end_the_wait),
    ("leases", ClaimsQuietly, Mail.test_messages_follow_a_claim),
    ("inbox", ShowsTheLatestFirst, Mail.test_messages_wait_in_order_until_consumed),
    ("inbox", ForgetsConsumedKeys, Mail.test_a_key_counts_once),
    ("log", ConsumesForRefusedTurns, Mail.test_a_refused_turn_consumes_nothing),
    ("inbox", TakesAnyAddress, Mail.test_an_unknown_execution_has_no_inbox),
    ("inbox", BothersTheEnded, Mail.test_an_ended_execution_is_not_bothered),
    ("inbox", SleepsThrough, Mail.test_a_message_ends_the_wait),
    ("inbox", Spins, Mail.test_what_was_shown_does_not_end_the_wait),
    ("registry", Overwrites, Names.test_equal_is_fine_and_different_is_a_conflict),
    ("registry", DatesAnew, Names.test_first_registration_is_dated),
    ("registry", RegistersByHalves, Names.test_equal_is_fine_and_different_is_a_conflict),
    ("registry", SortsVersions, Names.test_no_version_means_the_newest),
    ("registry", HandsOutEverything, Names.test_a_closure_holds_what_its_main_reaches),
    ("registry", ListsEveryVersion, Names.test_lists_show_newest_versions_then_all),
    ("registry", ListsPlansOfEveryWorkflow, Names.test_launch_plans_of_a_workflow_are_listed),
    ("registry", KeepsTheFirstActive, Names.test_one_version_of_a_plan_is_active),
    ("registry", ActivatesAnything, Names.test_only_registered_plans_are_activated),
    ("cache", FindsNothing, Cache.test_an_entry_comes_with_its_turn),
    ("cache", ExplainsWithAnyTask, Cache.test_the_latest_entry_of_the_task_explains_a_miss),
    ("cache", ClearsEverything, Cache.test_clearing_is_narrowed),
    ("cache", ReservesForEverybody, Cache.test_one_living_attempt_holds_a_key),
    ("log", ForgetsToRelease, Cache.test_populating_releases),
    ("cache", NeverFrees, Cache.test_a_node_holds_its_key_until_it_ends),
    ("cache", FreesWithTheAttempt, Cache.test_a_node_holds_its_key_until_it_ends),
    ("log", KnowsNoElements, Cache.test_an_element_holds_its_own_key),
    ("log", ReleasesForOthers, Cache.test_an_element_holds_its_own_key),
    ("log", ReleasesInSilence, Cache.test_who_waits_for_a_key_is_told),
    ("log", RemembersWhoWaited, Cache.test_who_waits_for_a_key_is_told),
    ("cache", NeverFrees, Cache.test_an_ended_or_orphaned_execution_holds_nothing),
    ("cache", FreesWithTheLease, Cache.test_an_ended_or_orphaned_execution_holds_nothing),
    ("registry", RestartsWhenActivatedAgain, Ticks.test_active_plans_with_a_schedule_have_a_state),
    ("schedules", GoesBack, Ticks.test_progress_never_goes_back),
    ("accounts", KeepsTheFirstProject, People.test_projects_are_put_and_listed),
    ("accounts", DeletesNoToken, People.test_tokens_are_kept_until_deleted),
    ("accounts", TakesEveryKey, People.test_the_first_key_of_a_name_is_kept),
    ("accounts", AuditsForwards, People.test_the_audit_trail_is_read_backwards),
    ("accounts", TellsOfNoProject, People.test_changes_leave_their_lines),
    ("inbox", TellsOfWhatWasThere, People.test_changes_leave_their_lines),
    ("upkeep", TellsBeforeItDeletes, People.test_changes_leave_their_lines),
    ("registry", RegistersBeforeItActivates, People.test_what_cannot_be_switched_on_is_not_registered),
    ("upkeep", ForgetsWhatLives, Keep.test_snapshots_of_what_has_ended_can_be_forgotten),
    ("cache", ShowsEntriesAsTheyCame, Cache.test_entries_are_read_in_parts),
    ("upkeep", HidesNothing, Keep.test_what_has_ended_can_be_archived),
    ("upkeep", HidesWhatLives, Keep.test_only_what_has_ended_can_be_archived),
    ("upkeep", LeavesMessages, Keep.test_nothing_is_left_of_what_is_deleted),
    ("upkeep", DeletesWhatLives, Keep.test_only_what_has_ended_is_deleted),
    ("upkeep", DeletesWhatWasPutAgain, Keep.test_closures_are_listed_and_deleted),
]

STORIES = {
    story
    for suite in (Log, Rows, Own, Mail, Names, Cache, Ticks, People, Keep)
    for name, story in vars(suite).items()
    if name.startswith("test_")
}


@pytest.mark.parametrize(("port", "broken", "caught_by"), BROKEN, ids=lambda value: getattr(value, "__name__", value))
def test_broken_port_is_caught(port: str, broken: type, caught_by: Callable[..., None], tmp_path: Path) -> None:
    """The story fails: by an assertion, by an error that must not come, or by one that does not."""

    class OfBroken(suites.DatabaseConformance):
        def make_database(self, directory: Path, clock: Clock) -> Database:
            database = MemoryDatabase(clock)
            whole = getattr(database, port)
            setattr(database, port, object.__new__(broken))
            vars(getattr(database, port)).update(vars(whole))
            return database

    with pytest.raises((AssertionError, PlaitError, KeyError, pytest.fail.Exception)):
        caught_by(OfBroken(), tmp_path)


def test_every_story_has_caught_something() -> None:
    """None of the suites tells a story that no database could fail."""
    assert {caught_by for _, _, caught_by in BROKEN} == STORIES
