"""Workflows that the console draws, launches and shows in these tests."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from plait import (
    CronSchedule,
    Deck,
    File,
    LaunchPlan,
    NonRecoverableError,
    approve,
    conditional,
    dynamic,
    map_task,
    task,
    wait_for_input,
    workflow,
)

HOSTILE = "<img src=x onerror=window.owned=1><script>window.owned=1</script>"
"""What would run if a page took it for markup of its own."""


class Mode(Enum):
    """How to go about it."""

    FAST = "fast"
    FULL = "full"


@dataclass
class Limits:
    """What may not be exceeded."""

    low: int
    high: int = 9


@dataclass
class Plan:
    """A bit of everything that has fields."""

    title: str
    mode: Mode
    limits: Limits
    steps: list[Limits]
    weights: dict[str, float] = field(default_factory=lambda: {"a": 0.5})
    note: str | None = None
    size: int | str = 3


@task
def add(x: int, y: int) -> int:
    """Add two numbers."""
    print(f"adding {x} and {y}")
    return x + y


@task
def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


@task
def fails(text: str) -> str:
    """Fail with what it was given."""
    raise NonRecoverableError(f"cannot do {text}")


@workflow
def inner(x: int) -> int:
    """Add one, twice."""
    return add(x=add(x=x, y=1), y=1)


@workflow
def sums(x: int, y: int = 2) -> int:
    """
    Add numbers.

    First inside, then outside.

    Args:
        x: where to begin
    """
    return add(x=inner(x=x), y=y)


nightly = LaunchPlan.get_or_create(
    sums, name="nightly", default_inputs={"x": 1}, schedule=CronSchedule(schedule="0 3 * * *")
)


@workflow
def choice(age: int) -> int:
    """Choose by age."""
    return conditional("by-age").if_(age < 18).then(add(x=age, y=1)).else_().then(add(x=age, y=2))


@workflow
def doubled(xs: list[int]) -> list[int]:
    """Add one to every number."""
    return map_task(one_more)(x=xs)


@task
def one_more(x: int) -> int:
    """Add one."""
    return x + 1


@task
def odd(x: int) -> int:
    """Refuse what is even."""
    if x % 2 == 0:
        raise NonRecoverableError(f"{x} is even")
    return x


@workflow
def sifted(xs: list[int]) -> list[int | None]:
    """Keep what is odd."""
    return map_task(odd, min_success_ratio=0.1)(x=xs)


@dynamic
def fan_out(n: int) -> list[int]:
    """Make as many nodes as asked for."""
    return [one_more(x=i) for i in range(n)]


@workflow
def made(n: int = 3) -> list[int]:
    """Make a graph while running."""
    return fan_out(n=n)


@workflow
def broken(text: str = "<script>alert(1)</script>") -> str:
    """Fail."""
    return fails(text=text)


@workflow
def asking(x: int = 1) -> int:
    """Ask a person twice."""
    sure = approve(add(x=x, y=1), "sure", timeout=timedelta(days=1))
    more = wait_for_input("more", timeout=timedelta(days=1), expected_type=int)
    return add(x=sure, y=more)


@workflow
def typed(  # noqa: PLR0917  # inputs of a workflow, which are passed by name
    count: int,
    share: float,
    name: str,
    is_on: bool,
    mode: Mode,
    limits: Limits,
    tags: list[str],
    sizes: dict[str, int],
    begin: datetime,
    span: timedelta,
    note: str | None = None,
) -> str:
    """Take one of each."""
    return shout(text=name)


@task
def told(plan: Plan) -> str:
    """Say what came."""
    return repr(plan)


@workflow
def planned(plan: Plan) -> str:
    """Take what has fields in fields."""
    return told(plan=plan)


@task
def size_of(source: File) -> int:
    """Count the bytes of a file."""
    return len(Path(source).read_bytes())


@workflow
def reading(source: File) -> int:
    """Read a file."""
    return size_of(source=source)


@task(enable_deck=True)
async def until(path: str) -> int:
    """Wait for a file."""
    while not await asyncio.to_thread(Path(path).exists):  # noqa: ASYNC110  # files ring no bell
        await asyncio.sleep(0.01)
    return 1


@workflow
def waiting(path: str) -> int:
    """Run as long as somebody wants."""
    return add(x=until(path=path), y=1)  # type: ignore[arg-type]  # a promise of what it will return


@task(enable_deck=True)
def reports(text: str) -> str:
    """Make a page of what was given, and try to get out of it."""
    script = "document.title = 'ran'; fetch('/api/v1/projects'); parent.owned = 1"
    Deck("report", f"<h1>{text}</h1><script>{script}</script>")
    return text


@workflow
def reporting(text: str = HOSTILE) -> str:
    """Report."""
    return reports(text=text)
