"""
Probes: whether the process lives, whether it can work, and numbers about what it does.

At the root of the app, for whoever starts, watches and measures servers. They ask for no credential and name nothing of any
project. ``/healthz`` needs nothing but the process; a server that is not ready is not one to be restarted. A server that leaves
executions to other processes says whether there are any, and is ready all the same: it answers, and records what it is asked for.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from plait_core.errors import PlaitError
from plait_core.ir.codec import to_json
from plait_core.ports.api import Readiness, ReadinessCheck
from plait_server.metrics import Metrics
from plait_server.services import Server

PATIENCE_S = 3.0
"""How long a check may take."""

Check = Callable[[Server], Awaitable[tuple[bool, str]]]
"""Says whether something is well, and how it is; also raises, or takes too long, when it is not well."""


def probe_routes(server: Server, metrics: Metrics) -> list[BaseRoute]:
    """Make the routes by which Starlette reaches the probes."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"is_alive": True})

    async def readyz(_: Request) -> Response:
        found = await readiness(server)
        return Response(
            json.dumps(to_json(found)), status_code=200 if found.is_ready else 503, media_type="application/json"
        )

    async def shown(_: Request) -> Response:
        return Response(await metrics.render(server), media_type=metrics.media_type)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", shown)]


async def readiness(server: Server) -> Readiness:
    """Look at everything that requests and executions need; the server is ready once it has what requests need."""
    checks = await asyncio.gather(*(_check(server, name, check) for name, check in CHECKS.items()))
    return Readiness(is_ready=all(check.is_ok for check in checks if check.name in NEEDED), checks=tuple(checks))


async def _check(server: Server, name: str, check: Check) -> ReadinessCheck:
    try:
        async with asyncio.timeout(PATIENCE_S):
            is_ok, detail = await check(server)
            return ReadinessCheck(name=name, is_ok=is_ok, detail=detail)
    except TimeoutError:
        return ReadinessCheck(name=name, is_ok=False, detail=f"no answer within {PATIENCE_S:g} s")
    except PlaitError as error:
        return ReadinessCheck(name=name, is_ok=False, detail=f"{type(error).__name__}; the server's log has the rest")


async def _database(server: Server) -> tuple[bool, str]:
    await server.prepare()
    await server.database.accounts.projects()
    return True, "answers"


async def _blobs(server: Server) -> tuple[bool, str]:
    root = server.blobs_root
    await server.engine.blobs(root).exists(f"{root}/meta/ready")
    return True, "answer"


async def _engine(server: Server) -> tuple[bool, str]:
    if not server.engine.leaves_to_others:
        return True, f"drives {_counted(len(server.engine.driving()), 'execution')}"
    pool = server.engine.pool
    n_engines = await server.inspector.n_engines(pool)
    if not n_engines:
        return False, f"none of pool {pool} runs in any process; executions wait for one"
    return True, f"{_counted(n_engines, 'engine')} of pool {pool} in other processes"


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


CHECKS: dict[str, Check] = {"database": _database, "blobs": _blobs, "engine": _engine}
NEEDED = ("database", "blobs")
"""What a server cannot answer without."""
