"""Files of executions: whoever may look at their project is led to a ticket for them."""

from starlette.responses import RedirectResponse, Response

from plait_core.errors.stores import BlobMissing
from plait_server.api.downloads import download_ticket
from plait_server.console.visits import Visit


async def download(visit: Visit) -> Response:
    """Lead to a file. Raises ``ForeignBlob`` for what does not belong to the project, and ``BlobMissing``."""
    uri = visit.query("uri")
    ticket = await download_ticket(visit.server, uri, visit.project, prefix=visit.prefix)
    if not ticket.url:
        raise BlobMissing(uri=uri)
    return RedirectResponse(ticket.url, status_code=303)
