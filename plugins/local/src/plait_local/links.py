"""Links: the engine's ends of the sockets that it shares with a worker. Nothing here waits; what cannot be sent yet is kept."""

import asyncio
from collections.abc import Callable
from socket import socket

READ_BYTES = 1 << 16


class Link:
    """One socket to a worker. Each piece that arrives is handed to *hear*, in order; the end of the other side closes this one."""

    def __init__(self, connection: socket, hear: Callable[[bytes], None]) -> None:
        """Take over *connection*, and listen from now on."""
        connection.setblocking(False)
        self._connection = connection
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._is_closed = False
        self._loop.add_reader(connection, self._receive)

    @property
    def n_unsent(self) -> int:
        """How many bytes wait for the other side to read."""
        return len(self._unsent)

    def send(self, data: bytes) -> None:
        """Send *data* behind what was sent before; what is sent to nobody is dropped."""
        if self._is_closed:
            return
        if self._unsent:
            self._unsent += data
            return
        n_sent = self._send_now(data)
        if n_sent < len(data) and not self._is_closed:
            self._unsent += data[n_sent:]
            self._loop.add_writer(self._connection, self._go_on)

    def close(self) -> None:
        """Hang up. A second time changes nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.remove_reader(self._connection)
        if self._unsent:
            self._loop.remove_writer(self._connection)
            self._unsent.clear()
        self._connection.close()

    def _send_now(self, data: bytes | bytearray) -> int:
        try:
            return self._connection.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.close()
            return 0

    def _go_on(self) -> None:
        del self._unsent[: self._send_now(self._unsent)]
        if not self._unsent and not self._is_closed:
            self._loop.remove_writer(self._connection)

    def _receive(self) -> None:
        try:
            data = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._hear(data)
        else:
            self.close()
