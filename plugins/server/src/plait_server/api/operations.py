"""Every operation of the API, in the order in which the OpenAPI document shows them."""

from plait_server.api import (
    audit,
    downloads,
    entities,
    events,
    executions,
    identity,
    logs,
    nodes,
    projects,
    registering,
    tokens,
    uploads,
)
from plait_server.routing import Route

OPERATIONS: tuple[Route, ...] = (
    *identity.ROUTES,
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
)
