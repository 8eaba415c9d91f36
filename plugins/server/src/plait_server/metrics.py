"""
Metrics: numbers for Prometheus, about this process and about the store that it shares with others.

The only module that imports ``prometheus_client``. Nothing is global: each app counts its own requests. What the store holds is
counted when somebody asks. Labels name operations and phases, never projects, people or executions.
"""

import time
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client import generate_latest as generate
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plait_core.errors import PlaitError
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import Census
from plait_server.services import Server

OTHER = "other"
"""The operation of what is no operation of the API."""


class Metrics:
    """What one app counts."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._stock = _Stock()
        self._requests = Counter(
            "plait_http_requests", "Requests answered.", ("operation", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "plait_http_request_seconds", "Time until an answer was complete.", ("operation",), registry=self._registry
        )
        self._registry.register(self._stock)
        ProcessCollector(registry=self._registry)

    def count(self, operation: str, status: int, took_s: float) -> None:
        """Take note of a request."""
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(took_s)

    async def render(self, server: Server) -> bytes:
        """Return everything as text; what the store holds is left out while it does not answer."""
        self._stock.n_driven = len(server.engine.driving())
        try:
            self._stock.census = await server.database.views.census()
        except PlaitError:
            self._stock.census = None
        return generate(self._registry)


class _Stock(Collector):
    """What there was when somebody last looked."""

    def __init__(self) -> None:
        self.census: Census | None = None
        self.n_driven = 0

    def collect(self) -> Iterator[GaugeMetricFamily]:
        census = self.census
        yield GaugeMetricFamily("plait_store_up", "Whether the store answers.", int(census is not None))
        yield GaugeMetricFamily("plait_engine_executions", "Executions that this process drives.", self.n_driven)
        if census is None:
            return
        executions = GaugeMetricFamily("plait_executions", "Executions in the store.", labels=["phase"])
        for phase in ExecutionPhase:
            executions.add_metric([phase.value], census.executions.get(phase, 0))
        yield executions
        attempts = GaugeMetricFamily("plait_attempts", "Attempts of executions that have not ended.", labels=["phase"])
        for state, n_attempts in census.attempts.items():
            attempts.add_metric([state.value], n_attempts)
        yield attempts
        yield GaugeMetricFamily("plait_inbox_messages", "Messages that wait for their execution.", census.n_pending)


class Counting:
    """Middleware that counts requests; the outermost, so that it sees what is answered in the end."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send_seen)
        finally:
            self._metrics.count(state.get("operation", OTHER), status, time.perf_counter() - began)
