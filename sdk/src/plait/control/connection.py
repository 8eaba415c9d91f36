"""
The HTTP connection to a server: tokens, refusals as errors, and requests sent again when the line breaks.

The only module that knows the HTTP library. A request that may be repeated is sent again while a server that has answered
before is away, as long as the connection's patience lasts; one that never answered is reported at once.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from plait.control.patience import Absence, Patience
from plait.errors import (
    NoEndpoint,
    NotOnServer,
    NotRecognised,
    ServerConflict,
    ServerRefused,
    ServerUnreachable,
    ServerUnsound,
    UnusableToken,
)
from plait_core.errors.stores import NotReadable
from plait_core.ir.codec import from_json, to_json
from plait_core.plugins.settings import Settings
from plait_core.ports.api import API_VERSION, Problem

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

PREFIX = f"/api/v{API_VERSION}"
TIMEOUT_S = 60.0
SILENCE_S = 60.0
"""How long a stream may say nothing; servers send a sign of life more often."""
STEADY_S = 1.0
"""A stream that was open for so long was there, whatever it said; one that ends sooner is part of an absence."""

BUSY, UNAVAILABLE = 429, 503
"""Statuses that pass; the first also says that nothing was done."""
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
_IN_ONE_WORD = re.compile("[!-~]*")
"""What a token is: anything else has no place in a header, and HTTP libraries show it when they say so."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Message(NamedTuple):
    """One server-sent event."""

    id: str
    event: str
    data: str


def token_of(settings: Settings) -> str:
    """
    Return the token that identifies this user to the server: the one that settings give, or the one kept for the endpoint.

    The names of the loopback stand for each other.
    """
    if settings.token:
        return settings.token.strip()
    server = urlsplit(settings.endpoint)
    port = server.port or (443 if server.scheme == "https" else 80)
    host = server.hostname or ""
    for name in dict.fromkeys((host, *(LOOPBACK if host in LOOPBACK else ()))):
        kept = Path(settings.home) / "tokens" / f"{name}_{port}"
        if kept.is_file():
            return kept.read_text(encoding="utf-8").strip()
    return ""


def read_url(url: str, *, largest_bytes: int) -> bytes:
    """
    Return what is at an address that has nothing to do with any server, wherever it leads; at most one byte more than *largest_bytes*.

    Raises ``ConnectionError`` when that cannot be had.
    """
    import httpx

    data = bytearray()
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=TIMEOUT_S) as response:
            if not response.is_success:
                raise ConnectionError(f"it answers with status {response.status_code}")
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > largest_bytes:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConnectionError(_text(error)) from error
    return bytes(data[: largest_bytes + 1])


class Connection:
    """
    Sends requests to the server at *endpoint*; use as an async context manager.

    Args:
        endpoint: Origin of the server, with a prefix if any.
        token: Sent to the server, and to nobody else.
        transport: In place of the network: an application in this process.
        patience: How long a server that is away is waited for; by default as long as who looks at something waits.
    """

    def __init__(
        self,
        endpoint: str,
        token: str = "",
        *,
        transport: "httpx.AsyncBaseTransport | None" = None,
        patience: Patience | None = None,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._token = token
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self.patience = patience or Patience()
        self._has_answered = False

    async def __aenter__(self) -> Self:
        """Connect to nothing yet."""
        import httpx

        server = urlsplit(self.endpoint)
        if server.scheme not in {"http", "https"} or not server.hostname:
            raise NoEndpoint(endpoint=self.endpoint)
        if not _IN_ONE_WORD.fullmatch(self._token):
            raise UnusableToken
        self._client = httpx.AsyncClient(
            base_url=self.endpoint,
            timeout=TIMEOUT_S,
            transport=self._transport,
            trust_env=server.hostname not in LOOPBACK,  # a proxy does not reach this machine's own ports
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        assert self._client is not None
        await self._client.aclose()

    def signed(self, url: str) -> str:
        """Return the whole of a signed URL, which is relative to the server's origin when it begins with a slash."""
        server = urlsplit(self.endpoint)
        return f"{server.scheme}://{server.netloc}{url}" if url.startswith("/") else url

    async def ask(self, kind: type[T], method: str, path: str, **request: Any) -> T:
        """Send a request and read the document that answers it; the arguments are those of ``send``."""
        response = await self.send(method, PREFIX + path, **request)
        try:
            return from_json(kind, response.json())
        except (ValueError, NotReadable) as error:
            raise ServerUnsound(endpoint=self.endpoint, path=path, detail=str(error)) from error

    async def tell(self, method: str, path: str, **request: Any) -> None:
        """Send a request whose answer says no more than that it was done."""
        await self.send(method, PREFIX + path, **request)

    async def send(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        content: Any = None,
        is_repeatable: bool | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> "httpx.Response":
        """
        Send a request, again if it may be.

        Args:
            method: The HTTP method.
            url: Below the endpoint when it begins with a slash; else a signed URL, which needs no token.
            query: Parameters; those that are ``None`` or empty are left out.
            body: A document of the API, sent as JSON.
            content: Bytes, or a function that makes an async iterator of them.
            is_repeatable: Whether sending it twice is as good as once; by default that of its method.
            timeout_s: How long the server may take, in seconds.

        Raises:
            ServerUnreachable: it did not answer.
            ServerRefused: it said no; ``NotOnServer`` and ``ServerConflict`` are the cases that callers tell apart.
        """
        import httpx

        repeats = method in IDEMPOTENT if is_repeatable is None else is_repeatable
        sent: dict[str, Any] = {"params": _given(query), "headers": self._headers_for(url), "timeout": timeout_s}
        if body is not None:
            sent["json"] = to_json(body)
        absence, refused = self.absence(), None
        for n_tries in count(1):
            try:
                response = await self._one(method, url, sent, content)
            except httpx.HTTPError as error:
                never_there = isinstance(error, httpx.ConnectError) and not self._has_answered
                is_over = not repeats or never_there or isinstance(error, httpx.ReadTimeout)
                if is_over or not await absence.pause(_text(error)):
                    raise refused or self._unreachable(error) from error
            else:
                self._has_answered = True
                if not response.is_error:
                    self.patience.note_answer()
                    return response
                refused = _refusal(response, n_tries)
                may_wait = response.status_code == BUSY or (repeats and response.status_code == UNAVAILABLE)
                if not may_wait or not await absence.pause(refused.detail, asked_s=_retry_after_s(response)):
                    raise refused
            sent["timeout"] = timeout_s - TIMEOUT_S + min(TIMEOUT_S, absence.left_s)
        raise AssertionError("the last try returns or raises")

    def absence(self) -> Absence:
        """Begin to wait for the server."""
        return Absence(self.endpoint, self.patience)

    async def _one(self, method: str, url: str, sent: Mapping[str, Any], content: Any) -> "httpx.Response":
        assert self._client is not None, "use the connection as an async context manager"
        if content is not None:
            sent = {**sent, "content": content() if callable(content) else content}
        return await self._client.request(method, url, **sent)

    def _headers_for(self, url: str) -> Mapping[str, str]:
        return self._headers if url.startswith("/") else {}

    def _unreachable(self, error: Exception, *, had_begun: bool = False) -> ServerUnreachable:
        return ServerUnreachable(endpoint=self.endpoint, detail=_text(error), had_begun=had_begun)

    # ── streams ──────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def _opened(
        self, url: str, query: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> "AsyncIterator[httpx.Response]":
        import httpx

        assert self._client is not None, "use the connection as an async context manager"
        timeout = httpx.Timeout(TIMEOUT_S, read=SILENCE_S)
        sent = {**self._headers_for(url), **headers}
        async with self._client.stream("GET", url, params=_given(query), headers=sent, timeout=timeout) as response:
            self._has_answered = True
            if response.is_error:
                await response.aread()
                raise _refusal(response, 1)
            self.patience.note_answer()
            yield response

    async def read(
        self, url: str, *, query: Mapping[str, Any] | None = None, start: int = 0
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes at *url*, from *start* on. Raises what ``send`` raises."""
        import httpx

        headers = {"Range": f"bytes={start}-"} if start else {}
        has_begun = False
        try:
            async with self._opened(url, query, headers) as response:
                has_begun = True
                to_skip = start if response.status_code != httpx.codes.PARTIAL_CONTENT else 0
                async for chunk in response.aiter_bytes():
                    if rest := chunk[to_skip:]:
                        yield rest
                    to_skip = max(0, to_skip - len(chunk))
        except httpx.HTTPError as error:
            raise self._unreachable(error, had_begun=has_begun) from error

    async def follow(self, path: str, *, last_id: str = "") -> AsyncGenerator[Message, None]:
        """
        Yield the server-sent events at *path* until the server ends them, going on after *last_id* when the line breaks.

        Ends after an event ``end``. Raises what ``send`` raises.
        """
        import httpx

        absence: Absence | None = None
        while True:
            headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
            opened: Absence | None = None
            broken: ServerUnreachable | ServerRefused
            try:
                async with self._opened(PREFIX + path, None, headers) as response:
                    opened = self.absence()
                    async for message in _messages(response.aiter_lines()):
                        absence = None
                        last_id = message.id or last_id
                        yield message
                        if message.event == "end":
                            return
                broken = self._unreachable(httpx.ReadError("the stream ended early"))
            except httpx.HTTPError as error:
                broken = self._unreachable(error)
            except ServerRefused as refused:
                broken = refused
            if absence is None or (opened is not None and opened.lasted_s >= STEADY_S):
                absence = self.absence()
            if not self._has_answered or not is_passing(broken) or not await absence.pause(broken.detail):
                raise broken


def is_passing(error: ServerUnreachable | ServerRefused) -> bool:
    """Whether what went wrong may be over soon."""
    return isinstance(error, ServerUnreachable) or error.status in {BUSY, UNAVAILABLE}


async def _messages(lines: AsyncIterator[str]) -> AsyncIterator[Message]:
    """
    Read server-sent events from their lines; comments are left out.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    id_, event, data = "", "", list[str]()
    async for line in lines:
        if not line:
            if data:
                yield Message(id_, event or "message", "\n".join(data))
            id_, event, data = "", "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "id":
                id_ = value
            case "event":
                event = value
            case "data":
                data.append(value)


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__


def _retry_after_s(response: "httpx.Response") -> float:
    """Return how long a server asks to wait, in seconds; 0 when it does not say, or says a date."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0.0


def _given(query: Mapping[str, Any] | None) -> dict[str, Any]:
    """Leave out what does not narrow, which 0 does, as of elements; ``True`` is written as the API reads it."""
    given = {key: value for key, value in (query or {}).items() if value is not False and value not in (None, "", ())}
    return {key: "true" if value is True else value for key, value in given.items()}


def _refusal(response: "httpx.Response", n_tries: int) -> ServerRefused:
    status = response.status_code
    kind = {401: NotRecognised, 404: NotOnServer, 409: ServerConflict}.get(status, ServerRefused)
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        try:
            problem = from_json(Problem, response.json())
        except (ValueError, NotReadable):  # one of a later release, or of something in between
            return kind(status=status, detail=response.text[:500], n_tries=n_tries)
        return kind(
            status=problem.status,
            detail=problem.detail,
            kind=problem.type.rpartition(":")[2],
            advice=problem.remedy,
            faults=problem.faults,
            n_tries=n_tries,
        )
    return kind(status=status, detail=response.text[:500] or response.reason_phrase, n_tries=n_tries)
