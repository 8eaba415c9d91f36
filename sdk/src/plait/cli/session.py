"""
What a command works with: settings, plugins, and the engine, store or server that these choose.

One session per process, made before a command is looked up. Settings are read and plugins loaded when they are first
asked for, so that ``--env`` and its like count wherever they stand.

A command works on the server with ``--remote`` and on this machine with ``--local``. Without either it works on the server when settings
set ``endpoint``, and else on this machine; those that are about servers turn to one unless they are told otherwise.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from plait.control.connection import Connection
    from plait.control.patience import Patience
    from plait.control.plane import ControlPlane
    from plait.control.server import ServerPlane
    from plait_core.engine import Engine
    from plait_core.ir.ids import ExecutionId
    from plait_core.plugins import Plugins, Settings
    from plait_core.ports.databases import Database

T = TypeVar("T")
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Session:
    """The settings and plugins of one call of ``plait``."""

    def __init__(self) -> None:
        """Begin with what settings say, and all plugins."""
        self._left_out: list[str] = []
        self._environment: str | None = None
        self._overrides: dict[str, Any] = {}
        self._observers: list[object] = []
        self._wants_remote: bool | None = None

    def leave_out(self, plugin: str) -> None:
        """Do not even import the hooks of *plugin*."""
        self._left_out.append(plugin)

    def observe(self, observer: object) -> None:
        """Let *observer*, which implements ``plait_on_event``, hear what this session's engine records."""
        self._observers.append(observer)

    def choose(self, key: str, value: Any) -> None:
        """Let a flag win over what settings say; ``environment`` chooses their environment, ``remote`` the server."""
        if key == "remote":
            self._wants_remote = value
        elif key == "environment":
            self._environment = value
        else:
            self._overrides[key] = value
        vars(self).pop("settings", None)
        vars(self).pop("plugins", None)

    @cached_property
    def settings(self) -> "Settings":
        """The settings that hold in the working directory."""
        from plait_core.plugins import Settings

        return Settings.discover(environment=self._environment, overrides=self._overrides)

    @cached_property
    def plugins(self) -> "Plugins":
        """The plugins, which are this process's from now on."""
        from plait_core.plugins import Plugins, install_process_plugins

        plugins = Plugins.load(self.settings, disabled=self._left_out, extra=self._observers)
        install_process_plugins(plugins)
        return plugins

    def load_plugins(self) -> "Plugins":
        """Load the plugins, for what asks this process for them instead of a session: user code, conversions of values."""
        return self.plugins

    def engine(self) -> "Engine":
        """Make an engine on these settings."""
        from plait_core.authoring.typesystem import process_types
        from plait_core.engine import Engine

        return Engine(plugins=self.plugins, types=process_types())

    @asynccontextmanager
    async def store(self) -> "AsyncIterator[Database]":
        """Open the store for reading and for what needs no engine."""
        database = self.plugins.database(self.settings.store)
        await database.open()
        try:
            yield database
        finally:
            await database.close()

    def is_remote(self, *, by_default: bool = False) -> bool:
        """Whether a command works on the server; *by_default* those do that are about servers."""
        if self._wants_remote is not None:
            return self._wants_remote
        return by_default or self.settings.origin("endpoint") != "default"

    @property
    def flags(self) -> str:
        """What has to stand behind another command for it to work in the same place: ``" --remote"``, or nothing."""
        return " --remote" if self._wants_remote else ""

    def connection(self, *, follows: bool = False) -> "Connection":
        """Make a connection to the server; one that *follows* an execution waits longer while the server is away."""
        from plait.control.connection import Connection, token_of

        patience = self._following if follows else self._looking
        return Connection(self.settings.endpoint, token_of(self.settings), patience=patience)

    @cached_property
    def _looking(self) -> "Patience":
        from plait.control.patience import Patience

        return Patience(tell=_tell)

    @cached_property
    def _following(self) -> "Patience":
        from plait.control.patience import FOLLOWING_S, Patience

        return Patience(FOLLOWING_S, tell=_tell)

    @asynccontextmanager
    async def server(self, *, follows: bool = False) -> "AsyncIterator[ServerPlane]":
        """Connect to the server."""
        from plait.control.server import ServerPlane

        async with self.connection(follows=follows) as connection:
            yield ServerPlane(connection)

    @asynccontextmanager
    async def plane(self, *, remote_by_default: bool = False, follows: bool = False) -> "AsyncIterator[ControlPlane]":
        """Open the server or the store of this machine, whichever the command works on."""
        if self.is_remote(by_default=remote_by_default):
            async with self.server(follows=follows) as server:
                yield server
            return
        from plait.control.store import StorePlane

        async with self.store() as database:
            settings, blobs = self.settings, self.plugins.blob_store
            yield StorePlane(database, blobs, settings.blobs, self.engine, settings.retention)

    def ask(self, use: "Callable[[ControlPlane], Awaitable[T]]", *, remote_by_default: bool = False) -> T:
        """Return what *use* makes of the server or store, opened for the time that it takes."""

        async def run() -> T:
            async with self.plane(remote_by_default=remote_by_default) as plane:
                return await use(plane)

        return asyncio.run(run())

    def ask_server(self, use: "Callable[[ServerPlane], Awaitable[T]]") -> T:
        """Return what *use* makes of the server."""

        async def run() -> T:
            async with self.server() as server:
                return await use(server)

        return asyncio.run(run())

    def execution_id(self, text: str) -> "ExecutionId":
        """Read ``NAME`` or ``PROJECT/DOMAIN/NAME``."""
        from plait_core.ir.ids import ExecutionId

        *place, name = text.split("/")
        if len(place) not in {0, 2}:
            raise click.UsageError(f"an execution is NAME or PROJECT/DOMAIN/NAME, not {text!r}")
        project, domain = place or (self.settings.project, self.settings.domain)
        return ExecutionId(project=project, domain=domain, name=name)


def _tell(text: str) -> None:
    click.echo(text, err=True)


def setting_options() -> list[click.Option]:
    """Make the options that choose settings; each tells the session and reaches no command."""
    return [
        _choosing("--env", "environment", metavar="NAME", help="Use the settings of this environment."),
        _choosing("-p", "--project", "project", metavar="NAME", help="The project to work in."),
        _choosing("-d", "--domain", "domain", metavar="NAME", help="The domain to work in."),
    ]


def place_option() -> click.Option:
    """Make the option that chooses between the server and this machine; it tells the session, too."""
    return _choosing("--remote/--local", "remote", default=None, help="Work on the server, or on this machine.")


def executor_option() -> click.Option:
    """Make the option that chooses the executor; it tells the session, too."""
    return _choosing("--executor", "executors", metavar="NAME", help="Run tasks on this executor.")


def with_settings(command: _Command) -> _Command:
    """Give *command* the options that choose settings."""
    params: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*reversed(setting_options()), *params]  # type: ignore[attr-defined]  # as click's own decorators do
    return command


def with_place(command: _Command) -> _Command:
    """Give *command* the options that choose settings, and whether it works on the server."""
    params: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [place_option(), *params]  # type: ignore[attr-defined]  # as click's own decorators do
    return with_settings(command)


def _choosing(*declarations: str, **attributes: Any) -> click.Option:
    def choose(ctx: click.Context, param: click.Parameter, value: str | bool | None) -> None:
        if value is not None:
            ctx.ensure_object(Session).choose(str(param.name), value)

    return click.Option(declarations, expose_value=False, callback=choose, **attributes)
