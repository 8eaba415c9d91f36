"""Addresses to listen on. Called by the daemon, and by the demo before it starts one."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from plait_server.daemon_errors import AddressTaken

BACKLOG = 2048

PATIENCE_S = 2.0
"""How long an address may still be taken. What a killed server had goes bit by bit, and its address may go last."""

LOOK_S = 0.01


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """
    Listen on an address, for connections on which what is sent leaves at once.

    asyncio sees to that only for sockets that name their protocol; others hold back the body of an answer until the client has
    acknowledged its head, which takes 40 ms.

    Raises ``AddressTaken`` when that cannot be, and cannot for ``PATIENCE_S``.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            listener = _listener(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise AddressTaken(host=host, port=port, reason=error.strerror or str(error)) from error
            time.sleep(LOOK_S)
        else:
            break
    with listener:
        yield listener


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
