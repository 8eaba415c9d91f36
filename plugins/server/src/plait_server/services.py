"""
``Server``: what every handler works with.

Made by ``create_app``, one for each app; nothing of it is global, so several live in one process. The engine may be opened later
than the app is made: what lies behind it is looked up when a request comes.
"""

import asyncio

import attrs

from plait_core.engine import Engine
from plait_core.plugins import Plugins
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database, Project
from plait_server.settings import ServerSettings


@attrs.define(kw_only=True, eq=False)
class Server:
    """An engine, what the server around it is told to be, and what the two share."""

    engine: Engine
    settings: ServerSettings
    _is_prepared: bool = attrs.field(init=False, default=False)
    _preparing: asyncio.Lock = attrs.field(init=False, factory=asyncio.Lock)

    @property
    def database(self) -> Database:
        """The store, which says at once when it is unavailable."""
        return self.engine.database

    @property
    def plugins(self) -> Plugins:
        """What is installed."""
        return self.engine.plugins

    @property
    def clock(self) -> Clock:
        """Time."""
        return self.engine.clock

    @property
    def blobs_root(self) -> str:
        """The URI under which everything is stored."""
        return self.engine.settings.blobs.rstrip("/")

    async def prepare(self) -> None:
        """Put into an empty store what requests rely on; called before each, and done once."""
        if self._is_prepared:
            return
        async with self._preparing:
            if not self._is_prepared:
                await self._make_default_project()
                self._is_prepared = True

    async def _make_default_project(self) -> None:
        accounts = self.database.accounts
        if not await accounts.projects():
            await accounts.put_project(Project(id=self.engine.settings.project))

    async def project(self, id: str) -> Project | None:
        """Return the project with an id."""
        return next((project for project in await self.database.accounts.projects() if project.id == id), None)
