"""Addresses to listen on. Called by the daemon, and by the demo before it starts one."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from plait_server.daemon_errors import AddressTaken

BACKLOG = 2048


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """
    Listen on an address, for connections on which what is sent leaves at once. Raises ``AddressTaken`` when that cannot be.

    asyncio sees to that only for sockets that name their protocol; others hold back the body of an answer until the client has
    acknowledged its head, which takes 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except OSError as error:
            raise AddressTaken(host=host, port=port, reason=error.strerror or str(error)) from error
        yield listener
