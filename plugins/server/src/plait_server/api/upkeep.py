"""
Upkeep: executions that ended long ago, what they left in storage, and templates that nothing uses, put away.

One call is one step, so that a sweep of a large store holds up nobody; ``plait_core.engine.sweeping`` says what goes and what stays.
"""

from plait_core.ports.api import SweepReply, SweepRequest
from plait_server.routing import Call, Route


async def sweep(call: Call[None, SweepRequest]) -> SweepReply:
    """Take one step of a sweep."""
    server = call.server
    async with server.sweeping:
        reply = await server.sweeper.step(call.body, audit=call.line)
    call.is_change = call.has_line
    return reply


ROUTES = (
    Route(
        method="POST",
        path="/sweeps",
        operation="sweep",
        summary="Put away what is over, one step at a time; a dry run says what would go.",
        permission="admin",
        handler=sweep,
        body=SweepRequest,
        reply=SweepReply,
    ),
)
