"""
Entities: the tasks, workflows and launch plans that are registered, and which launch plans are active.

What is registered never changes, so nothing here does but the switch of a launch plan.
"""

from typing import Any

import attrs

from plait_core.errors.stores import EntityUnknown
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ports.api import ActivationRequest, EntityPage
from plait_core.ports.entity_lists import entity_page
from plait_server.api.executions import HERE
from plait_server.pages import PageQuery
from plait_server.routing import Call, Handler, Route

WORDS = {EntityKind.TASK: "tasks", EntityKind.WORKFLOW: "workflows", EntityKind.LAUNCH_PLAN: "launch_plans"}
"""What paths call the kinds."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EntityQuery(PageQuery):
    """A page of the entities with ``name_contains`` in their name, of which ``version`` is listed if one is given."""

    name_contains: str = ""
    version: str = ""


def list_entities(kind: EntityKind) -> Handler:
    """Make the handler that lists the newest version of each entity of a kind."""

    async def handler(call: Call[EntityQuery, None]) -> EntityPage:
        return await _page(call, kind, name_contains=call.query.name_contains, version=call.query.version)

    return handler


def list_versions(kind: EntityKind) -> Handler:
    """Make the handler that lists all versions of one entity, newest first."""

    async def handler(call: Call[PageQuery, None]) -> EntityPage:
        name, registry = call.path("name"), call.server.database.registry
        newest = _id(call, kind, version="")
        if await registry.get(newest) is None:
            raise EntityUnknown(id=str(newest).removesuffix("@"))
        return await _page(call, kind, name=name)

    return handler


def get_entity(kind: EntityKind) -> Handler:
    """Make the handler that shows one version with every template that it reaches."""

    async def handler(call: Call[None, None]) -> Closure:
        id_ = _id(call, kind, version=call.path("version"))
        closure = await call.server.database.registry.closure(id_)
        if closure is None:
            raise EntityUnknown(id=str(id_))
        return closure

    return handler


async def set_activation(call: Call[None, ActivationRequest]) -> None:
    """Switch a version of a launch plan on or off; switching one on switches off the version that was."""
    id_ = _id(call, EntityKind.LAUNCH_PLAN, version=call.path("version"))
    is_active, at_ns = call.body.is_active, call.server.clock.now_ns()
    line = call.line({"is_active": is_active})
    await call.server.database.registry.activate(id_, is_active=is_active, at_ns=at_ns, audit=line)


def _id(call: Call[Any, Any], kind: EntityKind, *, version: str) -> EntityId:
    return EntityId(kind=kind, project=call.project, domain=call.domain, name=call.path("name"), version=version)


async def _page(call: Call[Any, Any], kind: EntityKind, **narrowed: str) -> EntityPage:
    registry = call.server.database.registry
    return await entity_page(
        registry, kind, project=call.project, domain=call.domain, page=call.query.page(), **narrowed
    )


def _routes(kind: EntityKind) -> tuple[Route, ...]:
    """Return how entities of a kind are looked at."""
    words = WORDS[kind]
    singular, plural = kind.value.replace("_", " "), words.replace("_", " ")
    return (
        Route(
            method="GET",
            path=f"{HERE}/{words}",
            operation=f"list_{words}",
            summary=f"List {plural}: the newest version of each, or a certain one.",
            permission="viewer",
            handler=list_entities(kind),
            query=EntityQuery,
            reply=EntityPage,
        ),
        Route(
            method="GET",
            path=f"{HERE}/{words}/{{name}}/versions",
            operation=f"list_{kind.value}_versions",
            summary=f"List the versions of a {singular}, newest first.",
            permission="viewer",
            handler=list_versions(kind),
            query=PageQuery,
            reply=EntityPage,
        ),
        Route(
            method="GET",
            path=f"{HERE}/{words}/{{name}}/versions/{{version}}",
            operation=f"get_{kind.value}",
            summary=f"Show a version of a {singular}, with every template that it reaches.",
            permission="viewer",
            handler=get_entity(kind),
            reply=Closure,
        ),
    )


ROUTES = (
    *(route for kind in EntityKind for route in _routes(kind)),
    Route(
        method="PUT",
        path=f"{HERE}/launch_plans/{{name}}/versions/{{version}}/activation",
        operation="set_activation",
        summary="Switch a version of a launch plan on or off.",
        permission="author",
        handler=set_activation,
        body=ActivationRequest,
        status=204,
    ),
)
