"""
The administrator's first token: made by a server when it starts, and left where the CLI of the same user finds it.

Its files, one for each name of the server, are readable by that user alone and are the only places where the token is ever written.
They stay for the next server of the same port. A server that took any port that was free takes its token along when it stops.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from plait_core.ports.principals import EVERY_PROJECT
from plait_server.credentials import make_token, recognise
from plait_server.hosts import is_loopback
from plait_server.services import Server
from plait_server.settings import ServerSettings

ADMIN = "admin"

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
"""By which of its names a server on this machine is called is up to the caller."""


def admin_token_paths(home: str, settings: ServerSettings) -> Sequence[Path]:
    """Return where the token is kept of the server with *settings*: a file for each name that the CLI may know it by."""
    names = LOOPBACK_NAMES if is_loopback(settings.host) else (settings.host,)
    url = urlsplit(settings.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    files = [f"{name}_{settings.port}" for name in names]
    own = f"{url.hostname}_{port}" if url.hostname else files[0]
    return [Path(home) / "tokens" / file for file in dict.fromkeys((own, *files))]


async def ensure_admin_token(server: Server, paths: Sequence[Path]) -> str:
    """
    Make sure that each of *paths*, all of one folder, holds a token of an administrator; returns the token's id.

    One that is there and valid stays. Of several servers that start at once, one makes the token, and the others find it.
    """
    await server.prepare()
    accounts, now_ns = server.database.accounts, server.clock.now_ns()
    async with _alone(paths[0].parent):
        text = _read(paths[0])
        held = await recognise(text, accounts, now_ns=now_ns)
        if held is None:
            token, text = make_token(ADMIN, {EVERY_PROJECT: ADMIN}, now_ns=now_ns)
            await accounts.put_token(token)  # before anybody can read of it
        for path in paths:
            if _read(path) != text:
                _write(path, text)
        return held.token if held else token.id


async def forget_admin_token(server: Server, paths: Sequence[Path], id: str) -> None:
    """Revoke a token that no server will have any use for, and delete its files."""
    async with _alone(paths[0].parent):
        for path in paths:
            path.unlink(missing_ok=True)
        await server.database.accounts.delete_token(id)


@asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[None]:
    """Hold the lock of a folder; what waits for it is a thread."""
    lock = await asyncio.to_thread(_lock, folder)
    try:
        yield
    finally:
        os.close(lock)


def _lock(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _write(path: Path, text: str) -> None:
    """Write the file whole, readable by its owner alone."""
    with NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # its mode is 0600
        file.write(f"{text}\n")
    Path(file.name).replace(path)
