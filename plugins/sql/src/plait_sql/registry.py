"""The registry and the schedules on SQL."""

import builtins
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs

from plait_core.errors.stores import EntityUnknown, VersionConflict
from plait_core.ir.canonical import digest
from plait_core.ir.codec import dumps, loads
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.references import Template, reach, references, templates
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate
from plait_core.ports.databases import AuditLine, Page, ScheduleState
from plait_core.ports.pages import parse_token
from plait_sql.connections import Connection, Row, Transaction
from plait_sql.rows import dump_entity
from plait_sql.trail import leave

FIRST_PAGE = Page()
CLOSURES_KEPT = 32

_CLASSES: dict[str, Any] = {
    EntityKind.TASK.value: TaskTemplate,
    EntityKind.WORKFLOW.value: WorkflowTemplate,
    EntityKind.LAUNCH_PLAN.value: LaunchPlanTemplate,
}
_ID = "kind, org, project, domain, name, version"
_IS_ID = "kind = ? AND org = ? AND project = ? AND domain = ? AND name = ? AND version = ?"
_IS_UNVERSIONED = "kind = ? AND org = ? AND project = ? AND domain = ? AND name = ? ORDER BY key DESC LIMIT 1"
_DIGEST = f"SELECT digest FROM templates WHERE {_IS_ID}"
_REGISTERED_AT = f"SELECT registered_at_ns FROM templates WHERE {_IS_ID}"
_REGISTER = (
    f"INSERT INTO templates ({_ID}, digest, template, has_schedule, registered_at_ns, workflow) "
    f"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT ({_ID}) DO NOTHING"
)
_NEWEST = (
    "SELECT max(key) FROM templates WHERE kind = ? AND project = ? AND domain = ? {}GROUP BY org, name "
    "HAVING max(key) < ? ORDER BY 1 DESC"
)
_VERSIONS = "SELECT key FROM templates WHERE kind = ? AND project = ? AND domain = ? {}AND key < ? ORDER BY key DESC"
_MAY_RUN = (
    "SELECT key, workflow FROM templates WHERE key IN ({}) AND (workflow = ? OR workflow IS NULL) ORDER BY key DESC"
)
_TEMPLATE = "SELECT template FROM templates WHERE key = ?"
_BEYOND_ALL = 1 << 62


class SqlRegistry:
    """``Registry`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lately: OrderedDict[EntityId, Closure] = OrderedDict()
        """Closures that were asked for last and lack nothing; no template ever changes or goes."""

    async def register(
        self, closure: Closure, *, at_ns: int, activate: Sequence[EntityId] = (), audit: AuditLine | None = None
    ) -> Sequence[EntityId]:
        templates: tuple[Template, ...] = (*closure.tasks, *closure.workflows, *closure.launch_plans)
        offered = [(template, digest(template), dumps(template)) for template in templates]

        def put(transaction: Transaction) -> Sequence[EntityId]:
            new = [
                template.id
                for template, own, data in offered
                if _register(transaction, template, own_digest=own, data=data, at_ns=at_ns)
            ]
            for id_ in activate:
                _activate(transaction, id_, is_active=True, at_ns=at_ns)
            leave(transaction, audit)
            return new

        return await self._connection.write(put)

    async def get(self, id: EntityId) -> Template | None:
        return await self._connection.glance(lambda transaction: _find(transaction, id))

    async def closure(self, id: EntityId) -> Closure | None:
        def collect(transaction: Transaction) -> Closure | None:
            main = _find(transaction, id)
            return reach(main.id, lambda reached: _find(transaction, reached)) if main else None

        closure = self._lately.get(id)
        if closure is None:
            closure = await self._connection.read(collect)
            if closure is None or closure.main != id or not _is_whole(closure):
                return closure
            self._lately[id] = closure
            if len(self._lately) > CLOSURES_KEPT:
                self._lately.popitem(last=False)
        self._lately.move_to_end(id)
        return closure

    async def list(
        self,
        kind: EntityKind,
        *,
        project: str,
        domain: str,
        name: str = "",
        name_contains: str = "",
        version: str = "",
        workflow: EntityId | None = None,
        page: Page = FIRST_PAGE,
    ) -> tuple[Sequence[EntityId], str]:
        before = parse_token(page.token) if page.token else _BEYOND_ALL
        wanted = [text for text in (name, name_contains, version) if text]
        narrowing = (
            ("AND name = ? " if name else "")
            + ("AND replace(name, ?, '') <> name " if name_contains else "")
            + ("AND version = ? " if version else "")
        )
        statement = (_VERSIONS if name or version else _NEWEST).format(narrowing)
        narrowed = (kind.value, project, domain, *wanted, before)

        def select(transaction: Transaction) -> builtins.list[Row]:
            if workflow is not None:
                keys = builtins.list(islice(_plans_of(transaction, workflow, statement, narrowed), page.limit + 1))
            else:
                keys = [key for (key,) in transaction.query(f"{statement} LIMIT ?", (*narrowed, page.limit + 1))]
            return [
                row
                for key in keys
                for row in transaction.query(f"SELECT key, {_ID} FROM templates WHERE key = ?", (key,))
            ]

        rows = await self._connection.read(select)
        shown = rows[: page.limit]
        return [_entity(row[1:]) for row in shown], str(shown[-1][0]) if len(rows) > len(shown) else ""

    async def registered_at(self, ids: Sequence[EntityId]) -> Mapping[EntityId, int]:
        def look_up(transaction: Transaction) -> Mapping[EntityId, int]:
            found = ((id_, transaction.query_one(_REGISTERED_AT, _id_values(id_))) for id_ in ids)
            return {id_: row[0] for id_, row in found if row is not None}

        return await self._connection.read(look_up)

    async def activate(self, id: EntityId, *, is_active: bool, at_ns: int, audit: AuditLine | None = None) -> None:
        def switch(transaction: Transaction) -> None:
            _activate(transaction, id, is_active=is_active, at_ns=at_ns)
            leave(transaction, audit)

        await self._connection.write(switch)

    async def active(self, *, project: str, domain: str, name: str) -> EntityId | None:
        row = await self._connection.glance(
            lambda transaction: transaction.query_one(
                "SELECT kind, org, t.project, t.domain, t.name, version FROM activations AS a "
                "JOIN templates AS t ON t.key = a.template WHERE a.project = ? AND a.domain = ? AND a.name = ?",
                (project, domain, name),
            )
        )
        return _entity(row) if row else None


class SqlSchedules:
    """``Schedules`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def states(self) -> Sequence[ScheduleState]:
        rows = await self._connection.read(
            lambda transaction: transaction.query(
                "SELECT activated_at_ns, fired_until_ns, kind, org, t.project, t.domain, t.name, version "
                "FROM activations AS a JOIN templates AS t ON t.key = a.template WHERE has_schedule = 1"
            )
        )
        return [
            ScheduleState(launch_plan=_entity(plan), activated_at_ns=activated, fired_until_ns=fired)
            for activated, fired, *plan in rows
        ]

    async def fired(self, launch_plan: EntityId, *, until_ns: int) -> None:
        await self._connection.write(
            lambda transaction: transaction.execute(
                "UPDATE activations SET fired_until_ns = ? WHERE fired_until_ns < ? "
                f"AND template = (SELECT key FROM templates WHERE {_IS_ID})",
                (until_ns, until_ns, *_id_values(launch_plan)),
            )
        )


def _register(transaction: Transaction, template: Template, *, own_digest: str, data: bytes, at_ns: int) -> bool:
    """Insert a template, or find it there already. Raises ``VersionConflict``."""
    id_values = _id_values(template.id)
    held = transaction.query_one(_DIGEST, id_values)
    if held is None:
        plan = template if isinstance(template, LaunchPlanTemplate) else None
        has_schedule = plan is not None and plan.schedule is not None
        workflow = _unversioned(plan.workflow) if plan is not None else None
        if transaction.execute(_REGISTER, (*id_values, own_digest, data, has_schedule, at_ns, workflow)):
            return True
        held = transaction.query_one(_DIGEST, id_values)  # another process was quicker
        assert held is not None
    if held[0] != own_digest:
        raise VersionConflict(id=str(template.id), registered=held[0], offered=own_digest)
    return False


def _plans_of(transaction: Transaction, workflow: EntityId, keys: str, parameters: Row) -> Iterator[int]:
    """Yield those of *keys*, a statement, that are launch plans of *workflow*; what an earlier release registered is looked into."""
    wanted = _unversioned(workflow)
    for key, held in transaction.query(_MAY_RUN.format(keys), (*parameters, wanted)):
        if wanted == (_workflow_of(transaction, key) if held is None else held):
            yield key


def _workflow_of(transaction: Transaction, key: int) -> bytes:
    (data,) = transaction.query_one(_TEMPLATE, (key,)) or ()
    return _unversioned(loads(LaunchPlanTemplate, data).workflow)


def _unversioned(workflow: EntityId) -> bytes:
    return dump_entity(attrs.evolve(workflow, version=""))


def _is_whole(closure: Closure) -> bool:
    """Whether everything that *closure* refers to, by version, is part of it."""
    parts = tuple(templates(closure))
    there = {template.id for template in parts}
    return all(id_ in there for template in parts for id_ in references(template))


def _find(transaction: Transaction, id: EntityId) -> Template | None:
    condition, values = (_IS_ID, _id_values(id)) if id.version else (_IS_UNVERSIONED, _id_values(id)[:-1])
    row = transaction.query_one(f"SELECT kind, template FROM templates WHERE {condition}", values)
    template: Template | None = loads(_CLASSES[row[0]], row[1]) if row else None
    return template


def _activate(transaction: Transaction, id: EntityId, *, is_active: bool, at_ns: int) -> None:
    row = transaction.query_one(f"SELECT key FROM templates WHERE {_IS_ID}", _id_values(id))
    if row is None or id.kind is not EntityKind.LAUNCH_PLAN:
        raise EntityUnknown(id=str(id))
    if not is_active:
        transaction.execute("DELETE FROM activations WHERE template = ?", row)
        return
    transaction.execute(
        "INSERT INTO activations (project, domain, name, template, activated_at_ns, fired_until_ns) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project, domain, name) DO UPDATE SET template = excluded.template, "
        "activated_at_ns = excluded.activated_at_ns, fired_until_ns = excluded.fired_until_ns "
        "WHERE activations.template <> excluded.template",
        (id.project, id.domain, id.name, row[0], at_ns, at_ns),
    )


def _id_values(id: EntityId) -> tuple[str, ...]:
    return id.kind.value, id.org, id.project, id.domain, id.name, id.version


def _entity(values: Sequence[str]) -> EntityId:
    """Make an id from the values of ``_ID``."""
    kind, org, project, domain, name, version = values
    return EntityId(kind=EntityKind(kind), org=org, project=project, domain=domain, name=name, version=version)
