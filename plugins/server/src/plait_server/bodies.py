"""
Bodies of requests: bytes from the network to an object of the API, or every fault at once.

Called by ``plait_server.routing``. Whatever arrives, memory stays bounded and the answer is a ``UserError``.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, NoReturn, TypeVar

from starlette.requests import ClientDisconnect, Request

from plait_core.ir.codec import from_json
from plait_core.ir.json import Json
from plait_server.errors import MalformedRequest, TooLarge, TooSlow, WrongContentEncoding, WrongContentType

JSON = "application/json"
MAX_DEPTH = 200
"""How deep a document may nest; the compiler and the stores have limits of their own above it."""
SILENCE_S = 30.0
"""How long a client may send nothing of a body that it has begun, in seconds."""

T = TypeVar("T")


async def read_body(request: Request, kind: type[T], *, limit_bytes: int) -> T:
    """
    Read a JSON body of at most *limit_bytes* as *kind*; an empty one stands for ``{}``.

    Raises:
        TooLarge: it is longer; it is not read any further.
        TooSlow, WrongContentEncoding: as ``bounded`` says.
        WrongContentType: it says to be something else than JSON.
        MalformedRequest: it is no JSON.
        NotReadable: it is no *kind*; lists every fault.
    """
    chunks = [chunk async for chunk in bounded(request, limit_bytes=limit_bytes, setting="max_body_bytes")]
    data = b"".join(chunks)
    if not data:
        return from_json(kind, {})
    found = request.headers.get("content-type", "")
    if found.partition(";")[0].strip().lower() != JSON:
        raise WrongContentType(found=found, expected=JSON)
    return from_json(kind, parse_json(data))


async def bounded(request: Request, *, limit_bytes: int, setting: str) -> AsyncIterator[bytes]:
    """
    Yield the body of *request* as it comes.

    Raises ``TooLarge`` as soon as it is known to exceed *limit_bytes*, ``TooSlow`` when nothing comes for ``SILENCE_S``, and
    ``WrongContentEncoding`` for one that is packed: how large that becomes, nobody knows.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise TooLarge(limit_bytes=limit_bytes, setting=setting)
    found = request.headers.get("content-encoding", "identity")
    if found.strip().lower() != "identity":
        raise WrongContentEncoding(found=found)
    size = 0
    chunks = request.stream()
    while chunk := await _next(chunks):
        size += len(chunk)
        if size > limit_bytes:
            raise TooLarge(limit_bytes=limit_bytes, setting=setting)
        yield chunk


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """Return what has come of a body; empty at its end."""
    try:
        async with asyncio.timeout(SILENCE_S):
            return await anext(chunks, b"")
    except TimeoutError as error:
        raise TooSlow(silence_s=SILENCE_S) from error
    except ClientDisconnect as error:
        raise _malformed("$: the connection broke before its end") from error


def parse_json(data: bytes) -> Json:
    """
    Parse JSON more strictly than Python does.

    Refused are what is no UTF-8, repeated keys, NaN and infinities, integers beyond 64 bits, halves of surrogate pairs, and
    nesting beyond ``MAX_DEPTH``. Raises ``MalformedRequest``.
    """
    try:
        document: Json = json.loads(
            data.decode(), object_pairs_hook=_map, parse_constant=_no_number, parse_int=_integer, parse_float=_float
        )
    except RecursionError:
        raise _malformed(f"$: nests deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _malformed(f"$: {error}") from error
    _check(document)
    return document


def _map(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is repeated")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON; write it as a string")


def _integer(text: str) -> int:
    if len(text) > 20 or not -(1 << 63) <= int(text) < 1 << 63:
        raise ValueError(f"the integer {text[:24]} does not fit 64 bits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"the number {text[:24]} does not fit a float")
    return value


def _check(document: Json) -> None:
    """Look at every level without recursion."""
    level: list[Any] = [document]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _malformed(f"$: nests deeper than {MAX_DEPTH} levels")
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str) and not _is_text(value):
                raise _malformed(f"$: {value[:40]!r} is no text: it holds half of a surrogate pair")
        level = below


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _malformed(fault: str) -> MalformedRequest:
    return MalformedRequest(what="body", faults=(fault,))
