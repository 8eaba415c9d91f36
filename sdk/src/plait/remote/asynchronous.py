"""
``AsyncRemote``: a server, for Python programs with an event loop.

The one implementation of the client; ``plait.remote.client`` waits for its methods. Connections are made when they are needed.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike, urandom
from pathlib import Path
from time import monotonic
from typing import Any, Self
from urllib.parse import quote

import attrs

from plait.code.discovery import gathered
from plait.control.connection import Connection, token_of
from plait.control.patience import FOLLOWING_S, Patience
from plait.control.plane import PAGE, first, gates_of, interface_of, resolved
from plait.control.server import ServerPlane
from plait.errors import NamedTwice, NothingToFetch, NotOnServer, ServerRefused, WaitTimedOut
from plait.registration import Registration, registration_of, send
from plait.remote.addresses import parse_address
from plait.remote.blobs import download_all
from plait.remote.executions import RemoteEntity, RemoteExecution
from plait.remote.inputs import Inputs
from plait.remote.pictures import Pictures
from plait_core.authoring.bundles import Copy, source_root
from plait_core.authoring.entities import Entity
from plait_core.authoring.options import Options
from plait_core.authoring.references import ReferenceLaunchPlan, ReferenceTask, ReferenceWorkflow
from plait_core.authoring.tracing import trace
from plait_core.authoring.typesystem import process_types
from plait_core.errors.stores import EntityUnknown
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.plugins import Settings, process_plugins
from plait_core.ports.api import (
    EntitySummary,
    ExecutionSummary,
    Identity,
    LaunchRequest,
    RegisterReply,
    RelaunchRequest,
    RerunPlan,
    RerunRequest,
)
from plait_core.ports.databases import AttemptRow, ExecutionFilter, Project
from plait_core.types.contexts import DETACHED
from plait_core.types.files import Directory, File

Target = Entity[Any, Any] | RemoteEntity | EntityId | str
Seconds = float | timedelta
Execution = RemoteExecution | str
"""One that was started or fetched, or the name of one in the client's own project and domain."""

LOOK_S = (0.05, 2.0)
"""How long to rest between two looks at an execution, first and longest, where the server does not wait itself."""
WAIT_S = 30.0
"""How long one request waits for the end of an execution."""
KINDS = (EntityKind.WORKFLOW, EntityKind.TASK, EntityKind.LAUNCH_PLAN)
"""In the order in which an entity that is named only is looked for."""


class AsyncRemote:
    """
    A server, for programs with an event loop. Use as an async context manager, or ``close`` it.

    Args:
        endpoint: URL of the server; the setting ``endpoint`` by default.
        default_project: Where entities and executions belong that name no project; the setting ``project`` by default.
        default_domain: The same for the domain.
        token: What identifies the caller; the setting ``token``, or the one kept for the endpoint, by default.
        settings: In place of those of the working directory.
        connect: Makes connections, in place of those over the network.
    """

    def __init__(
        self,
        endpoint: str = "",
        default_project: str = "",
        default_domain: str = "",
        *,
        token: str = "",
        settings: Settings | None = None,
        connect: Callable[[], Connection] | None = None,
    ) -> None:
        settings = settings or process_plugins().settings
        if endpoint:
            settings = attrs.evolve(settings, endpoint=endpoint)
        self._endpoint = settings.endpoint
        self._project = default_project or settings.project
        self._domain = default_domain or settings.domain
        token = token or token_of(settings)
        self._connect = connect or (lambda: Connection(settings.endpoint, token, patience=Patience(FOLLOWING_S)))
        self._types = process_types()
        self._opened: tuple[Connection, ServerPlane] | None = None
        self._pictures = Pictures(self._connect, self._types)
        self._registered_as: dict[tuple[Entity[Any, Any], str, str, str], EntityId] = {}

    async def __aenter__(self) -> Self:
        """Connect to nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        await self.close()

    async def close(self) -> None:
        """Hang up, and delete what was downloaded and not asked to be kept."""
        self._pictures.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close the connection; the next request makes another one."""
        if self._opened is not None:
            connection, _ = self._opened
            self._opened = None
            await connection.__aexit__()

    async def _plane(self) -> ServerPlane:
        if self._opened is None:
            connection = await self._connect().__aenter__()
            self._opened = (connection, ServerPlane(connection))
        return self._opened[1]

    async def identity(self) -> Identity:
        """Return who the caller is to the server, with which roles, and which release the server is of."""
        return await (await self._plane()).identity()

    # ── registering ──────────────────────────────────────────────────────────

    async def register(
        self,
        *entities: Entity[Any, Any],
        version: str = "",
        project: str = "",
        domain: str = "",
        copy: Copy | str = Copy.AUTO,
        activate_launchplans: bool = False,
    ) -> RegisterReply:
        """
        Register entities with their code.

        Without *version*, it follows from the code. Raises what ``plait register`` reports.
        """
        registration = registration_for(entities, Copy(copy), version)
        return await self._send(registration, project, domain, version, activate=activate_launchplans)

    async def register_task(
        self,
        entity: Entity[Any, Any],
        *,
        version: str = "",
        project: str = "",
        domain: str = "",
        copy: Copy | str = Copy.AUTO,
    ) -> RemoteEntity:
        """Register a task with its code; the options are those of ``register``."""
        return await self._registered(entity, version, project, domain, Copy(copy), activate=False)

    async def register_workflow(
        self,
        entity: Entity[Any, Any],
        *,
        version: str = "",
        project: str = "",
        domain: str = "",
        copy: Copy | str = Copy.AUTO,
        activate_launchplans: bool = False,
    ) -> RemoteEntity:
        """Register a workflow with its default launch plan, all it reaches, and their code."""
        return await self._registered(entity, version, project, domain, Copy(copy), activate=activate_launchplans)

    async def register_launch_plan(
        self,
        entity: Entity[Any, Any],
        *,
        version: str = "",
        project: str = "",
        domain: str = "",
        copy: Copy | str = Copy.AUTO,
        activate_launchplans: bool = False,
    ) -> RemoteEntity:
        """Register a launch plan with its workflow and code."""
        return await self._registered(entity, version, project, domain, Copy(copy), activate=activate_launchplans)

    async def register_script(
        self,
        *targets: str | PathLike[str],
        version: str = "",
        project: str = "",
        domain: str = "",
        copy: Copy | str = Copy.AUTO,
        activate_launchplans: bool = False,
    ) -> Sequence[RegisterReply]:
        """
        Register what files, folders, modules and packages declare, as ``plait register`` does; one reply per source root.

        Raises what keeps the first of them from being imported; nothing is registered then.
        """
        registrations, failures = gathered([str(target) for target in targets], Copy(copy), version=version)
        if failures:
            raise failures[0]
        return [
            await self._send(registration, project, domain, version, activate=activate_launchplans)
            for registration in registrations
        ]

    async def _registered(
        self, entity: Entity[Any, Any], version: str, project: str, domain: str, copy: Copy, *, activate: bool
    ) -> RemoteEntity:
        id_ = await self._register_one(entity, version, project, domain, copy, activate=activate)
        return RemoteEntity(id=id_, closure=await (await self._plane()).closure(id_))

    async def _register_one(
        self, entity: Entity[Any, Any], version: str, project: str, domain: str, copy: Copy, *, activate: bool
    ) -> EntityId:
        """Register an entity, and return its id; one that is declared as registered elsewhere has it already."""
        if isinstance(entity, ReferenceTask | ReferenceWorkflow | ReferenceLaunchPlan):
            return entity.id
        registration = registration_for([entity], copy, version)
        version = version or registration.own_version
        await self._send(registration, project, domain, version, activate=activate)
        main = registration.closures[0].main
        return attrs.evolve(main, project=project or self._project, domain=domain or self._domain, version=version)

    async def _send(
        self, registration: Registration, project: str, domain: str, version: str, *, activate: bool
    ) -> RegisterReply:
        return await send(
            registration,
            await self._plane(),
            project=project or self._project,
            domain=domain or self._domain,
            version=version,
            activate=activate,
        )

    # ── fetching ─────────────────────────────────────────────────────────────

    async def fetch_task(self, name: str, *, version: str = "", project: str = "", domain: str = "") -> RemoteEntity:
        """Fetch a registered task: the newest version unless one is named. Raises ``EntityUnknown``, and ``NotOnServer``."""
        return await self._fetch(self._id(EntityKind.TASK, name, version, project, domain))

    async def fetch_workflow(
        self, name: str, *, version: str = "", project: str = "", domain: str = ""
    ) -> RemoteEntity:
        """Fetch a registered workflow: the newest version unless one is named."""
        return await self._fetch(self._id(EntityKind.WORKFLOW, name, version, project, domain))

    async def fetch_launch_plan(
        self, name: str, *, version: str = "", project: str = "", domain: str = ""
    ) -> RemoteEntity:
        """Fetch a registered launch plan: without *version* the active one, or else the newest."""
        return await self._fetch(self._id(EntityKind.LAUNCH_PLAN, name, version, project, domain))

    async def fetch_active_launchplan(self, name: str, *, project: str = "", domain: str = "") -> RemoteEntity | None:
        """Fetch the active version of a launch plan; ``None`` if no version is active."""
        plans = await self.list_launch_plans(name=name, project=project, domain=domain, limit=1)
        version = plans[0].active_version if plans else ""
        return await self.fetch_launch_plan(name, version=version, project=project, domain=domain) if version else None

    async def _fetch(self, id: EntityId) -> RemoteEntity:
        found = await self._resolved(id)
        return RemoteEntity(id=found, closure=await (await self._plane()).closure(found))

    async def _resolved(self, id: EntityId) -> EntityId:
        found = await resolved(await self._plane(), id)
        if found is None:
            raise EntityUnknown(id=str(id).removesuffix("@"))
        return found

    def _id(self, kind: EntityKind, name: str, version: str, project: str, domain: str) -> EntityId:
        project, domain = project or self._project, domain or self._domain
        return EntityId(kind=kind, project=project, domain=domain, name=name, version=version)

    async def fetch_execution(self, name: str, *, project: str = "", domain: str = "") -> RemoteExecution:
        """Fetch an execution as it stands."""
        id_ = ExecutionId(project=project or self._project, domain=domain or self._domain, name=name)
        return self._pictures.execution(await (await self._plane()).execution(id_))

    # ── lists ────────────────────────────────────────────────────────────────

    async def list_projects(self) -> Sequence[Project]:
        """List the projects in which the caller has a role."""
        return (await (await self._plane()).projects()).items

    async def get_domains(self) -> Sequence[str]:
        """List the domains, which every project has."""
        return (await (await self._plane()).projects()).domains

    async def list_tasks(
        self, *, name: str = "", name_contains: str = "", project: str = "", domain: str = "", limit: int = PAGE
    ) -> Sequence[EntitySummary]:
        """List the newest version of each task, or, with *name*, the versions of one, newest first."""
        place = (project or self._project, domain or self._domain)
        return await self._list(EntityKind.TASK, place, name, name_contains, limit)

    async def list_tasks_by_version(
        self, version: str, *, project: str = "", domain: str = "", limit: int = PAGE
    ) -> Sequence[EntitySummary]:
        """List the tasks that were registered in a version, newest first."""
        plane, place = await self._plane(), (project or self._project, domain or self._domain)
        return await first(limit, lambda page: plane.entities(EntityKind.TASK, *place, version=version, page=page))

    async def list_workflows(
        self, *, name: str = "", name_contains: str = "", project: str = "", domain: str = "", limit: int = PAGE
    ) -> Sequence[EntitySummary]:
        """List the newest version of each workflow, or, with *name*, the versions of one, newest first."""
        place = (project or self._project, domain or self._domain)
        return await self._list(EntityKind.WORKFLOW, place, name, name_contains, limit)

    async def list_launch_plans(
        self, *, name: str = "", name_contains: str = "", project: str = "", domain: str = "", limit: int = PAGE
    ) -> Sequence[EntitySummary]:
        """List the newest version of each launch plan, or, with *name*, the versions of one, newest first."""
        place = (project or self._project, domain or self._domain)
        return await self._list(EntityKind.LAUNCH_PLAN, place, name, name_contains, limit)

    async def _list(
        self, kind: EntityKind, place: tuple[str, str], name: str, name_contains: str, limit: int
    ) -> Sequence[EntitySummary]:
        plane = await self._plane()
        if name:
            return await first(limit, lambda page: plane.versions(kind, *place, name, page=page))
        return await first(limit, lambda page: plane.entities(kind, *place, name_contains=name_contains, page=page))

    async def list_executions(
        self,
        *,
        phases: Iterable[ExecutionPhase] = (),
        name_contains: str = "",
        project: str = "",
        domain: str = "",
        limit: int = PAGE,
    ) -> Sequence[ExecutionSummary]:
        """List executions, the newest first; in one of *phases* where these are given."""
        plane = await self._plane()
        where = ExecutionFilter(
            project=project or self._project,
            domain=domain or self._domain,
            phases=tuple(phases),
            name_contains=name_contains,
        )
        return await first(limit, lambda page: plane.executions(where, page))

    recent_executions = list_executions

    # ── executing ────────────────────────────────────────────────────────────

    async def execute(
        self,
        entity: Target,
        inputs: Mapping[str, Any] | None = None,
        *,
        project: str = "",
        domain: str = "",
        version: str = "",
        execution_name: str = "",
        execution_name_prefix: str = "",
        options: Options | ExecutionOptions | None = None,
        envs: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
        interruptible: bool | None = None,
        overwrite_cache: bool | None = None,
        type_hints: Mapping[str, Any] | None = None,
        wait: bool = False,
    ) -> RemoteExecution:
        """
        Start an execution.

        Args:
            entity: An entity of this process, which is registered first, once per client; one that was fetched; the id of one; or a name,
                which is looked for among workflows, tasks and launch plans, in this order.
            inputs: Python values by name; local files among them are uploaded.
            project: Where the execution belongs.
            domain: The same.
            version: Of an entity that is named or registered.
            execution_name: Made up by default, so that sending the request again starts no second execution. One that is taken is refused.
            execution_name_prefix: What the name begins with that is made up.
            options: Labels, limits, accounts and more.
            envs: Variables for its tasks, over those of *options*.
            tags: For lists.
            interruptible: Allow, or forbid, preemptible machines.
            overwrite_cache: Run cached tasks anew, and keep what they return.
            type_hints: Types of inputs, where the ones that plait guesses from the registered interface would not do.
            wait: Return when it has ended.

        Raises:
            NamedTwice: both a name and a prefix are given.
            ServerRefused: the server does not start it; says why.
            ConversionFailed, InvalidInputs: an input is not what the interface says.
        """
        if execution_name and execution_name_prefix:
            raise NamedTwice(name=execution_name, prefix=execution_name_prefix)
        plane = await self._plane()
        target, interface, python_types, outputs = await self._target(entity, version, project, domain)
        if isinstance(entity, Entity) and entity.kind is EntityKind.TASK:  # whose template knows no defaults
            inputs = entity.python_interface.bind(entity.name, (), inputs or {})
        place = (project or self._project, domain or self._domain)
        sender = Inputs(plane, self._connect, self._types, project=place[0], domain=place[1])
        literals = await sender.literals(
            inputs or {}, interface, entity=target.name, python_types={**python_types, **(type_hints or {})}
        )
        request = LaunchRequest(
            target=target,
            inputs=literals,
            options=execution_options(
                options,
                envs=dict(envs or {}),
                tags=tuple(tags),
                interruptible=interruptible,
                overwrite_cache=overwrite_cache,
            ),
            name=execution_name or f"{execution_name_prefix}{new_name()}",
        )
        execution = self._pictures.execution(await plane.launch(*place, request), python_types=outputs)
        return await self.wait(execution) if wait else execution

    async def _target(
        self, entity: Target, version: str, project: str, domain: str
    ) -> tuple[EntityId, TypedInterface, Mapping[str, Any], Mapping[str, Any]]:
        """Return the id of what is to run, its interface, and the Python types of inputs and outputs where they are known."""
        match entity:
            case Entity():
                id_ = await self._id_of(entity, version, project, domain)
                interface = entity.python_interface
                inputs = {name: declared.type for name, declared in interface.inputs.items()}
                return id_, entity.interface, inputs, interface.outputs
            case RemoteEntity():
                return entity.id, entity.interface, {}, {}
            case EntityId():
                fetched = await self._fetch(entity)
            case str():
                fetched = await self._named(entity, version, project, domain)
        return fetched.id, fetched.interface, {}, {}

    async def _id_of(self, entity: Entity[Any, Any], version: str, project: str, domain: str) -> EntityId:
        """Return the id under which an entity of this process is registered, which happens once per client."""
        key = (entity, version, project, domain)
        if key not in self._registered_as:
            made = await self._register_one(entity, version, project, domain, Copy.AUTO, activate=False)
            self._registered_as[key] = made
        return self._registered_as[key]

    async def _named(self, name: str, version: str, project: str, domain: str) -> RemoteEntity:
        place = (project or self._project, domain or self._domain)
        for kind in KINDS:
            found = await self._versions_of(kind, place, name)
            if any(version in {"", summary.id.version} for summary in found):
                return await self._fetch(self._id(kind, name, version, project, domain))
        raise EntityUnknown(id=f"{':'.join(place)}:{name}{'@' if version else ''}{version}")

    async def _versions_of(self, kind: EntityKind, place: tuple[str, str], name: str) -> Sequence[EntitySummary]:
        try:
            return await self._list(kind, place, name, "", PAGE)
        except NotOnServer:
            return ()

    # ── looking ──────────────────────────────────────────────────────────────

    async def wait(
        self,
        execution: RemoteExecution,
        timeout: Seconds | None = None,  # noqa: ASYNC109  # the name that users of such clients know
        poll_interval: Seconds | None = None,
        *,
        sync_nodes: bool = False,
    ) -> RemoteExecution:
        """
        Return *execution* when it has ended, however it did; ``outputs`` raises if that was no success.

        Args:
            execution: Changed in place.
            timeout: How long to wait, in seconds or as a ``timedelta``; ``None`` for as long as it takes.
            poll_interval: How long to rest between two looks, where the server does not wait for the end itself.
            sync_nodes: Also look at its nodes, in the end.

        Raises:
            WaitTimedOut: it still runs.
        """
        limit_s = _seconds(timeout)
        give_up_at = None if limit_s is None else monotonic() + limit_s
        rest_s, longest_s = LOOK_S if poll_interval is None else (_seconds(poll_interval) or 0.0,) * 2
        while execution.phase not in TERMINAL_EXECUTION:
            begun_at = monotonic()
            left_s = WAIT_S if give_up_at is None else max(0.0, min(WAIT_S, give_up_at - begun_at))
            detail = await (await self._plane()).execution(execution.id, wait_s=left_s)
            self._pictures.refresh(execution, detail)
            if detail.phase in TERMINAL_EXECUTION:
                break
            if give_up_at is not None and monotonic() >= give_up_at:
                raise WaitTimedOut(execution=execution.name, timeout_s=limit_s or 0.0, phase=execution.phase.value)
            if monotonic() - begun_at < rest_s:  # the server did not wait
                await asyncio.sleep(rest_s)
                rest_s = min(2 * rest_s, longest_s)
        return await self.sync(execution, sync_nodes=True) if sync_nodes else execution

    async def sync(self, execution: RemoteExecution, *, sync_nodes: bool = False) -> RemoteExecution:
        """
        Look at an execution; changes it in place and returns it.

        With *sync_nodes* also at its nodes with their values and attempts, and so at the executions that these have started.
        """
        plane = await self._plane()
        self._pictures.refresh(execution, await plane.execution(execution.id))
        if sync_nodes:
            attempts: dict[NodeId, list[AttemptRow]] = {}
            for row in await plane.attempts(execution.id):
                attempts.setdefault(row.id.node, []).append(row)
            execution.nodes = {
                detail.row.node: self._pictures.node(
                    detail, attempts.get(detail.row.node, ()), await self._child(detail.child)
                )
                for detail in await plane.nodes(execution.id)
            }
        return execution

    async def _child(self, id: ExecutionId | None) -> RemoteExecution | None:
        """Look at the execution that a node has started; ``None`` where the caller may not, or where it has been deleted."""
        if id is None:
            return None
        try:
            detail = await (await self._plane()).execution(id)
        except ServerRefused:
            return None
        return await self.sync(self._pictures.execution(detail), sync_nodes=True)

    # ── steering ─────────────────────────────────────────────────────────────

    async def terminate(self, execution: Execution, cause: str) -> None:
        """Ask an execution to end, saying why."""
        await (await self._plane()).abort(self._run(execution), reason=cause)

    async def archive(self, execution: Execution, *, is_archived: bool = True) -> None:
        """Leave an execution that has ended out of lists, or have them show it again. Raises ``ServerConflict`` while it runs."""
        await (await self._plane()).archive(self._run(execution), is_archived=is_archived)

    async def relaunch(
        self,
        execution: Execution,
        inputs: Mapping[str, Any] | None = None,
        *,
        execution_name: str = "",
        overwrite_cache: bool | None = None,
    ) -> RemoteExecution:
        """Start again what an execution ran, with its options; *inputs* replace those of the same name."""
        plane, id_ = await self._plane(), self._run(execution)
        literals: LiteralMap = {}
        if inputs:
            closure = await plane.execution_closure(id_)
            sender = Inputs(plane, self._connect, self._types, project=id_.project, domain=id_.domain)
            interface, name = interface_of(closure), closure.main.name
            literals = await sender.literals(inputs, interface, entity=name, python_types={})
        options = ExecutionOptions(overwrite_cache=overwrite_cache)
        request = RelaunchRequest(inputs=literals, options=options, name=execution_name or new_name())
        return self._pictures.execution(await plane.relaunch(id_, request), python_types=_types_of(execution))

    async def recover(self, execution: Execution, *, execution_name: str = "") -> RemoteExecution:
        """Start an execution that takes over what succeeded in a failed one, and runs the rest again."""
        return await self.rerun(execution, (), execution_name=execution_name)

    async def rerun(self, execution: Execution, nodes: Sequence[str], *, execution_name: str = "") -> RemoteExecution:
        """Start an execution again from *nodes*, reusing what does not depend on them."""
        request = RerunRequest(nodes=tuple(map(NodeId, nodes)), name=execution_name or new_name())
        detail = await (await self._plane()).rerun(self._run(execution), request)
        return self._pictures.execution(detail, python_types=_types_of(execution))

    async def plan_rerun(self, execution: Execution, nodes: Sequence[str] = ()) -> RerunPlan:
        """Say what ``rerun`` would reuse and what it would run again, and why; without *nodes*, what ``recover`` would."""
        return await (await self._plane()).plan_rerun(self._run(execution), tuple(map(NodeId, nodes)))

    def _run(self, execution: Execution) -> ExecutionId:
        if isinstance(execution, RemoteExecution):
            return execution.id
        return ExecutionId(project=self._project, domain=self._domain, name=execution)

    async def list_signals(self, execution: Execution) -> Sequence[str]:
        """List the ids of the gates that wait for an answer."""
        return list(await (await self._plane()).gates(self._run(execution)))

    async def set_input(self, signal_id: str, execution: Execution, value: Any, *, python_type: Any = None) -> None:
        """Supply the value that a gate waits for; as *python_type*, where the gate is made while the execution runs."""
        plane = await self._plane()
        if python_type is None:
            known = gates_of(await plane.execution_closure(self._run(execution))).get(signal_id)
            python_type = type(value) if known is None else self._types.guess(known)
        literal = self._types.converter(python_type).to_literal(value, DETACHED)
        await plane.signal(self._run(execution), signal_id, literal)

    async def approve(self, signal_id: str, execution: Execution) -> None:
        """Approve what waits at a gate."""
        await self.set_input(signal_id, execution, value=True, python_type=bool)

    async def reject(self, signal_id: str, execution: Execution) -> None:
        """Refuse what waits at a gate, which fails its node."""
        await self.set_input(signal_id, execution, value=False, python_type=bool)

    async def activate_launchplan(self, plan: RemoteEntity | EntityId) -> None:
        """Switch a version of a launch plan on; the version that was active is switched off."""
        await self._switch(plan, is_active=True)

    async def deactivate_launchplan(self, plan: RemoteEntity | EntityId) -> None:
        """Switch a version of a launch plan off."""
        await self._switch(plan, is_active=False)

    async def _switch(self, plan: RemoteEntity | EntityId, *, is_active: bool) -> None:
        id_ = plan.id if isinstance(plan, RemoteEntity) else plan
        await (await self._plane()).activate(await self._resolved(id_), is_active=is_active)

    # ── files ────────────────────────────────────────────────────────────────

    async def upload_file(self, path: str | PathLike[str], *, project: str = "", domain: str = "") -> str:
        """Upload a local file, and return the URI by which executions of the project find it."""
        place = (project or self._project, domain or self._domain)
        sender = Inputs(await self._plane(), self._connect, self._types, project=place[0], domain=place[1])
        context = await sender.place()
        uri = context.new_uri(Path(path).name)
        await context.blobs(uri).upload(Path(path), uri)
        return uri

    async def get(self, address: str) -> Any:
        """
        Return what an address names: ``flyte://v1/PROJECT/DOMAIN/EXECUTION/NODE/o/VARIABLE``.

        Without a variable, all outputs, or with ``i`` inputs, by name; without a node, those of the execution; with ``d``, the deck of the
        node as HTML. Raises ``NoAddress``, ``NotOnServer``, ``NoSuchValue``, and ``NothingToFetch`` while there is nothing.
        """
        asked, plane = parse_address(address), await self._plane()
        if asked.node:
            detail = await plane.node(asked.execution, asked.node)
            if detail is None:
                raise NothingToFetch(what=f"execution {asked.execution.name!r}", kind=f"node {asked.node!r}", phase="")
            node = self._pictures.node(detail)
            phase, values = node.phase.value, node.inputs if asked.kind == "i" else node.outputs
            if asked.kind == "d" and (uri := detail.row.deck_uri):
                return (await self._pictures.context(asked.execution.project).blobs(uri).get(uri)).decode()
        else:
            execution = self._pictures.execution(await plane.execution(asked.execution))
            phase = execution.phase.value
            values = execution.inputs if asked.kind == "i" else execution.outputs
        if values is None or asked.kind == "d":
            what = f"{asked.node or 'execution'} of {asked.execution.name!r}"
            raise NothingToFetch(what=what, kind={"i": "inputs", "o": "outputs", "d": "deck"}[asked.kind], phase=phase)
        return await asyncio.to_thread(values.get, asked.variable) if asked.variable else values

    async def download(
        self, data: str | File | Directory, download_to: str | PathLike[str], *, project: str = ""
    ) -> Path:
        """Download a file or directory, given by its URI or as an output, to a path that does not exist yet; returns the path."""
        uri = data if isinstance(data, str) else data.remote_source
        path = Path(download_to)
        path.parent.mkdir(parents=True, exist_ok=True)
        store = self._pictures.context(project or self._project).blobs(str(uri))
        await download_all(store, str(uri), path)
        return path

    def generate_console_url(self, subject: RemoteExecution | RemoteEntity | EntityId) -> str:
        """Return the address of the console's page about an execution, or about a version of an entity, whose id names project and domain."""
        if isinstance(subject, RemoteExecution):
            return subject.url
        id_ = subject.id if isinstance(subject, RemoteEntity) else subject
        project, domain, name, version = (quote(it, safe="") for it in (id_.project, id_.domain, id_.name, id_.version))
        place = f"{self._endpoint.rstrip('/')}/console/projects/{project}/domains/{domain}"
        return f"{place}/{id_.kind.value}s/{name}/versions/{version}"


def _seconds(span: Seconds | None) -> float | None:
    return span.total_seconds() if isinstance(span, timedelta) else span


def _types_of(execution: Execution) -> Mapping[str, Any]:
    """Return the types of outputs that the caller knows."""
    return execution.python_types if isinstance(execution, RemoteExecution) else {}


def new_name() -> str:
    """Make up the name of an execution."""
    return f"f{urandom(10).hex()[:19]}"


def registration_for(entities: Sequence[Entity[Any, Any]], copy: Copy, version: str) -> Registration:
    """Make the registration of *entities* of this process, which are declared below one source root."""
    closures = [trace(entity).closure for entity in entities]
    files = [Path(entity.source.file) for entity in entities if entity.source is not None]
    root = source_root(files[0]) if files else Path.cwd()
    return registration_of(closures, root=root, copy=copy, version=version)


def execution_options(options: Options | ExecutionOptions | None, **chosen: Any) -> ExecutionOptions:
    """Make the options of a launch; what is *chosen* wins unless it is empty."""
    if isinstance(options, Options):
        told = () if options.disable_notifications else options.notifications
        options = ExecutionOptions(
            labels=options.labels or {},
            annotations=options.annotations or {},
            security=options.security_context,
            raw_data_prefix=options.raw_output_data_config,
            max_parallelism=options.max_parallelism,
            overwrite_cache=options.overwrite_cache,
            notifications=None if told is None else tuple(one.spec() for one in told),
        )
    return attrs.evolve(options or ExecutionOptions(), **{k: v for k, v in chosen.items() if v not in (None, (), {})})
