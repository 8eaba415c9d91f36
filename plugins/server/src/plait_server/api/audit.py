"""The audit trail: who did what to which thing, and when."""

from plait_core.ports.api import AuditPage
from plait_server.pages import PageQuery
from plait_server.routing import Call, Route


async def list_audit(call: Call[PageQuery, None]) -> AuditPage:
    """List what was changed, latest first."""
    lines, token = await call.server.database.accounts.audited(call.query.page())
    return AuditPage(items=tuple(lines), token=token)


ROUTES = (
    Route(
        method="GET",
        path="/audit",
        operation="list_audit",
        summary="What was changed, latest first.",
        permission="admin",
        handler=list_audit,
        query=PageQuery,
        reply=AuditPage,
    ),
)
