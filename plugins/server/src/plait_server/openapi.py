"""
The OpenAPI document: what the routes say of themselves, for machines.

Made from the same ``Route`` objects that requests pass through, once per app and prefix. Served at ``/api/v1/openapi.json``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import attrs
from starlette.responses import Response

from plait_core.ports.api import Problem
from plait_server.problems import MEDIA_TYPE as PROBLEM_TYPE
from plait_server.queries import element_of
from plait_server.routing import PREFIX, Call, Route
from plait_server.schemas import Schema, Schemas, fields_of

OPENAPI_VERSION = "3.1.0"
JSON_TYPE = "application/json"

ALWAYS = (400, 421, 503)
"""Problems that any request may have: its query string, the name it gave the server, a store that does not answer."""

_PARAMETER = re.compile(r"{(\w+)}")


def document_route(operations: Sequence[Route]) -> Route:
    """Make the route that serves the document of *operations* and of itself."""

    async def show_openapi(call: Call[None, None]) -> Response:
        """Describe every operation."""
        return Response(_rendered(call.request.state.prefix), media_type=JSON_TYPE)

    route = Route(
        method="GET",
        path="/openapi.json",
        operation="show_openapi",
        summary="This document.",
        permission="public",
        handler=show_openapi,
        media=JSON_TYPE,
    )

    @cache
    def _rendered(prefix: str) -> str:
        return json.dumps(document_of((*operations, route), server=prefix + PREFIX))

    return route


def document_of(operations: Sequence[Route], *, server: str = PREFIX) -> dict[str, Any]:
    """Make the document of *operations*, whose paths are below the URL *server*."""
    schemas = Schemas("#/components/schemas/")
    paths: dict[str, dict[str, Any]] = {}
    for route in operations:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    responses = _problems(operations, schemas)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": "plait", "version": version("plait-server"), "license": {"name": "Apache-2.0"}},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.found.items())),
            "responses": responses,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [area_of(route)],
        "x-permission": route.permission,
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas)],
        "responses": _responses(route, schemas),
        "security": [{"token": []}] if needs_token(route) else [],
    }
    if route.body is not None:
        is_required = bool(schemas.body(route.body).get("required"))
        described["requestBody"] = {
            "required": is_required,
            "content": {JSON_TYPE: {"schema": schemas.of(route.body)}},
        }
    elif route.takes:
        described["requestBody"] = {"required": True, "content": {route.takes: {}}}
    return described


def area_of(route: Route) -> str:
    """Return what the operations of one module are about."""
    return route.handler.__module__.rpartition(".")[2]


def needs_token(route: Route) -> bool:
    """Say whether whoever asks must be known."""
    return route.permission not in {"public", "signed"}


# ── parameters ───────────────────────────────────────────────────────────────


def _path_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(route: Route, schemas: Schemas) -> Iterator[dict[str, Any]]:
    fields: Mapping[str, attrs.Attribute[Any]] = fields_of(route.query) if route.query is not None else {}
    for name, field in fields.items():
        schema = schemas.of(element_of(field.type)) | bounds_of(schemas, field)
        if element_of(field.type) is float:
            schema = {"type": "number"} | bounds_of(schemas, field)
        is_list = str(field.type).startswith("tuple")
        yield {
            "name": name,
            "in": "query",
            "required": field.default is attrs.NOTHING,
            "schema": {"type": "array", "items": schema} if is_list else schema,
        }


def bounds_of(schemas: Schemas, field: "attrs.Attribute[Any]") -> Schema:
    """Return the bounds that the validators of a field set."""
    return {key: value for key, value in schemas.field(field).items() if key.endswith(("imum", "Imum"))}


# ── responses ────────────────────────────────────────────────────────────────


def statuses_of(route: Route) -> tuple[int, ...]:
    """Return the statuses of the problems that an operation may answer with."""
    found = {*ALWAYS, *route.refusals}
    if needs_token(route):
        found |= {401, 403}
    if route.permission == "signed":
        found |= {403, 404}
    if "{" in route.path:
        found.add(404)
    if route.body is not None:
        found |= {404, 408, 409, 413, 415, 422, 429}
    if route.takes:
        found |= {408, 409, 413, 415, 422}
    if route.method != "GET":
        found.add(409)
    return tuple(sorted(found))


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    problems = {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses_of(route)}
    return {**_success(route, schemas), **problems}


def _problems(operations: Sequence[Route], schemas: Schemas) -> dict[str, Any]:
    """Describe each refusal once."""
    content = {"content": {PROBLEM_TYPE: {"schema": schemas.of(Problem)}}}
    found = sorted({status for route in operations for status in statuses_of(route)})
    return {str(status): {"description": HTTPStatus(status).phrase, **content} for status in found}


def _success(route: Route, schemas: Schemas) -> dict[str, Any]:
    description = {"description": HTTPStatus(route.status).phrase}
    if route.reply is not None:
        return {str(route.status): {**description, "content": {JSON_TYPE: {"schema": schemas.of(route.reply)}}}}
    if route.status != HTTPStatus.OK:
        return {str(route.status): description}
    content: dict[str, Any] = {"content": {route.media: {}}}
    found = {str(route.status): {**description, **content}}
    if route.has_ranges:
        found["206"] = {"description": HTTPStatus.PARTIAL_CONTENT.phrase, **content}
    return found
