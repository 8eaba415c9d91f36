"""
``Server``: what every handler works with.

Made by ``create_app``, one for each app; nothing of it is global, so several live in one process. The engine may be opened later
than the app is made: what lies behind it is looked up when a request comes.
"""

import asyncio
import secrets
from collections.abc import Sequence

import attrs

from plait_core.engine import Engine, Inspector
from plait_core.engine.sweeping import Sweeper
from plait_core.plugins import Plugins
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database, Project
from plait_core.ports.principals import Authenticator
from plait_server.errors import ProjectArchived, UnknownProject
from plait_server.settings import ServerSettings
from plait_server.signing import KEY_BYTES, KEY_NAME, Signer

CLOSURES_KEPT_NS = 2 * 86_400 * 10**9
"""How long templates are kept that nothing uses: engines put them again once a day, and may launch them meanwhile."""

SPENT_KEPT_S = 3600.0
"""How long it is remembered that a ticket was used; longer than any ticket but those of uploads is valid."""


@attrs.define(kw_only=True, eq=False)
class Server:
    """An engine, what the server around it is told to be, and what the two share."""

    engine: Engine
    settings: ServerSettings
    _signer: Signer | None = attrs.field(init=False, default=None)
    _spent: dict[str, int] = attrs.field(init=False, factory=dict)
    authenticators: Sequence[Authenticator] = attrs.field(init=False, default=())
    starters: set[str] = attrs.field(init=False, factory=set)
    """Who has started executions here without a token of the server's own."""
    _sweeper: Sweeper | None = attrs.field(init=False, default=None)
    sweeping: asyncio.Lock = attrs.field(init=False, factory=asyncio.Lock)
    """Held for each step of a sweep."""
    _inspector: Inspector | None = attrs.field(init=False, default=None)
    _preparing: asyncio.Lock = attrs.field(init=False, factory=asyncio.Lock)

    @property
    def database(self) -> Database:
        """The store, which says at once when it is unavailable."""
        return self.engine.database

    @property
    def inspector(self) -> Inspector:
        """What looks at executions, and remembers what it has seen of them."""
        if self._inspector is None:
            self._inspector = Inspector(self.database)
        return self._inspector

    @property
    def sweeper(self) -> Sweeper:
        """What puts away what is over; takes one step at a time."""
        if self._sweeper is None:
            engine = self.engine
            self._sweeper = Sweeper(
                self.database,
                engine.blobs,
                self.blobs_root,
                engine.clock,
                engine.settings.retention,
                closures_kept_ns=CLOSURES_KEPT_NS,
            )
        return self._sweeper

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

    @property
    def signer(self) -> Signer:
        """What signs for all servers of the store."""
        assert self._signer is not None, "prepare comes first"
        return self._signer

    async def prepare(self) -> None:
        """Find, or put into an empty store, what requests rely on; called before each, and done once."""
        if self._signer:
            return
        async with self._preparing:
            if not self._signer:
                await self._make_default_project()
                self.authenticators = [self.plugins.authenticator(name) for name in self.settings.authenticators]
                key = await self.database.accounts.keep_key(KEY_NAME, secrets.token_bytes(KEY_BYTES))
                self._signer = Signer(key)

    async def _make_default_project(self) -> None:
        accounts = self.database.accounts
        if not await accounts.projects():
            await accounts.put_project(Project(id=self.engine.settings.project))

    async def project(self, id: str) -> Project | None:
        """Return the project with an id."""
        return next((project for project in await self.database.accounts.projects() if project.id == id), None)

    async def open_project(self, id: str) -> Project:
        """Return the project with an id, which takes new things. Raises ``UnknownProject`` and ``ProjectArchived``."""
        project = await self.project(id)
        if project is None:
            raise UnknownProject(project=id)
        if project.is_archived:
            raise ProjectArchived(project=id)
        return project

    def is_spent(self, ticket: str) -> bool:
        """Say whether a ticket which is good for one use was used."""
        return ticket in self._spent

    def spend(self, ticket: str) -> bool:
        """Take note that a ticket which is good for one use was used; says whether this was the first time."""
        now_ns = self.clock.now_ns()
        oldest_ns = now_ns - int(max(SPENT_KEPT_S, self.settings.ticket_s) * 1e9)
        self._spent = {spent: at_ns for spent, at_ns in self._spent.items() if at_ns > oldest_ns}
        is_first = ticket not in self._spent
        self._spent[ticket] = now_ns
        return is_first
