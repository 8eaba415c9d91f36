"""Every operation of the API, in the order in which the OpenAPI document shows them."""

from plait_server.api import identity
from plait_server.routing import Route

OPERATIONS: tuple[Route, ...] = (*identity.ROUTES,)
