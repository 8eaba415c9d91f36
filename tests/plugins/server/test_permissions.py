"""Every operation is refused to everybody who may not ask for it, and to nobody else."""

import pytest

from plait_core.ports.principals import ROLES
from plait_server.api.operations import OPERATIONS
from plait_server.routing import Route
from tests.plugins.server.registered import problem
from tests.plugins.server.requests import STREAMS, send
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio

IN_BODY = {"create_upload": "runner", "create_download": "viewer"}
"""Operations whose project is in their body: the role that they need there."""

every_operation = pytest.mark.parametrize("route", OPERATIONS, ids=lambda route: route.operation)


def role_of(route: Route) -> str:
    """Return the least role that may ask; empty when whoever is known may."""
    return route.permission if route.permission in ROLES else IN_BODY.get(route.operation, "")


@every_operation
async def test_nobody_is_refused(serving: Serving, route: Route) -> None:
    """Unless an operation is for everybody, or for whoever has a ticket."""
    answer = await send(serving.nobody, route)

    if route.permission == "public":
        assert answer.status_code == 200
    elif route.permission == "signed":
        assert problem(answer) == (403, "SealBroken")
    elif route.operation in STREAMS:
        assert answer.status_code == 401
    else:
        assert problem(answer) == (401, "NotAuthenticated")


@every_operation
async def test_role_decides(serving: Serving, route: Route) -> None:
    """Each role may do what the ones before it may; one in another project is none."""
    needed = role_of(route)
    is_open = route.permission in {"public", "signed"}
    enough = {*ROLES[ROLES.index(needed) :]} if needed else {*ROLES, "stranger"}

    statuses = {who: (await send(serving.clients[who], route)).status_code for who in (*ROLES, "stranger")}

    assert is_open or {who for who, status in statuses.items() if status != 403} == enough
    assert 401 not in statuses.values()


@every_operation
async def test_refused_changes_leave_no_trace(serving: Serving, route: Route) -> None:
    """Neither in what there is, nor in the audit trail."""
    await serving.server.prepare()
    before = await serving.engine.database.accounts.projects()

    await send(serving.nobody, route)
    if role_of(route):
        await send(serving.stranger, route)

    assert (await serving.admin.get("/audit")).json() == {"items": []}
    assert await serving.engine.database.accounts.projects() == before
