"""
Registering: closures become entities of a project and domain, all or none.

What is registered here may refer to entities elsewhere, where the caller is a viewer; it never adds to another place than the
one in the path. ``plait_core.compiler.registering`` does the rest.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from plait_core.compiler.completion import open_references
from plait_core.compiler.registering import register
from plait_core.ir.executions import Closure
from plait_core.ir.ids import LOCAL_VERSION, EntityId
from plait_core.ir.references import templates
from plait_core.ports.api import RegisterReply, RegisterRequest
from plait_core.ports.databases import AuditLine
from plait_server.api.executions import HERE
from plait_server.errors import ForeignEntity, MalformedRequest
from plait_server.routing import Call, Route

LONGEST = 255
"""Of names and versions, in characters."""


async def register_entities(call: Call[None, RegisterRequest]) -> RegisterReply:
    """Register closures, or say what registering them would do."""
    server, request = call.server, call.body
    await server.open_project(call.project)
    elsewhere = {id_ for closure in request.closures for id_ in open_references(closure)}
    own = dict.fromkeys(id_ for closure in request.closures for id_ in _offered(closure) if id_ not in elsewhere)
    if foreign := [str(id_) for id_ in own if (id_.project, id_.domain) != (call.project, call.domain)]:
        raise ForeignEntity(ids=tuple(foreign), place=f"{call.project}/{call.domain}")
    if faults := dict.fromkeys(fault for id_ in own for fault in _faults(id_)):  # all have the same version
        raise MalformedRequest(what="closures", faults=tuple(faults))
    for project in sorted({id_.project for id_ in elsewhere} - {call.project}):
        call.require("viewer", project)
    now_ns = server.clock.now_ns()
    reply = await register(request, server.database.registry, at_ns=now_ns, audit=partial(_line, call))
    call.is_change = call.has_line
    return reply


def _line(call: Call[None, RegisterRequest], own: Sequence[EntityId], activated: Sequence[EntityId]) -> AuditLine:
    return call.line({"registered": list(map(str, own)), "activated": list(map(str, activated))})


def _offered(closure: Closure) -> Iterator[EntityId]:
    return (template.id for template in templates(closure))


def _faults(id_: EntityId) -> Iterator[str]:
    """Yield what keeps the parts of an id from standing in a path."""
    for word, text in (("name", id_.name), ("version", id_.version)):
        if not text or len(text) > LONGEST:
            yield f"{word} {text[:120]!r}: 1 to {LONGEST} characters"
        elif "/" in text or text in {".", ".."} or not text.isprintable():
            yield f"{word} {text[:120]!r}: printable, without slashes"
    if id_.version == LOCAL_VERSION:
        yield f"version {LOCAL_VERSION!r}: it is that of code which is not registered"
    if id_.org:
        yield f"org {id_.org[:120]!r}: there are no organisations; leave it empty"


ROUTES = (
    Route(
        method="POST",
        path=f"{HERE}/register",
        operation="register_entities",
        summary="Register closures of templates, all or none.",
        permission="author",
        handler=register_entities,
        body=RegisterRequest,
        reply=RegisterReply,
    ),
)
