"""
Databases: small ports over one transactional store.

An ``Append`` is the engine's only write to an execution: events, drained inbox keys, cache entries and
read-model rows commit together or not at all. The log's key (execution, seq) is the fence: an engine that lost an
execution conflicts on its next append.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol

import attrs

from plait_core.ir.events import Decision, Event
from plait_core.ir.executions import Closure, ExecutionMode, TaskError
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.json import Json
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate
from plait_core.ports.bells import Bell

NOBODY = ""
"""The owner of an execution that no engine owns: any engine of its pool may claim it."""

NEVER_NS = 2**63 - 1
"""``wake_at_ns`` of an execution that waits for a message and for no time."""

# ── read models ──────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionRow(Shape):
    """
    What lists of executions show. ``pool`` names who may own it: ``local:<host>:<pid>`` or a server pool.

    ``wake_at_ns`` is the earliest due time while only times and messages are expected (``NEVER_NS`` without a time), else
    ``None``: whoever owns it has something to do or to hear, now.
    """

    id: ExecutionId
    target: EntityId
    phase: ExecutionPhase
    mode: ExecutionMode
    principal: str
    pool: str
    created_at_ns: int
    updated_at_ns: int
    ended_at_ns: int | None = None
    error: TaskError | None = None
    wake_at_ns: int | None = None
    labels: Mapping[str, str] = attrs.field(factory=dict)
    is_archived: bool = False


NODE_KINDS = ("task", "workflow", "launch_plan", "branch", "gate", "map")
"""What a node can be."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeRow(Shape):
    """
    Where one node of one execution stands.

    ``node`` is the run-time id, ``definition`` the id in its template, ``kind`` one of ``NODE_KINDS``.
    """

    execution: ExecutionId
    node: NodeId
    definition: NodeId
    parent: NodeId | None
    phase: NodePhase
    kind: str
    entity: str
    name: str
    started_at_ns: int | None
    ended_at_ns: int | None
    error: TaskError | None = None
    cache: str = ""
    deck_uri: str = ""
    n_elements: int | None = None
    n_elements_done: int = 0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptRow(Shape):
    """One attempt; its id is unique and its row only ever moves towards a terminal phase."""

    id: AttemptId
    phase: AttemptPhase
    executor: str
    scheduled_at_ns: int
    started_at_ns: int | None = None
    ended_at_ns: int | None = None
    error: TaskError | None = None
    deck_uri: str = ""
    message: str = ""
    is_cached: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionFilter(Shape):
    """
    What a list of executions is narrowed to: any of these phases, any of these targets; empty fields do not narrow.

    Bounds are half open: ``created_from_ns`` and ``lasted_from_ns`` belong to what is wanted, ``created_before_ns`` and
    ``lasted_below_ns`` do not. Only what has ended has lasted some time.
    """

    project: str = ""
    domain: str = ""
    phases: tuple[ExecutionPhase, ...] = ()
    targets: tuple[EntityId, ...] = ()
    name_contains: str = ""
    principal: str = ""
    created_from_ns: int | None = None
    created_before_ns: int | None = None
    lasted_from_ns: int | None = None
    lasted_below_ns: int | None = None
    include_archived: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeFilter(Shape):
    """
    What a list of nodes is narrowed to: any of these phases, any of these kinds; empty fields do not narrow.

    ``name_contains`` is found in the id, the name or the entity of a node.
    """

    phases: tuple[NodePhase, ...] = ()
    kinds: tuple[str, ...] = ()
    name_contains: str = ""

    def wants(self, row: NodeRow) -> bool:
        """Say whether *row* belongs to the list."""
        return (
            (not self.phases or row.phase in self.phases)
            and (not self.kinds or row.kind in self.kinds)
            and any(self.name_contains in text for text in (row.node, row.name, row.entity))
        )


EVERY_NODE = NodeFilter()


class ExecutionOrder(Enum):
    """How a list of executions is sorted; among equals, the name decides."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"
    NAME_BACKWARDS = "-name"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Page(Shape):
    """A slice of a list. ``token`` continues after the page before; empty starts."""

    limit: int = 50
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Census(Shape):
    """How many there are: executions by phase; and in those that have not ended, attempts by phase, and messages pending."""

    executions: Mapping[ExecutionPhase, int]
    attempts: Mapping[AttemptPhase, int]
    n_pending: int


class Views(Protocol):
    """Read models, written only by ``EventLog``; what it committed is visible at once."""

    async def execution(self, id: ExecutionId) -> ExecutionRow | None:
        """Return one row."""
        ...

    async def executions(
        self, where: ExecutionFilter, page: Page, order: ExecutionOrder = ExecutionOrder.NEWEST
    ) -> tuple[Sequence[ExecutionRow], str]:
        """Return rows in *order*, and the token of the next page in the same order or ``""``."""
        ...

    async def nodes(
        self,
        id: ExecutionId,
        where: NodeFilter = EVERY_NODE,
        *,
        after: NodeId | None = None,
        limit: int | None = None,
    ) -> Sequence[NodeRow]:
        """
        Return nodes of an execution in order of first appearance: those behind the node *after*, and at most *limit* of them.

        A node keeps its place, and new ones come last, so a list that is read in parts has each of them once. Raises
        ``NotReadable`` when there is no node *after*.
        """
        ...

    async def node(self, id: ExecutionId, node: NodeId) -> NodeRow | None:
        """Return one node."""
        ...

    async def attempt(self, id: ExecutionId, node: NodeId, n: int, *, element: int | None = None) -> AttemptRow | None:
        """Return one attempt of a node, or of an element of it."""
        ...

    async def attempts(
        self, id: ExecutionId, node: NodeId | None = None, *, limit: int = 1000, offset: int = 0
    ) -> Sequence[AttemptRow]:
        """Return attempts ordered by node's appearance, element and n."""
        ...

    async def census(self) -> Census:
        """Count what there is, archived executions included; a phase that nothing is in may be left out."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AuditLine(Shape):
    """
    Who did what to which thing, and when.

    A method that takes one as *audit* leaves it in the transaction of its change: never one without the other, and no line where
    nothing was changed. Why: docs/adr/changes-carry-their-audit-line.md
    """

    at_ns: int
    principal: str
    action: str
    subject: str
    detail: Json = None


# ── the log ──────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheKey(Shape):
    """Where a cached value lives. ``digest`` already covers project, domain, task, version, interface and inputs."""

    digest: str
    project: str
    domain: str
    task: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheEntry(Shape):
    """Outputs to be reused. ``source`` is the text of the attempt id that made them."""

    key: CacheKey
    outputs: LiteralMap
    source: str
    input_digests: Mapping[str, str]
    created_at_ns: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Append(Shape):
    """
    One turn of one execution, in full.

    ``first_seq`` is the sequence number of the first decision; all carry ``at_ns``. ``posted`` are keys of the inbox that this
    turn consumed. ``cache`` entries are written in the same transaction, and the reservations of their keys released, as are
    those of the nodes, or elements of nodes, that are ``released``; who waits for such a key gets ``word_of_release``. And
    ``audit`` is left in it.
    An attempt's node has a row in this turn or an earlier one.
    """

    execution: ExecutionId
    owner: str
    first_seq: int
    at_ns: int
    decisions: Sequence[Decision]
    row: ExecutionRow
    nodes: Sequence[NodeRow] = ()
    attempts: Sequence[AttemptRow] = ()
    posted: Sequence[str] = ()
    cache: Sequence[CacheEntry] = ()
    released: Sequence[tuple[NodeId, int | None]] = ()
    audit: AuditLine | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Snapshot(Shape):
    """The folded state after event *seq*, as bytes that only the engine's own version can read."""

    seq: int
    version: int
    state: bytes


class EventLog(Protocol):
    """Append-only events per execution. Raises ``StoreUnavailable`` (retryable) and ``StoreCorrupt``."""

    async def append(self, batches: Sequence[Append]) -> Sequence[ExecutionId]:
        """
        Commit turns of different executions in one transaction (group commit).

        A batch with ``first_seq == 1`` creates its execution; with the owner ``NOBODY`` it is there to be claimed.
        Returns the executions whose batch was refused because the sequence number is taken or the owner changed; the
        others are committed.
        When cancelled, each batch is either wholly there or not at all.
        """
        ...

    async def read(self, execution: ExecutionId, *, after: int = 0, limit: int | None = None) -> Sequence[Event]:
        """Return the events with ``seq > after`` in order, at most *limit* of them."""
        ...

    async def latest(self, execution: ExecutionId) -> Event | None:
        """Return the last event so far."""
        ...

    def listening(self, execution: ExecutionId | None) -> AbstractContextManager[Bell]:
        """
        Hand over a bell that rings when events of *execution*, or of any, are committed through this very object.

        What another process commits may ring it too, where the store can tell; who listens looks now and then all the same.
        """
        ...

    async def save_snapshot(self, execution: ExecutionId, snapshot: Snapshot) -> None:
        """Keep a snapshot, replacing an older one."""
        ...

    async def load_snapshot(self, execution: ExecutionId) -> Snapshot | None:
        """Return the latest snapshot."""
        ...

    async def put_closure(self, digest: str, closure: Closure) -> None:
        """Keep templates by digest; a second put of one digest changes nothing but the time by which ``Upkeep`` goes."""
        ...

    async def get_closure(self, digest: str) -> Closure | None:
        """Return templates by digest."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Lease(Shape):
    """An engine's right to own executions, judged by the database's clock. ``process`` is that of the engine (``ports.processes``)."""

    owner: str
    pool: str
    expires_at_ns: int
    process: str = ""


class Leases(Protocol):
    """One lease row per engine; executions name their owner."""

    async def renew(self, owner: str, *, pool: str, ttl_s: float, process: str = "") -> bool:
        """
        Take or extend the engine's lease, which names its *process*.

        False, once, when it had expired and somebody took executions from it: it lives again and owns what is left.
        """
        ...

    async def release(self, owner: str) -> None:
        """Give the lease up; its executions are free at once."""
        ...

    async def expire(self, owner: str) -> None:
        """
        End the lease of an engine whose process is gone: all is as if the lease had just run out.

        Changes nothing, and is no error, when it has run out.
        """
        ...

    async def living(self) -> Sequence[Lease]:
        """Return the leases that live, of all pools, ordered by owner."""
        ...

    async def claim(
        self, owner: str, *, pool: str, limit: int, execution: ExecutionId | None = None
    ) -> Sequence[tuple[ExecutionId, int]]:
        """
        Take over executions of the pool that are due and whose owner's lease is gone.

        Due are those that have not ended and either wait for no time, or for one that has come, or have messages pending.
        With *execution*, only that one, due or not: how a local run is resumed. Without a living lease of *owner*, none.
        Appends ``LeaseTaken(owner)`` at the next seq in the transaction that changes the owner; returns each execution with that seq.
        """
        ...

    async def relinquish(self, owner: str, execution: ExecutionId, *, wake_at_ns: int | None) -> None:
        """
        Leave an execution to whoever claims it next, and have its row say when it is due.

        Changes nothing, and is no error, when *owner* does not own it.
        """
        ...

    async def owned(self, owner: str) -> Sequence[ExecutionId]:
        """Return the executions of *owner* that have not ended, whether or not its lease lives."""
        ...

    async def wait(self, pool: str, *, timeout_s: float) -> None:
        """
        Return when something of *pool* may have become claimable since ``claim`` last looked, or after *timeout_s*.

        A due time that comes, a lease that expires and what other processes do may go unheard until then.
        """
        ...

    async def lease_of(self, execution: ExecutionId) -> Lease | None:
        """Return the lease of the engine that owns an execution, if it lives."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Posted(Shape):
    """A stimulus left for whoever owns the execution: its key and its kind with a JSON payload."""

    key: str
    kind: str
    payload: Mapping[str, Json]


class Inbox(Protocol):
    """Messages from any process to an execution; drained by its owner's next append."""

    async def post(self, execution: ExecutionId, posted: Posted, *, audit: AuditLine | None = None) -> None:
        """
        Leave a message. Raises ``ExecutionUnknown``.

        A second one with the same key changes nothing, even after the first was consumed.
        """
        ...

    async def pending(self, owner: str) -> Sequence[tuple[ExecutionId, Posted]]:
        """Return messages for unfinished executions of *owner* that no append consumed yet, in order of arrival."""
        ...

    async def wait(self, owner: str, *, timeout_s: float) -> None:
        """
        Return when something may have become pending since *owner* last asked ``pending``, or after *timeout_s*.

        Messages that were shown and are not consumed yet do not end the wait, so a loop of the two never spins.
        """
        ...


class Registry(Protocol):
    """Registered entities: create if absent, with a canonical digest; equal is fine, different is ``VersionConflict``."""

    async def register(
        self, closure: Closure, *, at_ns: int, activate: Sequence[EntityId] = (), audit: AuditLine | None = None
    ) -> Sequence[EntityId]:
        """
        Register every template of *closure* and switch on the launch plans *activate*, all or none; returns the ids that are new.

        The line is left whether or not any is new. Raises ``VersionConflict``, and ``EntityUnknown`` for a launch plan that is not there.
        """
        ...

    async def get(self, id: EntityId) -> TaskTemplate | WorkflowTemplate | LaunchPlanTemplate | None:
        """Return one template; an empty version means the newest."""
        ...

    async def closure(self, id: EntityId) -> Closure | None:
        """Return an entity with everything it reaches."""
        ...

    async def list(
        self,
        kind: EntityKind,
        *,
        project: str,
        domain: str,
        name: str = "",
        name_contains: str = "",
        page: Page = Page(),
    ) -> tuple[Sequence[EntityId], str]:
        """
        Return ids, newest first; with *name*, that entity's versions, else the newest version of each.

        *name_contains* narrows the list to names with that in it.
        """
        ...

    async def registered_at(self, ids: Sequence[EntityId]) -> Mapping[EntityId, int]:
        """Return when each of *ids*, which name versions, was registered first, in ns since the epoch; what is unknown is left out."""
        ...

    async def activate(self, id: EntityId, *, is_active: bool, at_ns: int, audit: AuditLine | None = None) -> None:
        """Switch a launch plan on or off; at most one version per name is active. Raises ``EntityUnknown``."""
        ...

    async def active(self, *, project: str, domain: str, name: str) -> EntityId | None:
        """Return the active version of a launch plan."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Reservation(Shape):
    """
    The right to populate a key, taken for the first attempt of a node, or of an element of one, and held until that has ended.

    Valid while its execution lives and its node has not ended, whatever becomes of single attempts.
    """

    key: CacheKey
    attempt: AttemptId

    def is_held_for(self, attempt: AttemptId) -> bool:
        """Say whether the node, or the element, of *attempt* holds it."""
        mine, other = self.attempt, attempt
        return (mine.execution, mine.node, mine.element) == (other.execution, other.node, other.element)


RELEASE = "release"
"""The kind of a message that says that a key is free, or has been populated."""


def word_of_release(digest: str, node: NodeId, *, by: Append) -> Posted:
    """Write down, for *node* which waits for the key of that *digest*, that the turn *by* has released it."""
    return Posted(key=f"{RELEASE}:{digest}:{node}:{by.execution}:{by.first_seq}", kind=RELEASE, payload={"node": node})


class CacheIndex(Protocol):
    """Outputs by cache key. Entries are written by ``EventLog.append``."""

    async def get(self, key: CacheKey) -> CacheEntry | None:
        """Return the entry."""
        ...

    async def latest(self, key: CacheKey) -> CacheEntry | None:
        """Return the newest entry of the same project, domain and task, to say why *key* missed."""
        ...

    async def entries(self, *, after: str = "", limit: int) -> Sequence[CacheEntry]:
        """Return at most *limit* entries, those with a digest behind *after* in order of digests."""
        ...

    async def reserve(self, reservation: Reservation) -> Reservation:
        """
        Take the key, or return the valid reservation that holds it, and remember that the node of *reservation* waits for it.

        Another attempt of the node that holds it has it already. A local execution (``ports.pools``) whose owner's lease is gone
        does not live.
        """
        ...

    async def clear(self, *, project: str = "", domain: str = "", task: str = "") -> int:
        """Delete entries, narrowed by what is given; returns how many."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScheduleState(Shape):
    """How far an active launch plan's schedule has fired."""

    launch_plan: EntityId
    activated_at_ns: int
    fired_until_ns: int


class Schedules(Protocol):
    """Progress of schedules."""

    async def states(self) -> Sequence[ScheduleState]:
        """Return the state of every active launch plan that has a schedule."""
        ...

    async def fired(self, launch_plan: EntityId, *, until_ns: int) -> None:
        """Remember that ticks up to *until_ns* are done; never goes back."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Project(Shape):
    """A named place for entities and executions."""

    id: str
    name: str = ""
    description: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    is_archived: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Token(Shape):
    """A stored credential: the hash of its secret, whose it is, and roles by project (``*`` for all)."""

    id: str
    principal: str
    secret_hash: str
    roles: Mapping[str, str]
    created_at_ns: int
    expires_at_ns: int | None = None


class Accounts(Protocol):
    """Projects, tokens, keys and the audit trail."""

    async def put_project(self, project: Project, *, audit: AuditLine | None = None) -> None:
        """Create or replace a project."""
        ...

    async def projects(self) -> Sequence[Project]:
        """Return projects ordered by id."""
        ...

    async def put_token(self, token: Token, *, audit: AuditLine | None = None) -> None:
        """Keep a token."""
        ...

    async def tokens(self) -> Sequence[Token]:
        """Return all tokens ordered by id."""
        ...

    async def delete_token(self, id: str, *, audit: AuditLine | None = None) -> None:
        """Forget a token."""
        ...

    async def keep_key(self, name: str, key: bytes) -> bytes:
        """Return the key kept under *name*, which is *key* if there was none: how all servers of a store sign alike."""
        ...

    async def audit(self, line: AuditLine) -> None:
        """Add a line about what changes nothing in this database."""
        ...

    async def audited(self, page: Page) -> tuple[Sequence[AuditLine], str]:
        """Return lines, latest first, and the token of the next page or ``""``."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StoredClosure(Shape):
    """What is known of a stored closure without reading it; ``put_at_ns`` is when it was last put."""

    digest: str
    size_bytes: int
    put_at_ns: int


class Upkeep(Protocol):
    """Putting away what is over. Only executions that have ended are touched, and these never change again."""

    async def archive(self, execution: ExecutionId, *, is_archived: bool, audit: AuditLine | None = None) -> None:
        """Hide an execution from lists, or show it again. Raises ``ExecutionUnknown`` and ``ExecutionUnfinished``."""
        ...

    async def delete(
        self, executions: Sequence[ExecutionId], *, audit: AuditLine | None = None
    ) -> Sequence[ExecutionId]:
        """
        Delete executions with their events, snapshots, rows and messages, in one transaction; what they cached stays.

        Returns those that are deleted: the ones that are known and have ended.
        """
        ...

    async def delete_snapshots(self, executions: Sequence[ExecutionId]) -> None:
        """Forget the snapshots of those *executions* that have ended; their logs say the same."""
        ...

    async def closures(self) -> Sequence[StoredClosure]:
        """List the closures that the log keeps, ordered by digest."""
        ...

    async def delete_closures(
        self, digests: Sequence[str], *, put_before_ns: int, audit: AuditLine | None = None
    ) -> None:
        """Delete closures, but for those that were put again since *put_before_ns*: somebody is about to use them."""
        ...


class Database(Protocol):
    """The ports over one store, opened once and shared."""

    @property
    def is_durable(self) -> bool:
        """Whether what is committed outlives the process; without that there is nobody to hold a lease against."""
        ...

    @property
    def has_views(self) -> bool:
        """Whether anybody may look at nodes and attempts; if not, appends carry no rows of them."""
        ...

    @property
    def log(self) -> EventLog: ...
    @property
    def views(self) -> Views: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def cache(self) -> CacheIndex: ...
    @property
    def schedules(self) -> Schedules: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def upkeep(self) -> Upkeep: ...

    async def open(self) -> None:
        """Connect, and migrate to the present schema. Raises ``StoreUnavailable``, ``StoreCorrupt``, ``StoreTooNew``."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...
