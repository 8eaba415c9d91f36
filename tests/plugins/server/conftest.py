"""
Fixtures of the server's tests: ``serving`` is a server in memory with clients of each role.

Tests that use it are ``async def`` and marked ``pytest.mark.anyio``.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.plugins.server import serving as making
from tests.plugins.server.serving import Serving


@pytest.fixture
def anyio_backend() -> str:
    """Engines run on asyncio."""
    return "asyncio"


@pytest.fixture
async def serving(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Serving]:
    """A server whose store ends with the test."""
    async with making.serving(tmp_path) as made:
        yield made
