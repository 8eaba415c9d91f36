"""One plausible request for every operation, for tests that go through all of them."""

from collections.abc import Mapping

import httpx

from plait_core.ir.json import Json
from plait_server.routing import Route
from tests.plugins.server.console import samples

KNOWN = {
    "project": "default",
    "domain": "development",
    "execution": "over",
    "name": samples.sums.name,
    "version": "v1",
    "node": "n0",
    "n": "0",
    "signal": "more",
    "token": "t",
    "ticket": "a.b",
}
"""What stands for each parameter of a path."""

BODIES: Mapping[str, Json] = {
    "create_execution": {"target": {"kind": "workflow", "name": "no.such"}},
    "signal_execution": {"value": {"integer": 1}},
    "set_activation": {"is_active": False},
    "register_entities": {"closures": []},
    "create_token": {"principal": "ada", "roles": {}},
    "create_upload": {
        "project": "default",
        "domain": "development",
        "filename": "a",
        "sha256": "0" * 64,
        "size_bytes": 0,
    },
    "create_download": {"project": "default", "uri": "s3://elsewhere"},
}
"""Body by operation, where an empty one would not be read."""

STREAMS = frozenset({"stream_execution", "stream_changes"})
"""Operations that answer for as long as somebody listens; asked for their head alone."""


def path_of(route: Route) -> str:
    """Return the path of a route with what is known in it."""
    return route.path.format_map(KNOWN)


async def send(client: httpx.AsyncClient, route: Route) -> httpx.Response:
    """Send a plausible request."""
    method = "HEAD" if route.operation in STREAMS else route.method
    body = BODIES.get(route.operation, {}) if route.body is not None else None
    return await client.request(method, path_of(route), json=body)
