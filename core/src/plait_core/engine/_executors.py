"""The executors of one engine: made when a unit first needs them, each with one task that hears its reports."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from plait_core.errors.engine import ExecutorNotIsolated, UnknownExecutor
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.clock import Clock
from plait_core.ports.executors import Capabilities, Executor, Report
from plait_core.ports.pools import is_local
from plait_core.ports.specs import BlobAccess, ConnectorSpec, ExecutorContext, ExecutorSpec

Makers = Mapping[str, Callable[[], Executor]]

log = logging.getLogger("plait.engine")


class Executors(Mapping[str, Executor]):
    """Executor by name."""

    def __init__(self, makers: Makers, hear: Callable[[Report], None]) -> None:
        """Make executors by *makers* and pass what they report to *hear*."""
        self._makers = makers
        self._hear = hear
        self._made: dict[str, Executor] = {}
        self._pumps: list[asyncio.Task[None]] = []

    def __getitem__(self, name: str) -> Executor:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._makers[name]()
            self._pumps.append(
                asyncio.get_running_loop().create_task(self._pump(name, made), name=f"reports of {name}")
            )
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    async def _pump(self, name: str, executor: Executor) -> None:
        """Hear *executor* out. If that breaks, it is asked every now and then about attempts of which nothing was heard."""
        try:
            async for report in executor.reports():
                self._take(name, report)
        except Exception:
            log.exception("what executor %r reports is not heard any more; restart the engine", name)

    def _take(self, name: str, report: Report) -> None:
        try:
            self._hear(report)
        except Exception:
            log.exception("executor %r reports what makes no sense here: %r", name, report)

    async def close(self) -> None:
        """Close every executor that was made."""
        for executor in self._made.values():
            await executor.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)


def chosen_executors(plugins: Plugins, settings: Settings, *, pool: str) -> Sequence[ExecutorSpec]:
    """
    Return the executors that *settings* name, in their order.

    Raises ``UnknownExecutor``, and ``ExecutorNotIsolated`` in a pool that is not of this process alone.
    """
    known = plugins.executor_specs()
    for name in settings.executors:
        if name not in known:
            raise UnknownExecutor(executor=name, known=tuple(sorted(known)))
        if not is_local(pool) and not known[name].capabilities.is_isolated:
            isolated = [spec.name for spec in known.values() if spec.capabilities.is_isolated]
            raise ExecutorNotIsolated(executor=name, pool=pool, isolated=tuple(sorted(isolated)))
    return [known[name] for name in settings.executors]


def executor_makers(
    plugins: Plugins, specs: Sequence[ExecutorSpec], context: Callable[[str], ExecutorContext]
) -> Makers:
    """Return how executors are made, each with the *context* of its name."""
    return {spec.name: partial(_made, plugins, spec, context) for spec in specs}


def _made(plugins: Plugins, spec: ExecutorSpec, context: Callable[[str], ExecutorContext]) -> Executor:
    made: Executor = plugins.make(spec.factory, context(spec.name))
    return made


def connector_makers(plugins: Plugins, *, clock: Clock, blobs: BlobAccess, prefix: str) -> Makers:
    """Return how the executors in front of connectors are made."""

    def make(type_: str) -> Executor:
        from plait_core.engine._connectors import ConnectorExecutor

        return ConnectorExecutor(plugins.connector(type_), clock=clock, blobs=blobs, prefix=prefix)

    return {
        connector_executor_spec(type_).name: partial(make, type_)
        for type_, spec in plugins.task_types().items()
        if isinstance(spec, ConnectorSpec)
    }


def connector_executor_spec(type: str) -> ExecutorSpec:
    """Describe the executor that the connector of tasks of *type* makes."""
    return ExecutorSpec(
        name=f"connector:{type}",
        factory="plait_core.engine._connectors:ConnectorExecutor",
        capabilities=Capabilities(actions=(), task_types=(type,)),
    )
