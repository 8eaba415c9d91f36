"""
The documents of the HTTP API: what a server and its clients say to each other.

Written and read by ``plait_core.ir.codec`` as JSON; rows and templates travel in the same form in which they are stored. What is
added has a default, so that a client and a server of neighbouring versions understand each other.
"""

from collections.abc import Mapping

import attrs

from plait_core.ir.executions import CacheVerdict, Closure, ExecutionSpec
from plait_core.ir.ids import EntityId, ExecutionId, NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.json import Json
from plait_core.ir.launch_plans import ExecutionOptions, ScheduleSpec
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.shapes import Shape
from plait_core.ports.databases import AttemptRow, AuditLine, ExecutionRow, NodeRow, Project, StoredClosure

API_VERSION = 1
"""The number in ``/api/v1``."""

# ── lists ────────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionPage(Shape):
    """Executions; ``token`` asks for the next page and is empty on the last."""

    items: tuple["ExecutionSummary", ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EntityPage(Shape):
    """Entities; ``token`` as above."""

    items: tuple["EntitySummary", ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptPage(Shape):
    """Attempts of an execution; ``offset`` asks for the next page and is ``None`` on the last."""

    items: tuple[AttemptRow, ...]
    offset: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodePage(Shape):
    """Nodes of an execution, in order of first appearance; ``token`` as above."""

    items: tuple[NodeRow, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AuditPage(Shape):
    """Lines of the audit trail, latest first; ``token`` as above."""

    items: tuple[AuditLine, ...]
    token: str = ""


# ── projects, tokens ─────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProjectList(Shape):
    """Projects ordered by id, with the domains that every one of them has; ``token`` as above."""

    items: tuple[Project, ...]
    domains: tuple[str, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProjectRequest(Shape):
    """Create a project, or replace what is said of it."""

    name: str = ""
    description: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    is_archived: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TokenRequest(Shape):
    """Make a token for *principal*, with a role (viewer, runner, author, admin) by project; ``*`` is every project."""

    principal: str
    roles: Mapping[str, str]
    expires_in_s: float | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TokenInfo(Shape):
    """What is known of a token; its secret is not."""

    id: str
    principal: str
    roles: Mapping[str, str]
    created_at_ns: int
    expires_at_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TokenList(Shape):
    """Tokens ordered by id; ``token`` asks for the next page and is empty on the last."""

    items: tuple[TokenInfo, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NewToken(Shape):
    """A token as it was made: the only time that its secret is shown."""

    info: TokenInfo
    secret: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Identity(Shape):
    """Who the caller is, and what the server is."""

    principal: str
    roles: Mapping[str, str]
    server_version: str
    api_version: int = API_VERSION


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginLinkRequest(Shape):
    """Ask for a link that logs a browser in as the caller and leads to *page*, a path below the console."""

    page: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginLink(Shape):
    """A link that works once; ``url`` is relative to the server's origin."""

    url: str
    expires_at_ns: int


# ── entities ─────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EntitySummary(Shape):
    """
    A registered entity as lists show it.

    Of a launch plan, ``is_active`` speaks of this version, ``active_version`` names the one that is active, if any is, and ``workflow`` is what
    it runs. ``type`` is that of a task. ``registered_at_ns`` is when this version came.
    """

    id: EntityId
    interface: TypedInterface
    is_active: bool = False
    documentation: str = ""
    active_version: str = ""
    type: str = ""
    workflow: EntityId | None = None
    schedule: ScheduleSpec | None = None
    registered_at_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RegisterRequest(Shape):
    """
    Register closures, all or none. Their ids name project, domain and version in full.

    Entities that they refer to and do not hold are looked up in the registry. ``activate`` switches on the launch plans
    among them; those with ``auto_activate`` are switched on anyway. With ``dry_run`` everything is checked and nothing is kept.
    """

    closures: tuple[Closure, ...]
    activate: bool = False
    dry_run: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RegisterReply(Shape):
    """What registering did: ids that are new, ids that were there and are equal, launch plans that are active now."""

    created: tuple[EntityId, ...] = ()
    unchanged: tuple[EntityId, ...] = ()
    activated: tuple[EntityId, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ActivationRequest(Shape):
    """Switch a version of a launch plan on or off."""

    is_active: bool


# ── executions ───────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LaunchRequest(Shape):
    """
    Start an execution in the project and domain of the URL.

    ``target`` without a version is the newest one, or, of a launch plan, the active one. ``name`` is made up when empty.
    """

    target: EntityId
    inputs: LiteralMap = attrs.field(factory=dict)
    options: ExecutionOptions = ExecutionOptions()
    name: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RelaunchRequest(Shape):
    """
    Start again what an execution ran, with its user inputs; ``inputs`` replace those of the same name.

    Its options hold but for those that ``options`` set; whether the cache is overwritten is asked for each time.
    """

    inputs: LiteralMap = attrs.field(factory=dict)
    options: ExecutionOptions = ExecutionOptions()
    name: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RerunRequest(Shape):
    """
    Start again from *nodes* (ids of the workflow's own nodes), reusing what does not depend on them.

    No nodes means to recover: everything that did not succeed is run again.
    """

    nodes: tuple[NodeId, ...] = ()
    name: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RerunStep(Shape):
    """What would become of one node: reused or run again, and why."""

    node: NodeId
    name: str
    is_reused: bool
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RerunPlan(Shape):
    """What a rerun would do, node by node in topological order."""

    steps: tuple[RerunStep, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AbortRequest(Shape):
    """End an execution, saying why."""

    reason: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ArchiveRequest(Shape):
    """Hide an execution from lists, or show it again."""

    is_archived: bool = True


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SignalRequest(Shape):
    """Hand a value to a gate."""

    value: Literal


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionSummary(Shape):
    """An execution as lists show it; ``phase`` is the one to show, which may be INTERRUPTED."""

    row: ExecutionRow
    phase: ExecutionPhase
    url: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionDetail(Shape):
    """
    An execution: its row, what was asked for, and what came of it.

    ``url`` is its page in the console. ``waits_for`` says what it needs as a whole, which is an engine, while none runs.
    """

    row: ExecutionRow
    phase: ExecutionPhase
    spec: ExecutionSpec
    outputs: LiteralMap | None = None
    url: str = ""
    waits_for: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeDetail(Shape):
    """
    A node with its values. ``inputs`` is ``None`` while they are not known.

    ``waits_for`` says, for a node that is not done, what it waits for; ``signal`` is the id by which a gate is answered. ``child`` is the
    execution that a node has started, which is what the node of a launch plan does.
    """

    row: NodeRow
    inputs: LiteralMap | None = None
    outputs: LiteralMap | None = None
    verdict: CacheVerdict | None = None
    waits_for: tuple[str, ...] = ()
    signal: str = ""
    child: ExecutionId | None = None


# ── blobs ────────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UploadRequest(Shape):
    """
    Ask for a URL to upload one file to.

    ``sha256`` (hex) and ``size_bytes`` are of the content, which the server checks. ``purpose`` is ``input`` for a value of an
    execution to be, or ``bundle`` for the source of entities. ``filename`` may have folders (``data/2024/a.csv``). Files that are
    uploaded with the same ``group``, a random name of the caller's, keep their names below one prefix: the ticket's URI without
    ``filename`` is the same for all of them. Without a group, each file has a place of its own.
    """

    project: str
    domain: str
    filename: str
    sha256: str
    size_bytes: int
    purpose: str = "input"
    group: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UploadTicket(Shape):
    """
    Where to PUT the content, and the URI under which it will be found.

    ``url`` is relative to the server's origin when it begins with a slash, and empty when the very same content is there already.
    """

    uri: str
    url: str
    expires_at_ns: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DownloadRequest(Shape):
    """
    Ask for a URL to download a blob from; its URI lies under the server's own blob storage.

    Where no blob has that very URI, but others begin with it and a slash (a directory, a dataset), the ticket lists them.
    """

    project: str
    uri: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DownloadTicket(Shape):
    """
    Where to GET a blob; ``url`` as above.

    For a prefix, ``url`` is empty and ``names`` has the names of all blobs below it, relative to it and sorted; each is asked for by
    itself, and ``size_bytes`` is that of all of them.
    """

    url: str
    size_bytes: int
    expires_at_ns: int
    names: tuple[str, ...] = ()


# ── upkeep ───────────────────────────────────────────────────────────────────


LONGEST_S = 100 * 366 * 86_400.0
"""The greatest age that can be asked for, in seconds: a hundred years."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SweepRequest(Shape):
    """
    Put away what is over, of *project* and *domain* or, where these are empty, of all; one step of it.

    What is kept for how long is said by the settings of the server, or by ``older_than_s`` for everything. With ``dry_run`` nothing is
    deleted. ``token`` is that of the step before; all else is the same in each step.
    """

    project: str = ""
    domain: str = ""
    older_than_s: float | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(
            attrs.validators.and_(attrs.validators.ge(0), attrs.validators.le(LONGEST_S))
        ),
    )
    dry_run: bool = True
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SweptExecution(Shape):
    """An execution that is deleted, or would be."""

    id: ExecutionId
    phase: ExecutionPhase
    ended_at_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SweepReply(Shape):
    """
    What one step of a sweep deleted, or would delete; ``token`` asks for the next step, and is empty after the last.

    ``n_files`` files of ``size_bytes`` together were left by executions, those that stay among them; of ``n_snapshots`` executions
    that stay the snapshots go. ``closures`` are sets of templates that nothing uses any more.
    """

    executions: tuple[SweptExecution, ...] = ()
    closures: tuple[StoredClosure, ...] = ()
    n_files: int = 0
    size_bytes: int = 0
    n_snapshots: int = 0
    token: str = ""


# ── problems ─────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Problem(Shape):
    """
    Why a request was refused (RFC 9457, ``application/problem+json``).

    ``type`` ends in the name of the error's class. ``remedy`` says whose move it is and what to do; ``faults`` lists every one.
    """

    type: str
    title: str
    status: int
    detail: str
    remedy: str = ""
    faults: tuple[str, ...] = ()
    extra: Json = None


# ── health ───────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReadinessCheck(Shape):
    """One thing that requests or executions need, and whether it is there."""

    name: str
    is_ok: bool
    detail: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Readiness(Shape):
    """Whether a server can answer: also while no engine runs, on which only executions depend."""

    is_ready: bool
    checks: tuple[ReadinessCheck, ...]
