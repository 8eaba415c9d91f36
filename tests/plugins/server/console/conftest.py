"""Fixtures of the console's tests: ``console``, a runner who is logged in, and ``browsing``, a browser; samples are registered."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.plugins.server.console import browsing as opening
from tests.plugins.server.console.browsing import CHROMIUM, Browsing
from tests.plugins.server.console.visiting import logged_in, register
from tests.plugins.server.serving import Serving


@pytest.fixture
async def console(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the console that may launch, over a registry with samples."""
    await register(serving.engine)
    async with logged_in(serving, "runner") as client:
        yield client


@pytest.fixture(scope="session")
def chromium() -> None:
    """Need Chromium."""
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium: install the package chromium")


@pytest.fixture
async def browsing(chromium: None, serving: Serving) -> AsyncIterator[Browsing]:
    """A browser before the console of ``serving``, over a registry with samples."""
    await register(serving.engine)
    async with opening.browsing(serving, serving.app) as made:
        yield made
