"""Tasks that worker processes of the tests import."""

import asyncio
import faulthandler
import os
import signal
import time
from pathlib import Path

from plait_core.authoring.contexts import current_context
from plait_core.authoring.eager import eager
from plait_core.authoring.tasks import task


@task
def crash() -> None:
    faulthandler._sigsegv()  # type: ignore[attr-defined]  # made for this


@task
def wait_at(path: str) -> None:
    try:
        Path(path).touch()
        time.sleep(60)
    finally:
        Path(path).write_text("cleaned up")


@task
def refuse_to_end(path: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(path).touch()
    time.sleep(60)


@task
def wait_for_file(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.01)


@task
def read_variable(name: str) -> str:
    return os.environ[name]


@task
def read_variable_or_file(name: str) -> str:
    value = os.environ[name]
    if not Path(value).is_file():
        return value
    assert Path(value).stat().st_mode & 0o077 == 0
    return f"file:{Path(value).read_text()}"


@task
def read_secret(key: str) -> str:
    return current_context().secrets.get("db", key)


@task
def reverse_secret(key: str) -> str:
    return current_context().secrets.get("db", key)[::-1]


@task
def echo(a: int) -> int:
    return a


@eager
async def call_children(n: int) -> str:
    found = await asyncio.gather(*(echo(a=a) for a in range(n)))  # type: ignore[call-overload]  # awaitable in here
    return " ".join(str(a) for a in found)


@eager
async def descend(depth: int) -> int:
    """Count the levels below."""
    return 1 + await descend(depth=depth - 1) if depth else 0
