"""
``Inputs``: Python values on their way to a server.

Small values travel in the request. Files, datasets and whatever is too large for a request are uploaded to a place that the server names;
it is asked for one only when an input needs it.
"""

import asyncio
from collections.abc import Callable, Mapping
from os import urandom
from typing import Any

from plait.control.connection import Connection
from plait.control.server import ServerPlane
from plait.errors import ServerUnsound
from plait.remote.blobs import NOWHERE, ServerBlobs, UploadPlace
from plait.remote.values import literals_of
from plait_core.errors.values import NoStorage
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.types import LiteralType
from plait_core.plugins import process_plugins
from plait_core.ports.api import UploadRequest
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.offloading import offload

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Inputs:
    """Converts values for executions in *project* and *domain*, which are started over *plane*."""

    def __init__(
        self, plane: ServerPlane, connect: Callable[[], Connection], types: TypeEngine, *, project: str, domain: str
    ) -> None:
        self._plane = plane
        self._connect = connect
        self._types = types
        self._project = project
        self._domain = domain
        self._context = types.context(NOWHERE, self._blobs(None).access)

    async def literals(
        self, values: Mapping[str, Any], interface: TypedInterface, *, entity: str, python_types: Mapping[str, Any]
    ) -> LiteralMap:
        """Convert and upload *values*; raises ``InvalidInputs`` and ``ConversionFailed``."""

        def convert() -> dict[str, Literal]:
            return literals_of(
                values, interface, entity=entity, python_types=python_types, types=self._types, context=self._context
            )

        try:
            literals = await asyncio.to_thread(convert)  # uploads wait for this very loop
        except NoStorage:
            await self.place()
            literals = await asyncio.to_thread(convert)
        known = interface.input_types
        return {
            name: await self._small(literal, known[name]) if name in known else literal
            for name, literal in literals.items()
        }

    async def _small(self, literal: Literal, type_: LiteralType) -> Literal:
        """Upload a literal that is too large for a request, and return a reference to it."""
        try:
            return await offload(literal, type_, self._context.raw_prefix, self._context.blobs)
        except NoStorage:
            context = await self.place()
            return await offload(literal, type_, context.raw_prefix, context.blobs)

    async def place(self) -> ConversionContext:
        """Ask the server under which prefix files may be put, and return the context that puts them there."""
        if self._context.raw_prefix != NOWHERE:
            return self._context
        group, filename = urandom(12).hex(), "place"
        ticket = await self._plane.upload_ticket(
            UploadRequest(
                project=self._project,
                domain=self._domain,
                filename=filename,
                sha256=EMPTY_SHA256,
                size_bytes=0,
                group=group,
            )
        )
        if not ticket.uri.endswith(f"/{filename}"):
            raise ServerUnsound(
                endpoint=self._plane.connection.endpoint, path="/uploads", detail=f"it offers {ticket.uri}"
            )
        place = UploadPlace(self._project, self._domain, group, ticket.uri.removesuffix(filename))
        self._context = self._types.context(place.base, self._blobs(place).access)
        return self._context

    def _blobs(self, place: UploadPlace | None) -> ServerBlobs:
        return ServerBlobs(self._connect, self._project, process_plugins().blob_store, place)
