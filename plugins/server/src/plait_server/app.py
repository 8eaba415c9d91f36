"""
``create_app``: the server as an ASGI application.

Called by the daemon and by programs that mount plait in an application of their own. The app needs no lifespan: it works as soon
as its engine is open. It holds nothing global, and finds out from each request under which prefix it is mounted.
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from plait_core.engine import Engine
from plait_server.api.operations import OPERATIONS
from plait_server.console.routes import console_routes
from plait_server.hosts import Hosts, allowed_hosts
from plait_server.metrics import Counting, Metrics
from plait_server.observing import Observing
from plait_server.probes import probe_routes
from plait_server.problems import answer_http_exception
from plait_server.routing import starlette_routes
from plait_server.services import Server
from plait_server.settings import ServerSettings


def create_app(engine: Engine, *, settings: ServerSettings = ServerSettings()) -> Starlette:  # noqa: B008  # frozen
    """
    Make the HTTP API and the console of *engine*; ``app.state.server`` is what its handlers work with.

    Args:
        engine: Opened before the first request and closed after the last by whoever made it.
        settings: How to serve; those of the plugin's table are ``plugins.settings_for("server")``.
    """
    server, metrics = Server(engine=engine, settings=settings), Metrics()
    app = Starlette(
        routes=[*starlette_routes(OPERATIONS, server), *console_routes(server), *probe_routes(server, metrics)],
        middleware=[
            Middleware(Counting, metrics=metrics),
            Middleware(Observing),
            Middleware(Hosts, allowed=allowed_hosts(settings)),
        ],
        exception_handlers={HTTPException: answer_http_exception},
    )
    app.router.redirect_slashes = False
    app.state.server = server
    return app
