"""Every operation of the API, in the order in which the OpenAPI document shows them."""

from plait_server.api import (
    audit,
    downloads,
    entities,
    events,
    executions,
    identity,
    login_links,
    logs,
    nodes,
    projects,
    registering,
    tokens,
    upkeep,
    uploads,
)
from plait_server.openapi import document_route
from plait_server.routing import Route

_DESCRIBED: tuple[Route, ...] = (
    *identity.ROUTES,
    *login_links.ROUTES,
    *projects.ROUTES,
    *registering.ROUTES,
    *entities.ROUTES,
    *executions.ROUTES,
    *nodes.ROUTES,
    *logs.ROUTES,
    *events.ROUTES,
    *uploads.ROUTES,
    *downloads.ROUTES,
    *tokens.ROUTES,
    *audit.ROUTES,
    *upkeep.ROUTES,
)

OPERATIONS = (*_DESCRIBED, document_route(_DESCRIBED))
