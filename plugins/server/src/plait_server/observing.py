"""
The outermost layer around every request: an id, a line in the log, and an answer whatever happens.

Plain ASGI, so that streams pass through it as they come.
"""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plait_server.errors import NoSuchPath
from plait_server.problems import problem_response

HEADER = "X-Request-Id"

PROBES = ("/healthz", "/readyz", "/metrics")
"""What machines ask every few seconds; that they were answered is not worth a line."""

_log = logging.getLogger("plait.server.requests")
_TICKET = re.compile(r"(/api/v\d+/(?:up|down)loads/).+")
"""The part of a path that lets whoever has it in: not for logs."""
_PLAUSIBLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Observing:
    """Middleware that names, answers and records requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what it raises becomes a problem document unless an answer has begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {}).update(request_id=request_id, principal="", prefix=scope.get("root_path", ""))
        began, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            if "\0" in scope["path"]:  # nothing is called so, and not every store can look for it
                raise NoSuchPath(path=scope["path"])
            await self._app(scope, receive, send_named)
        except Exception as error:  # the boundary: whatever a handler raised is answered
            if status:
                raise
            await problem_response(error, request_id=request_id)(scope, receive, send_named)
        finally:
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, took_s: float) -> None:
        state, path = scope["state"], _TICKET.sub(r"\1…", scope["path"])
        fields = {
            "request": state["request_id"],
            "principal": state["principal"],
            "method": scope["method"],
            "path": path,
            "status": status,
            "ms": round(took_s * 1e3, 1),
        }
        is_probe = status < 400 and scope["path"].endswith(PROBES)
        level = logging.DEBUG if is_probe else logging.INFO
        _log.log(level, "%s %s", scope["method"], path, extra=fields)


def _request_id(scope: Scope) -> str:
    """Return the id that the caller gave, if it is a harmless one, else a new one."""
    given = Headers(scope=scope).get(HEADER, "")
    return given if _PLAUSIBLE.fullmatch(given) else uuid4().hex
