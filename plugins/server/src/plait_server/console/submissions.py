"""
Forms as browsers send them: as long as they may be, and from our own pages.

Called for whatever changes something, logging in included. What is too long is not read any further.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from plait_server.bodies import bounded
from plait_server.errors import MalformedRequest

MAX_FILES = 50
MAX_FIELDS = 2000


@asynccontextmanager
async def submitted(request: Request, *, limit_bytes: int, setting: str = "max_body_bytes") -> AsyncIterator[FormData]:
    """
    Read a form of at most *limit_bytes*; its files are there as long as the block.

    Raises:
        TooLarge: it is longer; *setting* is what bounds it.
        MalformedRequest: it is no form, or ends before its end.
    """
    reading = _Bounded(request, limit_bytes=limit_bytes, setting=setting)
    try:
        form = await reading.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=limit_bytes)
    except HTTPException as error:
        raise MalformedRequest(what="form", faults=(error.detail,)) from error
    try:
        yield form
    finally:
        await reading.close()


class _Bounded(Request):
    """A request whose body ends, by an error, where it is too long."""

    def __init__(self, request: Request, *, limit_bytes: int, setting: str) -> None:
        super().__init__(request.scope, request.receive)
        self._whole, self._limit_bytes, self._setting = request, limit_bytes, setting

    async def stream(self) -> AsyncIterator[bytes]:  # type: ignore[override]  # an async generator, as there
        async for chunk in bounded(self._whole, limit_bytes=self._limit_bytes, setting=self._setting):
            yield chunk
