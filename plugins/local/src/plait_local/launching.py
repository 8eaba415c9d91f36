"""Starting worker processes, waiting for their end, and signalling their groups."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

from plait_core.ir.units import Unit
from plait_local.folders import Folder


def launch(unit: Unit, folder: Folder, *, line: int, lock: int) -> "subprocess.Popen[bytes]":
    """Start the worker as the leader of a process group, with its output in the log."""
    command = [sys.executable, "-X", "faulthandler", "-m", "plait_core.worker"]
    with folder.log.open("wb") as log:
        return subprocess.Popen(
            [*command, str(folder.unit), str(folder.result), str(line)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1", **unit.env},
            pass_fds=(line, lock),
            start_new_session=True,
        )


def exit_of(process: "subprocess.Popen[bytes]") -> "asyncio.Future[int]":
    """Return a future for the exit status, set by a thread: a loop that closes must not kill what it waits for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()

    def tell(returncode: int) -> None:
        if not future.done():
            future.set_result(returncode)

    def wait() -> None:
        returncode = process.wait()
        with suppress(RuntimeError):  # the loop is closed; nobody waits any more
            loop.call_soon_threadsafe(tell, returncode)

    threading.Thread(target=wait, name=f"plait-wait-{process.pid}", daemon=True).start()
    return future


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to the group that *pid* leads; one that is gone needs none."""
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
