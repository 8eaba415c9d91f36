"""The in-memory ports that serve people: registry, schedules and accounts."""

from collections.abc import Container, Mapping, Sequence

import attrs

from plait_core.errors.stores import EntityUnknown, VersionConflict
from plait_core.ir.canonical import digest
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.references import Template, reach
from plait_core.ports.databases import AuditLine, Page, Project, ScheduleState, Token
from plait_core.ports.pages import parse_token
from plait_core.testing._memory_records import Trail

FIRST_PAGE = Page()
PlanName = tuple[str, str, str]
"""(project, domain, name) of a launch plan: at most one of its versions is active."""


class Catalog:
    """Templates in order of registration, and which launch plans are active."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.templates: dict[EntityId, Template] = {}
        self.registered_at_ns: dict[EntityId, int] = {}
        self.active: dict[PlanName, ScheduleState] = {}


class MemoryRegistry:
    """``Registry`` over a ``Catalog``."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def register(
        self, closure: Closure, *, at_ns: int, activate: Sequence[EntityId] = (), audit: AuditLine | None = None
    ) -> Sequence[EntityId]:
        offered: tuple[Template, ...] = (*closure.tasks, *closure.workflows, *closure.launch_plans)
        for template in offered:
            held = self._catalog.templates.get(template.id)
            if held is not None and digest(held) != digest(template):
                raise VersionConflict(id=str(template.id), registered=digest(held), offered=digest(template))
        new = {template.id: template for template in offered if template.id not in self._catalog.templates}
        for id_ in activate:
            self._check_plan(id_, known={**self._catalog.templates, **new})
        self._catalog.templates.update(new)
        self._catalog.registered_at_ns |= dict.fromkeys(new, at_ns)
        for id_ in activate:
            await self.activate(id_, is_active=True, at_ns=at_ns)
        self._catalog.trail.leave(audit)
        return list(new)

    async def get(self, id: EntityId) -> Template | None:
        if id.version:
            return self._catalog.templates.get(id)
        newest = None
        for held, template in self._catalog.templates.items():
            if attrs.evolve(held, version="") == id:
                newest = template
        return newest

    async def closure(self, id: EntityId) -> Closure | None:
        main = await self.get(id)
        return reach(main.id, self._catalog.templates.get) if main else None

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
        place = {
            held: position
            for position, held in enumerate(self._catalog.templates, 1)
            if (held.kind, held.project, held.domain) == (kind, project, domain)
            and name in {"", held.name}
            and name_contains in held.name
            and version in {"", held.version}
        }
        if not name:
            newest = {held.name: held for held in place}
            place = {held: place[held] for held in newest.values()}
        if workflow is not None:
            place = {held: n for held, n in place.items() if self._runs(held, workflow)}
        before = parse_token(page.token) if page.token else len(self._catalog.templates) + 1
        ids = sorted((held for held in place if place[held] < before), key=place.__getitem__, reverse=True)
        shown = ids[: page.limit]
        return shown, str(place[shown[-1]]) if len(ids) > len(shown) else ""

    def _runs(self, plan: EntityId, workflow: EntityId) -> bool:
        template = self._catalog.templates[plan]
        return (
            isinstance(template, LaunchPlanTemplate)
            and attrs.evolve(template.workflow, version=workflow.version) == workflow
        )

    async def registered_at(self, ids: Sequence[EntityId]) -> Mapping[EntityId, int]:
        known = self._catalog.registered_at_ns
        return {id_: known[id_] for id_ in ids if id_ in known}

    async def activate(self, id: EntityId, *, is_active: bool, at_ns: int, audit: AuditLine | None = None) -> None:
        self._check_plan(id, known=self._catalog.templates)
        held = self._catalog.active.get(_plan_name(id))
        is_held = held is not None and held.launch_plan == id
        if is_active and not is_held:
            self._catalog.active[_plan_name(id)] = ScheduleState(
                launch_plan=id, activated_at_ns=at_ns, fired_until_ns=at_ns
            )
        if is_held and not is_active:
            del self._catalog.active[_plan_name(id)]
        self._catalog.trail.leave(audit)

    def _check_plan(self, id: EntityId, *, known: Container[EntityId]) -> None:
        if id.kind is not EntityKind.LAUNCH_PLAN or id not in known:
            raise EntityUnknown(id=str(id))

    async def active(self, *, project: str, domain: str, name: str) -> EntityId | None:
        state = self._catalog.active.get((project, domain, name))
        return state.launch_plan if state else None


class MemorySchedules:
    """``Schedules`` over a ``Catalog``."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def states(self) -> Sequence[ScheduleState]:
        return [state for state in self._catalog.active.values() if self._has_schedule(state.launch_plan)]

    def _has_schedule(self, id: EntityId) -> bool:
        template = self._catalog.templates[id]
        return isinstance(template, LaunchPlanTemplate) and template.schedule is not None

    async def fired(self, launch_plan: EntityId, *, until_ns: int) -> None:
        name = _plan_name(launch_plan)
        state = self._catalog.active.get(name)
        if state is not None and state.launch_plan == launch_plan and state.fired_until_ns < until_ns:
            self._catalog.active[name] = attrs.evolve(state, fired_until_ns=until_ns)


class MemoryAccounts:
    """``Accounts`` in dicts."""

    def __init__(self, trail: Trail) -> None:
        self._projects: dict[str, Project] = {}
        self._tokens: dict[str, Token] = {}
        self._keys: dict[str, bytes] = {}
        self._trail = trail

    async def put_project(self, project: Project, *, audit: AuditLine | None = None) -> None:
        self._projects[project.id] = project
        self._trail.leave(audit)

    async def projects(self) -> Sequence[Project]:
        return [self._projects[key] for key in sorted(self._projects)]

    async def put_token(self, token: Token, *, audit: AuditLine | None = None) -> None:
        self._tokens[token.id] = token
        self._trail.leave(audit)

    async def tokens(self) -> Sequence[Token]:
        return [self._tokens[key] for key in sorted(self._tokens)]

    async def delete_token(self, id: str, *, audit: AuditLine | None = None) -> None:
        if self._tokens.pop(id, None) is not None:
            self._trail.leave(audit)

    async def keep_key(self, name: str, key: bytes) -> bytes:
        return self._keys.setdefault(name, key)

    async def audit(self, line: AuditLine) -> None:
        self._trail.append(line)

    async def audited(self, page: Page) -> tuple[Sequence[AuditLine], str]:
        stop = parse_token(page.token) if page.token else len(self._trail)
        start = max(stop - page.limit, 0)
        return self._trail[start:stop][::-1], str(start) if start else ""


def _plan_name(id: EntityId) -> PlanName:
    return id.project, id.domain, id.name
