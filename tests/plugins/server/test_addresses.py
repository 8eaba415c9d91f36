"""Where a server listens."""

import socket

from plait_server.addresses import listening


def test_answers_leave_at_once() -> None:
    """An answer in two pieces would else take 40 ms: the second waits until the first is acknowledged."""
    with listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getpeername() == client.getsockname()
