"""Who am I, and what is this server."""

from plait_core.ports.api import Identity
from plait_server.routing import Call, Route


async def show_identity(call: Call[None, None]) -> Identity:
    """Tell callers how they were recognised."""
    from importlib.metadata import version

    return Identity(principal=call.principal.name, roles=call.principal.roles, server_version=version("plait-server"))


ROUTES = (
    Route(
        method="GET",
        path="/identity",
        operation="show_identity",
        summary="Who the caller is, and what the server is.",
        permission="known",
        handler=show_identity,
        reply=Identity,
    ),
)
