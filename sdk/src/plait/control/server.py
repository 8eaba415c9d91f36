"""
``ServerPlane``: the control plane of a server, over its HTTP API.

One method for each operation. Beyond the protocol it starts executions, hands out signed URLs and keeps tokens, which the store of
a machine cannot do by itself.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from urllib.parse import quote

import attrs

from plait.control.connection import PREFIX, TIMEOUT_S, Connection, is_passing
from plait.control.patience import Absence
from plait.control.plane import FIRST, ROWS_AT_ONCE, Waiting, every_row, first, gates_of
from plait.errors import NotOnServer, ServerConflict, ServerRefused, ServerUnreachable
from plait_core.authoring.bundles import Bundle
from plait_core.ir.codec import from_json
from plait_core.ir.events import Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.json import Json
from plait_core.ir.literals import Literal
from plait_core.ir.phases import TERMINAL_NODE, NodePhase
from plait_core.ir.types import LiteralType
from plait_core.ports.api import (
    AbortRequest,
    ActivationRequest,
    ArchiveRequest,
    AttemptPage,
    DownloadRequest,
    DownloadTicket,
    EntityPage,
    ExecutionDetail,
    ExecutionPage,
    Identity,
    LaunchRequest,
    NewToken,
    NodeDetail,
    NodePage,
    ProjectList,
    ProjectRequest,
    RegisterReply,
    RegisterRequest,
    RelaunchRequest,
    RerunPlan,
    RerunRequest,
    SignalRequest,
    SweepReply,
    SweepRequest,
    TokenList,
    TokenRequest,
    UploadRequest,
    UploadTicket,
)
from plait_core.ports.databases import (
    EVERY_NODE,
    AttemptRow,
    ExecutionFilter,
    ExecutionOrder,
    NodeFilter,
    Page,
    Project,
)

SWEEP_S = 300.0
"""How long a step of a sweep may take, which deletes up to a thousand files."""
AT_ONCE = 8
"""Nodes whose values are asked for at the same time."""
UNFINISHED = NodeFilter(phases=tuple(phase for phase in NodePhase if phase not in TERMINAL_NODE))

_FOLDERS = {EntityKind.TASK: "tasks", EntityKind.WORKFLOW: "workflows", EntityKind.LAUNCH_PLAN: "launch_plans"}


class ServerPlane:
    """``ControlPlane`` of the server behind *connection*, which somebody else opens and closes."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def identity(self) -> Identity:
        """Return who the caller is."""
        return await self.connection.ask(Identity, "GET", "/identity")

    # ── projects, tokens ─────────────────────────────────────────────────────

    async def projects(self) -> ProjectList:
        found = await self.connection.ask(ProjectList, "GET", "/projects")
        while found.token:
            more = await self.connection.ask(ProjectList, "GET", "/projects", query={"token": found.token})
            found = attrs.evolve(more, items=(*found.items, *more.items))
        return found

    async def put_project(self, project: str, request: ProjectRequest) -> Project:
        return await self.connection.ask(Project, "PUT", f"/projects/{_quoted(project)}", body=request)

    async def tokens(self) -> TokenList:
        """Return all tokens, without their secrets."""
        found = await self.connection.ask(TokenList, "GET", "/tokens")
        while found.token:
            more = await self.connection.ask(TokenList, "GET", "/tokens", query={"token": found.token})
            found = attrs.evolve(more, items=(*found.items, *more.items))
        return found

    async def create_token(self, request: TokenRequest) -> NewToken:
        """Make a token."""
        return await self.connection.ask(NewToken, "POST", "/tokens", body=request)

    async def delete_token(self, id: str) -> None:
        """Delete a token."""
        await self.connection.tell("DELETE", f"/tokens/{_quoted(id)}")

    # ── entities ─────────────────────────────────────────────────────────────

    async def upload_bundle(self, project: str, domain: str, bundle: Bundle) -> None:
        ticket = await self.upload_ticket(
            UploadRequest(
                project=project,
                domain=domain,
                filename=bundle.filename,
                sha256=bundle.digest,
                size_bytes=len(bundle.data),
                purpose="bundle",
            )
        )
        if ticket.url:
            await self.connection.send("PUT", self.connection.signed(ticket.url), content=bundle.data)

    async def register(self, project: str, domain: str, request: RegisterRequest) -> RegisterReply:
        path = f"{_place(project, domain)}/register"  # twice is as good as once: what is there and equal is fine
        return await self.connection.ask(RegisterReply, "POST", path, body=request, is_repeatable=True)

    async def entities(
        self,
        kind: EntityKind,
        project: str,
        domain: str,
        *,
        name_contains: str = "",
        version: str = "",
        page: Page = FIRST,
    ) -> EntityPage:
        query = {"name_contains": name_contains, "version": version, "limit": page.limit, "token": page.token}
        return await self.connection.ask(EntityPage, "GET", f"{_place(project, domain)}/{_FOLDERS[kind]}", query=query)

    async def versions(
        self,
        kind: EntityKind,
        project: str,
        domain: str,
        name: str,
        *,
        page: Page = FIRST,
    ) -> EntityPage:
        query = {"limit": page.limit, "token": page.token}
        path = f"{_place(project, domain)}/{_FOLDERS[kind]}/{_quoted(name)}/versions"
        return await self.connection.ask(EntityPage, "GET", path, query=query)

    async def closure(self, id: EntityId) -> Closure:
        return await self.connection.ask(Closure, "GET", _entity(id))

    async def activate(self, id: EntityId, *, is_active: bool) -> None:
        await self.connection.tell("PUT", f"{_entity(id)}/activation", body=ActivationRequest(is_active=is_active))

    # ── executions: looking ──────────────────────────────────────────────────

    async def executions(
        self,
        where: ExecutionFilter,
        page: Page = FIRST,
        order: ExecutionOrder = ExecutionOrder.NEWEST,
        *,
        target: str = "",
    ) -> ExecutionPage:
        query = {
            "phase": [phase.value for phase in where.phases],
            "target": target,
            "name_contains": where.name_contains,
            "principal": where.principal,
            "created_from_ns": where.created_from_ns,
            "created_before_ns": where.created_before_ns,
            "lasted_from_ns": where.lasted_from_ns,
            "lasted_below_ns": where.lasted_below_ns,
            "include_archived": where.include_archived,
            "sort": order.value,
            "limit": page.limit,
            "token": page.token,
        }
        path = f"{_place(where.project, where.domain)}/executions"
        return await self.connection.ask(ExecutionPage, "GET", path, query=query)

    async def execution(self, id: ExecutionId, *, wait_s: float = 0.0) -> ExecutionDetail:
        """Return an execution; a server that can waits up to *wait_s* seconds for its end before it answers."""
        query = {"wait_s": f"{wait_s:g}"} if wait_s else {}
        return await self.connection.ask(
            ExecutionDetail, "GET", _execution(id), query=query, timeout_s=TIMEOUT_S + wait_s
        )

    async def execution_closure(self, id: ExecutionId) -> Closure:
        return await self.connection.ask(Closure, "GET", f"{_execution(id)}/closure")

    async def rows(self, id: ExecutionId, where: NodeFilter = EVERY_NODE, page: Page = FIRST) -> NodePage:
        query = {
            "phase": [phase.value for phase in where.phases],
            "kind": list(where.kinds),
            "name_contains": where.name_contains,
            "limit": page.limit,
            "token": page.token,
        }
        return await self.connection.ask(NodePage, "GET", f"{_execution(id)}/nodes", query=query)

    async def node(self, id: ExecutionId, node: NodeId) -> NodeDetail | None:
        try:
            return await self._node(id, node)
        except NotOnServer as refused:
            if refused.kind != "UnknownPart":
                raise
            return None

    async def _node(self, id: ExecutionId, node: NodeId) -> NodeDetail:
        return await self.connection.ask(NodeDetail, "GET", f"{_execution(id)}/nodes/{_quoted(node)}")

    async def nodes(
        self, id: ExecutionId, where: NodeFilter = EVERY_NODE, *, limit: int | None = None
    ) -> Sequence[NodeDetail]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(node: NodeId) -> NodeDetail:
            async with room:
                return await self._node(id, node)

        rows = await every_row(self, id, where) if limit is None else await first(limit, partial(self.rows, id, where))
        return await asyncio.gather(*(one(row.node) for row in rows))

    async def waits(self, id: ExecutionId) -> Sequence[Waiting]:
        found = []
        for detail in await self.nodes(id, UNFINISHED):
            for text in detail.waits_for:
                what, _, until = text.partition(" until ")
                signal = detail.signal if detail.signal and repr(detail.signal) in what else ""  # not that of its timer
                found.append(Waiting(detail.row.node, what, until or None, signal))
        return found

    async def gates(self, id: ExecutionId) -> Mapping[str, LiteralType | None]:
        signals = dict.fromkeys(wait.signal for wait in await self.waits(id) if wait.signal)
        known = gates_of(await self.execution_closure(id)) if signals else {}
        return {signal: known.get(signal) for signal in signals}

    async def attempts(
        self, id: ExecutionId, node: NodeId | None = None, *, limit: int | None = None
    ) -> Sequence[AttemptRow]:
        found: list[AttemptRow] = []
        token = ""
        while limit is None or len(found) < limit:
            n = ROWS_AT_ONCE if limit is None else min(ROWS_AT_ONCE, limit - len(found))
            query = {"node": node or "", "limit": n, "token": token}
            page = await self.connection.ask(AttemptPage, "GET", f"{_execution(id)}/attempts", query=query)
            found += page.items
            token = page.token
            if not token:
                break
        return found

    async def events(self, id: ExecutionId, *, after: int = 0) -> AsyncGenerator[Event, None]:
        import json

        last_id = str(after) if after else ""
        async with aclosing(self.connection.follow(f"{_execution(id)}/events", last_id=last_id)) as messages:
            async for message in messages:
                if message.event != "end":
                    document: Json = json.loads(message.data)
                    yield from_json(Event, document)

    async def log(self, attempt: AttemptId, *, follows: bool = False) -> AsyncGenerator[bytes, None]:
        query = {"element": attempt.element, "follow": follows}
        path = f"{PREFIX}{_execution(attempt.execution)}/attempts/{_quoted(attempt.node)}/{attempt.n}/logs"
        since = 0
        absence: Absence | None = None
        while True:
            try:
                async with aclosing(self.connection.read(path, query={**query, "since": since or None})) as chunks:
                    async for chunk in chunks:
                        since, absence = since + len(chunk), None
                        yield chunk
            except (ServerUnreachable, ServerRefused) as error:
                # a task may be silent for longer than a line is kept open, which says nothing of the server
                if absence is None or (isinstance(error, ServerUnreachable) and error.had_begun):
                    absence = self.connection.absence()
                if not follows or not is_passing(error) or not await absence.pause(error.detail):
                    raise
            else:
                return

    async def plan_rerun(self, id: ExecutionId, nodes: Sequence[NodeId]) -> RerunPlan:
        return await self.connection.ask(RerunPlan, "GET", f"{_execution(id)}/rerun", query={"node": list(nodes)})

    # ── executions: changing ─────────────────────────────────────────────────

    async def launch(self, project: str, domain: str, request: LaunchRequest) -> ExecutionDetail:
        """Start an execution. With a name of the caller's, a request that was cut off is sent again and starts no second one."""
        return await self._started(f"{_place(project, domain)}/executions", request, project, domain)

    async def relaunch(self, id: ExecutionId, request: RelaunchRequest) -> ExecutionDetail:
        """Start again what an execution ran."""
        return await self._started(f"{_execution(id)}/relaunch", request, id.project, id.domain)

    async def rerun(self, id: ExecutionId, request: RerunRequest) -> ExecutionDetail:
        """Start again from some nodes; without any, recover."""
        return await self._started(f"{_execution(id)}/rerun", request, id.project, id.domain)

    async def _started(
        self, path: str, request: LaunchRequest | RelaunchRequest | RerunRequest, project: str, domain: str
    ) -> ExecutionDetail:
        try:
            return await self.connection.ask(
                ExecutionDetail, "POST", path, body=request, is_repeatable=bool(request.name)
            )
        except ServerConflict as refused:
            if refused.n_tries == 1 or refused.kind != "ExecutionExists":
                raise
            found = await self.execution(ExecutionId(project=project, domain=domain, name=request.name))
            if isinstance(request, LaunchRequest) and not _is_of(found, request):
                raise
            return found  # our first try had come through

    async def abort(self, id: ExecutionId, *, reason: str) -> None:
        await self.connection.tell(
            "POST", f"{_execution(id)}/abort", body=AbortRequest(reason=reason), is_repeatable=True
        )

    async def signal(self, id: ExecutionId, signal: str, value: Literal) -> None:
        path = f"{_execution(id)}/signals/{_quoted(signal)}"
        await self.connection.tell("PUT", path, body=SignalRequest(value=value))

    async def archive(self, id: ExecutionId, *, is_archived: bool) -> None:
        body = ArchiveRequest(is_archived=is_archived)
        await self.connection.tell("POST", f"{_execution(id)}/archive", body=body, is_repeatable=True)

    async def sweep(self, request: SweepRequest) -> SweepReply:
        return await self.connection.ask(
            SweepReply, "POST", "/sweeps", body=request, timeout_s=SWEEP_S, is_repeatable=True
        )

    # ── blobs ────────────────────────────────────────────────────────────────

    async def upload_ticket(self, request: UploadRequest) -> UploadTicket:
        """Ask where to upload a file to."""
        return await self.connection.ask(UploadTicket, "POST", "/uploads", body=request, is_repeatable=True)

    async def download_ticket(self, project: str, uri: str) -> DownloadTicket:
        """Ask where to download a blob from."""
        body = DownloadRequest(project=project, uri=uri)
        return await self.connection.ask(DownloadTicket, "POST", "/downloads", body=body, is_repeatable=True)


def _is_of(found: ExecutionDetail, request: LaunchRequest) -> bool:
    """Whether an execution may well be what *request* asked for."""
    return found.row.target.name == request.target.name and found.spec.user_inputs == request.inputs


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _place(project: str, domain: str) -> str:
    return f"/projects/{_quoted(project)}/domains/{_quoted(domain)}"


def _entity(id: EntityId) -> str:
    return f"{_place(id.project, id.domain)}/{_FOLDERS[id.kind]}/{_quoted(id.name)}/versions/{_quoted(id.version)}"


def _execution(id: ExecutionId) -> str:
    return f"{_place(id.project, id.domain)}/executions/{_quoted(id.name)}"
