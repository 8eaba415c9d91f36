"""
Registering on a server, over its HTTP API.

Three requests: a ticket for the bundle, the bundle itself unless the server has it, and the closures.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from plait.errors import ServerRefused, ServerUnreachable
from plait_core.authoring.bundles import Bundle
from plait_core.ir.codec import from_json, to_json
from plait_core.plugins.settings import Settings
from plait_core.ports.api import API_VERSION, Problem, RegisterReply, RegisterRequest, UploadRequest, UploadTicket

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 60.0


def token_of(settings: Settings) -> str:
    """Return the token that identifies this user to the server: the one that settings give, or the one kept for it."""
    if settings.token:
        return settings.token
    server = urlsplit(settings.endpoint)
    kept = (
        Path(settings.home) / "tokens" / f"{server.hostname}_{server.port or (443 if server.scheme == 'https' else 80)}"
    )
    return kept.read_text(encoding="utf-8").strip() if kept.is_file() else ""


class HttpRegistrar:
    """``Registrar`` of the server at *endpoint*; use as an async context manager."""

    def __init__(self, endpoint: str, token: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Connect to nothing yet."""
        import httpx

        self._client = httpx.AsyncClient(base_url=self._endpoint, timeout=TIMEOUT_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        assert self._client is not None
        await self._client.aclose()

    async def upload_bundle(self, project: str, domain: str, bundle: Bundle) -> None:
        asked = UploadRequest(
            project=project,
            domain=domain,
            filename=bundle.filename,
            sha256=bundle.digest,
            size_bytes=len(bundle.data),
            purpose="bundle",
        )
        answer = await self._send("POST", f"/api/v{API_VERSION}/uploads", json=to_json(asked))
        ticket = from_json(UploadTicket, answer.json())
        if ticket.url:
            await self._send("PUT", ticket.url, content=bundle.data)

    async def register(self, project: str, domain: str, request: RegisterRequest) -> RegisterReply:
        place = f"projects/{quote(project, safe='')}/domains/{quote(domain, safe='')}"
        answer = await self._send("POST", f"/api/v{API_VERSION}/{place}/register", json=to_json(request))
        reply: RegisterReply = from_json(RegisterReply, answer.json())
        return reply

    async def _send(self, method: str, url: str, **content: Any) -> "httpx.Response":
        """Send a request; the token goes to the server alone, not to a storage that a signed URL leads to."""
        import httpx

        assert self._client is not None, "use the registrar as an async context manager"
        headers = self._headers if url.startswith("/") else {}
        try:
            response = await self._client.request(method, url, headers=headers, **content)
        except httpx.HTTPError as error:
            raise ServerUnreachable(endpoint=self._endpoint, detail=str(error) or type(error).__name__) from error
        if response.is_error:
            raise _refusal(response)
        return response


def _refusal(response: "httpx.Response") -> ServerRefused:
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        problem = from_json(Problem, response.json())
        return ServerRefused(status=problem.status, detail=problem.detail, advice=problem.remedy, faults=problem.faults)
    return ServerRefused(status=response.status_code, detail=response.text[:500])
