"""A store that goes away while a server needs it."""

import inspect
from typing import Any

import pytest

from plait_core.errors.stores import StoreUnavailable
from tests.plugins.server.serving import Serving

SECRET = "postgresql://ada:secret@db.internal/plait"
PORTS = ("accounts", "views", "registry", "log", "inbox", "leases", "upkeep")


def break_store(serving: Serving, monkeypatch: pytest.MonkeyPatch, *ports: str) -> None:
    """Let *ports* of the store fail from now on, all by default; what they raise tells where the store is."""

    async def gone(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable(url=SECRET, detail="connection refused")

    for port in ports or PORTS:
        held = getattr(serving.engine.database, port)
        for name, _ in inspect.getmembers(held, inspect.iscoroutinefunction):
            if not name.startswith("_"):
                monkeypatch.setattr(held, name, gone)
