"""Drawing an execution keeps to the terminal, and draws after what happens."""

from collections.abc import AsyncIterator

import pytest

from plait.cli import watching
from plait.cli.watching import each_change, fitted
from plait_core.ir.ids import ExecutionId

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Commands run on asyncio."""
    return "asyncio"


@pytest.mark.parametrize(("height", "shown"), [(5, "a b c d e"), (4, "a … d e"), (3, "a … e"), (2, "a …")])
def test_tree_that_is_too_high_loses_its_middle(height: int, shown: str) -> None:
    """What runs is at the end, and the first line says which execution it is; how many are left out is told."""
    lines = fitted(list("abcde"), height)

    assert [line[0] for line in lines] == shown.split()
    assert len(lines) == height
    assert [line for line in lines if line.startswith("…")] == ([f"… {6 - height} more"] if height < 5 else [])


class Happening:
    """A control plane in which three things happen at once."""

    async def events(self, _: ExecutionId, *, after: int = 0) -> AsyncIterator[int]:
        for event in range(after, 3):
            yield event


async def test_end_is_always_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """However quickly it comes: at first, and in the end."""
    monkeypatch.setattr(watching, "DRAWN_EVERY_S", 0.0)
    drawn: list[str] = []

    async def draw() -> None:
        drawn.append("drawn")

    await each_change(Happening(), ExecutionId(name="any"), draw)  # type: ignore[arg-type]  # events are all that is asked for

    assert len(drawn) >= 2


async def test_failure_to_hear_is_told() -> None:
    """A server that is gone ends the watching."""

    class Gone(Happening):
        async def events(self, execution: ExecutionId, *, after: int = 0) -> AsyncIterator[int]:
            async for event in super().events(execution, after=after):
                yield event
                raise ConnectionError("gone")

    async def draw() -> None:
        pass

    with pytest.raises(ConnectionError):
        await each_change(Gone(), ExecutionId(name="any"), draw)  # type: ignore[arg-type]  # as above
