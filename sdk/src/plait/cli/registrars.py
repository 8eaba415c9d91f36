"""Where the command line registers: on the server that settings name, or in the store of this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plait.cli.session import Session
    from plait.registration import Registrar


@asynccontextmanager
async def open_registrar(session: "Session", *, local: bool) -> "AsyncIterator[Registrar]":
    """Open the store, or a client of the server."""
    settings = session.settings
    if local:
        from plait.registration import StoreRegistrar

        async with session.store() as database:
            yield StoreRegistrar(database.registry, session.plugins.blob_store, settings.blobs)
        return
    from plait.http_registrar import HttpRegistrar, token_of

    async with HttpRegistrar(settings.endpoint, token_of(settings)) as registrar:
        yield registrar
