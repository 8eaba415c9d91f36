"""
Problems: every refusal as a document (RFC 9457).

What is the caller's move is told in full. What went wrong inside is told as a number, the request's id, under which
the log has the rest: addresses of stores and names of files are not for callers.
"""

import json
import logging
import math
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from plait_core.errors import PlaitError, Retryable, UserError
from plait_core.errors.compiling import CompileFailed
from plait_core.errors.engine import ExecutionExists, ExecutionOwned, UnknownExecution
from plait_core.errors.running import Saturated
from plait_core.errors.stores import (
    BlobDenied,
    BlobMissing,
    EntityUnknown,
    ExecutionUnfinished,
    ExecutionUnknown,
    NotReadable,
    StoreCorrupt,
    StoreDriverMissing,
    StoreReadOnly,
    StoreRefused,
    StoreTooNew,
    VersionConflict,
)
from plait_core.ir.codec import to_json
from plait_core.ir.json import Json
from plait_core.ports.api import Problem
from plait_server.errors import (
    ExecutionOver,
    ForeignBlob,
    ForgedRequest,
    MalformedRequest,
    NoActiveVersion,
    NoSuchPath,
    NotAllowed,
    NotAuthenticated,
    PlaceTaken,
    ProjectArchived,
    SealBroken,
    SealExpired,
    SharedIdentity,
    TooLarge,
    TooSlow,
    UnknownDomain,
    UnknownPart,
    UnknownProject,
    UnknownToken,
    WrongContentEncoding,
    WrongContentType,
    WrongHost,
    WrongMethod,
)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:plait:problem:"
"""What types of problems begin with; the name of the error's class follows."""

STATUS: Mapping[type[PlaitError], int] = {
    MalformedRequest: 400,
    NotReadable: 400,
    NotAuthenticated: 401,
    NotAllowed: 403,
    ForgedRequest: 403,
    SealBroken: 403,
    SealExpired: 403,
    NoSuchPath: 404,
    UnknownProject: 404,
    UnknownDomain: 404,
    EntityUnknown: 404,
    ExecutionUnknown: 404,
    UnknownExecution: 404,
    BlobMissing: 404,
    WrongMethod: 405,
    TooSlow: 408,
    VersionConflict: 409,
    ExecutionExists: 409,
    NoActiveVersion: 404,
    UnknownPart: 404,
    UnknownToken: 404,
    ForeignBlob: 404,
    ExecutionOwned: 409,
    ExecutionOver: 409,
    ExecutionUnfinished: 409,
    ProjectArchived: 409,
    PlaceTaken: 409,
    SharedIdentity: 409,
    TooLarge: 413,
    WrongContentType: 415,
    WrongContentEncoding: 415,
    WrongHost: 421,
    Saturated: 429,
    StoreCorrupt: 500,
    StoreTooNew: 500,
    StoreReadOnly: 503,
    StoreRefused: 503,
    StoreDriverMissing: 500,
    BlobDenied: 502,
    UserError: 422,
    Retryable: 503,
    PlaitError: 500,
}
"""Class of error -> status; the closest base class that is listed decides."""

INSIDE: Mapping[int, tuple[str, str, str]] = {
    500: (
        "InternalError",
        "the server failed at this request",
        "look for request {request} in the server's log, or tell its owner",
    ),
    502: (
        "StorageRefused",
        "the server may not reach this in its blob storage",
        "tell the owner of the server, who can give it access; its log says to what under request {request}",
    ),
    503: ("Unavailable", "the server cannot do this at the moment", "try again in a while"),
}
"""Status -> kind, detail and remedy of what is not the caller's to mend."""

_log = logging.getLogger("plait.server")


def status_of(error: Exception) -> int:
    """Return the status that *error* is answered with."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem_of(error: Exception, *, request_id: str) -> Problem:
    """Describe *error* to the caller; what it says about the inside of the server is left out."""
    status = status_of(error)
    if status < 500 and isinstance(error, PlaitError):
        kind, detail, remedy = type(error).__name__, error.problem, error.remedy
    else:
        kind, detail, remedy = INSIDE[status]
    return Problem(
        type=TYPE + kind,
        title=_title(kind),
        status=status,
        detail=detail,
        remedy=remedy.replace("{request}", request_id) if status >= 500 else remedy,
        faults=_faults(error) if status < 500 else (),
        extra={"request": request_id, **_details(error)},
    )


def problem_response(error: Exception, *, request_id: str) -> Response:
    """Answer with what *error* is; what is the server's fault is logged."""
    problem = problem_of(error, request_id=request_id)
    if problem.status >= 500:
        _log.error("request failed", exc_info=error, extra={"request": request_id})
    headers = {}
    if isinstance(error, Retryable):
        headers["Retry-After"] = str(max(1, math.ceil(error.delay_s)))
    if problem.status == 408:
        headers["Connection"] = "close"  # the rest of the body may still come, and would be taken for a request
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="plait"'
    return Response(json.dumps(to_json(problem)), status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer for what the router itself refuses."""
    assert isinstance(error, HTTPException)
    path, request_id = request.url.path, request.state.request_id
    if error.status_code == 405:
        response = problem_response(WrongMethod(method=request.method, path=path), request_id=request_id)
        allowed = (error.headers or {}).get("Allow", "").split(", ")
        response.headers["Allow"] = ", ".join(sorted(allowed))
        return response
    return problem_response(NoSuchPath(path=path), request_id=request_id)


def _faults(error: Exception) -> tuple[str, ...]:
    if isinstance(error, CompileFailed):
        return tuple(map(str, error.faults))
    return tuple(map(str, getattr(error, "faults", ())))


def _details(error: Exception) -> dict[str, Json]:
    """Return what programs may want of *error* without reading its text."""
    if isinstance(error, VersionConflict):
        return {"id": error.id, "registered": error.registered, "offered": error.offered}
    return {}


def _title(kind: str) -> str:
    """Render the name of a class as words."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind)
    return words.strip().capitalize()
