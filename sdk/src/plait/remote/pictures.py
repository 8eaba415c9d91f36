"""
``Pictures``: executions and nodes as a client sees them, made from what the server answers.

Values are converted when somebody looks at them. The registered interface is fetched then, if the caller's own types do not say enough.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plait.control.connection import Connection
from plait.control.plane import interface_of
from plait.control.server import ServerPlane
from plait.remote.blobs import ServerBlobs
from plait.remote.executions import RemoteExecution, RemoteNode
from plait.remote.values import LiteralsResolver
from plait_core.ir.ids import ExecutionId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import LiteralMap
from plait_core.ir.types import LiteralType
from plait_core.plugins import process_plugins
from plait_core.ports.api import ExecutionDetail, NodeDetail
from plait_core.ports.databases import AttemptRow
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.blocking import run


class Pictures:
    """Makes executions of one server; what is downloaded on their behalf lasts until ``close``."""

    def __init__(self, connect: Callable[[], Connection], types: TypeEngine) -> None:
        self._connect = connect
        self._types = types
        self._contexts: dict[str, ConversionContext] = {}

    def close(self) -> None:
        """Delete what was downloaded and not asked to be kept."""
        for context in self._contexts.values():
            context.close()
        self._contexts.clear()

    def execution(self, detail: ExecutionDetail, *, python_types: Mapping[str, Any] | None = None) -> RemoteExecution:
        """Make the picture of an execution; *python_types* are those of its outputs, as far as they are known."""
        id_ = detail.row.id
        inputs = self._values(id_.project, detail.spec.inputs, {}, lambda: self._interface(id_).input_types)
        made = RemoteExecution(detail=detail, inputs=inputs, python_types=python_types or {})
        return self.refresh(made, detail)

    def refresh(self, execution: RemoteExecution, detail: ExecutionDetail) -> RemoteExecution:
        """Make *execution* the picture of what *detail* says, and return it."""
        id_, outputs = detail.row.id, None
        if detail.outputs is not None:
            outputs = self._values(
                id_.project, detail.outputs, execution.python_types, lambda: self._interface(id_).output_types
            )
        execution.see(detail, outputs)
        return execution

    def node(
        self, detail: NodeDetail, attempts: Sequence[AttemptRow] = (), child: RemoteExecution | None = None
    ) -> RemoteNode:
        """Make the picture of a node."""
        row = detail.row
        return RemoteNode(
            id=row.node,
            name=row.name,
            kind=row.kind,
            entity=row.entity,
            phase=row.phase,
            error=row.error,
            inputs=self._guessed(row.execution.project, detail.inputs),
            outputs=self._guessed(row.execution.project, detail.outputs),
            cache=row.cache,
            signal=detail.signal,
            waits_for=detail.waits_for,
            attempts=attempts,
            child=child,
        )

    def context(self, project: str) -> ConversionContext:
        """Return what values of *project* are read through."""
        if project not in self._contexts:
            blobs = ServerBlobs(self._connect, project, process_plugins().blob_store)
            self._contexts[project] = self._types.context("", blobs.access)
        return self._contexts[project]

    def _values(
        self,
        project: str,
        literals: LiteralMap,
        python_types: Mapping[str, Any],
        literal_types: Callable[[], Mapping[str, LiteralType]],
    ) -> LiteralsResolver:
        return LiteralsResolver(
            literals,
            python_types=python_types,
            literal_types=literal_types,
            types=self._types,
            context=self.context(project),
        )

    def _guessed(self, project: str, literals: LiteralMap | None) -> LiteralsResolver | None:
        if literals is None:
            return None
        return LiteralsResolver(literals, types=self._types, context=self.context(project))

    def _interface(self, execution: ExecutionId) -> TypedInterface:
        """Fetch the interface of what an execution runs, from whatever thread a value is looked at."""

        async def fetch() -> TypedInterface:
            async with self._connect() as connection:
                return interface_of(await ServerPlane(connection).execution_closure(execution))

        return run(fetch())
