"""Where a server listens."""

import socket
import time

import pytest

from plait_server.addresses import listening
from plait_server.daemon_errors import AddressTaken


def test_answers_leave_at_once() -> None:
    """An answer in two pieces would else take 40 ms: the second waits until the first is acknowledged."""
    with listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getpeername() == client.getsockname()


def test_address_of_a_server_that_was_just_killed_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is gone for whoever looks at its lock, and holds the address for a moment more."""
    with socket.create_server(("127.0.0.1", 0)) as killed:
        port = killed.getsockname()[1]
        monkeypatch.setattr(time, "sleep", lambda _: killed.close())

        with listening("127.0.0.1", port) as listener:
            assert listener.getsockname()[1] == port


def test_address_that_cannot_be_had_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting gives nobody an address of another machine."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))

    with pytest.raises(AddressTaken), listening("192.0.2.1", 0):
        pass
