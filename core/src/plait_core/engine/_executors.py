"""The executors of one engine: made when a unit first needs them, each with one task that hears its reports."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

from plait_core.ports.executors import Executor, Report


class Executors(Mapping[str, Executor]):
    """Executor by name."""

    def __init__(self, makers: Mapping[str, Callable[[], Executor]], hear: Callable[[Report], None]) -> None:
        """Make executors by *makers* and pass what they report to *hear*."""
        self._makers = makers
        self._hear = hear
        self._made: dict[str, Executor] = {}
        self._pumps: list[asyncio.Task[None]] = []

    def __getitem__(self, name: str) -> Executor:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._makers[name]()
            self._pumps.append(asyncio.get_running_loop().create_task(self._pump(made), name=f"reports of {name}"))
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    async def _pump(self, executor: Executor) -> None:
        async for report in executor.reports():
            self._hear(report)

    async def close(self) -> None:
        """Close every executor that was made."""
        for executor in self._made.values():
            await executor.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
