"""
Prefect's own server in a process of its own, for the workloads that run through it. Import this before ``prefect``.

It listens on the loopback, keeps everything in the working directory, and tells nobody of it.
"""

import atexit
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

LONGEST_START_S = 90.0
GOODBYE_S = 10.0

with closing(socket.socket()) as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]

URL = f"http://127.0.0.1:{PORT}/api"
os.environ |= {
    "PREFECT_HOME": str(Path("prefect").resolve()),
    "PREFECT_API_URL": URL,
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}


def start() -> None:
    """Start the server and wait until it answers; it ends with this process."""
    command = [str(Path(sys.executable).parent / "prefect"), "server", "start", "--no-ui"]
    with Path("prefect.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(PORT)],
            env={name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"},
            stdout=log,
            stderr=log,
        )
    atexit.register(_stop, server)
    deadline = monotonic() + LONGEST_START_S
    while not _is_healthy():
        if server.poll() is not None or monotonic() > deadline:
            sys.exit(f"Prefect's server does not answer:\n{Path('prefect.log').read_text()}")
        sleep(0.1)


def _is_healthy() -> bool:
    try:
        with urlopen(f"{URL}/health") as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(GOODBYE_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
