"""
The console in a real browser: Debian's Chromium, driven by Playwright, against a server that listens on the loopback.

Everything runs in the loop of the test. A page fails its test when the browser's console tells of an error, which a violation of the
content policy is, too.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import attrs
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from starlette.types import ASGIApp

from plait_core.ir.ids import EntityId, EntityKind
from plait_server.sessions import login_ticket
from tests.plugins.server.console.visiting import MODULE
from tests.plugins.server.daemons import free_port
from tests.plugins.server.serving import HERE, Serving

CHROMIUM = "/usr/bin/chromium"
"""Where Debian's package ``chromium`` puts it; ``.ci/run`` installs it."""

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@attrs.frozen(kw_only=True)
class Browsing:
    """A browser before a console: ``url`` is where that is, ``faults`` what the browser has complained about."""

    serving: Serving
    browser: Browser
    url: str
    faults: list[str]

    async def visitor(self, role: str, *, is_strict: bool = True, url: str = "", **options: Any) -> Page:
        """
        Return a page of somebody who has logged in by a link.

        Args:
            role: Whose token it is.
            is_strict: Whether what the browser complains about counts.
            url: Of another console than this one, over the same server.
            options: Of Playwright's ``new_context``.
        """
        context: BrowserContext = await self.browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        if is_strict:
            page.on("console", lambda it: self.faults.append(it.text) if it.type in {"error", "warning"} else None)
            page.on("pageerror", lambda it: self.faults.append(str(it)))
            page.on("requestfailed", lambda it: self._heard_failed(it.url, it.failure))
        await self.serving.server.prepare()
        token = self.serving.tokens[role].partition(".")[0]
        await page.goto(f"{url or self.url}/login?ticket={login_ticket(self.serving.server, token)}")
        return page

    def _heard_failed(self, url: str, failure: str | None) -> None:
        """What is broken off by leaving the page is no fault."""
        if failure != "net::ERR_ABORTED":
            self.faults.append(f"{url}: {failure}")

    def here(self, path: str) -> str:
        """Return an address within the project and domain that always exist."""
        return f"{self.url}{HERE}/{path}"

    def launch_url(self, workflow: str) -> str:
        """Return the address of the launch form of a sample."""
        id_ = EntityId(kind=EntityKind.WORKFLOW, name=f"{MODULE}.{workflow}")
        return self.here(f"workflows/{id_.name}/versions/local/launch")


@asynccontextmanager
async def browsing(serving: Serving, app: ASGIApp, *, prefix: str = "") -> AsyncIterator[Browsing]:
    """Serve *app*, under whose *prefix* the console of *serving* is, and open a browser."""
    faults: list[str] = []
    async with Listening(app) as listening, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Browsing(serving=serving, browser=browser, url=f"{listening.origin}{prefix}/console", faults=faults)
        await browser.close()
    assert faults == []


class Listening:
    """Serves an app on the loopback, by default on a port of its own, as long as the block."""

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self.port = port or free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.origin = f"http://localhost:{self.port}"
        self._server = _Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))

    async def __aenter__(self) -> Self:
        self._answering = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._answering
        self._listener.close()


class _Server(uvicorn.Server):
    """uvicorn, leaving signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
