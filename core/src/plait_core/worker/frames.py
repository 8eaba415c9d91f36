"""
Frames: how units and results pass between an engine and a warm worker.

A frame is a map in msgpack behind its length in eight bytes. Both ends use this module; nothing in a frame is ever unpickled.
"""

import socket
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any

_LENGTH = Struct(">Q")
LONGEST_BYTES = 1 << 28
"""What no frame comes near: values of any size are passed by reference."""


def packed(message: Mapping[str, Any]) -> bytes:
    """Return the frame of *message*: a map of plain values."""
    from msgpack import packb

    body: bytes = packb(message)
    return _LENGTH.pack(len(body)) + body


def receive(connection: socket.socket) -> dict[str, Any] | None:
    """Wait for the next frame; ``None`` once the other end has hung up."""
    head = _exactly(connection, _LENGTH.size)
    body = None if head is None else _exactly(connection, _LENGTH.unpack(head)[0])
    return None if body is None else _message(body)


class FrameReader:
    """Puts frames together from the pieces in which they arrive. Raises ``ValueError`` for what is none."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take in *data*; yields the messages that it completes."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _LENGTH.size:
            length = _LENGTH.unpack_from(buffer)[0]
            if length > LONGEST_BYTES:
                raise ValueError(f"a frame of {length} bytes")
            end = _LENGTH.size + length
            if len(buffer) < end:
                return
            body = bytes(buffer[_LENGTH.size : end])
            del buffer[:end]
            yield _message(body)


def _message(body: bytes) -> dict[str, Any]:
    from msgpack import unpackb

    try:
        message = unpackb(body)
    except ValueError as error:
        raise ValueError("a frame that is no msgpack") from error
    if isinstance(message, dict):
        return message
    raise ValueError(f"a frame that holds a {type(message).__name__}")


def _exactly(connection: socket.socket, n_bytes: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < n_bytes:
        try:
            part = connection.recv(n_bytes - len(parts))
        except ConnectionError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)
