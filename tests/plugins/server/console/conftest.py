"""Fixtures of the console's tests: ``serving`` with registered samples, and ``console``, a runner who is logged in."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.plugins.server.console.visiting import logged_in, register
from tests.plugins.server.serving import Serving


@pytest.fixture
async def console(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the console that may launch, over a registry with samples."""
    await register(serving.engine)
    async with logged_in(serving, "runner") as client:
        yield client
