"""What ended long ago is put away, step by step, and nothing that stays refers to what is gone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait import File, approve, task, workflow
from plait_core.engine import Engine, Inspector
from plait_core.engine import _pins as pins
from plait_core.engine import sweeping as swept
from plait_core.engine.retention import Retention, retention_of
from plait_core.engine.sweeping import Sweeper
from plait_core.errors.plugins import InvalidSettings
from plait_core.errors.stores import NotReadable
from plait_core.ir.ids import ExecutionId
from plait_core.ir.json import Json
from plait_core.ir.literals import LiteralMap
from plait_core.plugins import Plugins, Settings
from plait_core.ports.api import SweepReply, SweepRequest
from plait_core.ports.databases import AuditLine, ExecutionFilter, Page, Snapshot
from plait_core.testing.arithmetic import literal_of
from plait_core.testing.memory import MemoryDatabase

pytestmark = pytest.mark.anyio

DAY_S = 86_400
EVERYTHING = SweepRequest(older_than_s=0, dry_run=False)


@task
def write(x: int) -> File:
    path = Path(f"{x}.txt").absolute()
    path.write_text(str(x))
    return File(str(path))


@task(cache=True, cache_version="1")
def write_once(x: int) -> File:
    path = Path(f"{x}.txt").absolute()
    path.write_text(str(x))
    return File(str(path))


@task
def count(file: File) -> int:
    return len(Path(file).read_text())


@workflow
def writing(x: int = 1) -> File:
    return write(x=x)


@workflow
def caching(x: int = 1) -> File:
    return write_once(x=x)


@workflow
def passing(file: File) -> File:
    return file


@task
def repeat() -> list[str]:
    return ["x" * 1000] * 100


@task
def length(texts: list[str]) -> int:
    return len(texts)


@workflow
def making() -> tuple[list[str], File]:
    return repeat(), write(x=1)


@workflow
def counting(texts: list[str]) -> int:
    return length(texts=texts)


@workflow
def asking(x: int = 1) -> int:
    return count(file=approve(write(x=x), "sure", timeout=timedelta(days=9)))


@pytest.fixture
def anyio_backend() -> str:
    """Engines run on asyncio."""
    return "asyncio"


class Yard:
    """An engine, what sweeps its store, and how to look at what is left."""

    def __init__(self, engine: Engine, root: Path, retention: Mapping[str, Mapping[str, str]]) -> None:
        self.engine = engine
        self.root = root
        self.lines: list[Json] = []
        self.retention = retention
        self.sweeper = self.another()

    def another(self) -> Sweeper:
        """Make what sweeps the store, too, and has learned nothing yet."""
        engine = self.engine
        return Sweeper(engine.database, engine.blobs, engine.settings.blobs, engine.clock, self.retention)

    async def run(self, entity: Any, name: str, inputs: LiteralMap | None = None, **rest: Any) -> LiteralMap:
        """Run *entity* to its end, and return its outputs."""
        ending = await self.engine.run(entity, inputs or {}, name=name, **rest)
        assert ending.error is None, ending.error
        return ending.outputs or {}

    async def sweep(self, request: SweepRequest = EVERYTHING, by: Sequence[Sweeper] = ()) -> list[SweepReply]:
        """Take all steps of a sweep, *by* several in turn."""
        turns = cycle(by or [self.sweeper])
        steps = [await next(turns).step(request, audit=self._line)]
        while steps[-1].token:
            steps.append(await next(turns).step(attrs.evolve(request, token=steps[-1].token), audit=self._line))
        return steps

    async def lost(self, request: SweepRequest) -> bool:
        """Take a step of which the answer is lost; says whether it was the last."""
        return not (await self.sweeper.step(request)).token

    def _line(self, detail: Json) -> AuditLine:
        self.lines.append(detail)
        return AuditLine(at_ns=0, principal="ada", action="sweep", subject="sweeps", detail=detail)

    async def names(self) -> list[str]:
        """Return the executions that are left, the oldest last."""
        rows, _ = await self.engine.database.views.executions(ExecutionFilter(), Page())
        return [row.id.name for row in rows]

    def files(self) -> set[str]:
        """Return the executions that have files left."""
        return {path.relative_to(self.root).parts[3] for path in self.root.rglob("*") if path.is_file()}


@asynccontextmanager
async def yard(tmp_path: Path, retention: Mapping[str, Mapping[str, str]] = {}) -> AsyncIterator[Yard]:  # read only
    """Open an engine that stores files."""
    settings = Settings(home=str(tmp_path), store="memory://", blobs=f"file://{tmp_path}/blobs")
    async with Engine(plugins=Plugins.load(settings), database=MemoryDatabase()) as engine:
        yield Yard(engine, tmp_path / "blobs", retention)


def deleted(steps: list[SweepReply]) -> list[str]:
    """Return what was deleted, or would have been."""
    return [one.id.name for step in steps for one in step.executions]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks write where the test may."""
    monkeypatch.chdir(tmp_path)


async def test_record_and_files_go_together(tmp_path: Path) -> None:
    """Told first, and deleted on demand; other projects are left alone; the trail says so."""
    async with yard(tmp_path) as ours:
        await ours.run(writing, "old", project="lab")
        await ours.run(writing, "other", project="farm")
        request = attrs.evolve(EVERYTHING, project="lab", domain="development")

        told = await ours.sweep(attrs.evolve(request, dry_run=True))
        before = (await ours.names(), ours.files(), ours.lines[:])
        done = await ours.sweep(request)

        assert (deleted(told), before) == (["old"], (["other", "old"], {"old", "other"}, []))
        assert [attrs.evolve(step, token="") for step in told] == [attrs.evolve(step, token="") for step in done]
        assert sum(step.n_files for step in done) > 0
        assert (await ours.names(), ours.files()) == (["other"], {"other"})
        assert ours.lines == [{"executions": ["lab/development/old"], "n_files": done[-1].n_files}]


async def test_what_is_cached_is_pinned(tmp_path: Path) -> None:
    """The record goes; the file that the cache hands out stays, and is handed out."""
    async with yard(tmp_path) as ours:
        first = await ours.run(caching, "old")

        steps = await ours.sweep()
        second = await ours.run(caching, "new")

        assert deleted(steps) == ["old"]
        assert first == second
        assert "old" in ours.files()


async def test_what_others_use_is_pinned(tmp_path: Path) -> None:
    """Until these are gone, too."""
    async with yard(tmp_path, {"lab": {"executions": "0s"}}) as ours:
        (file,) = (await ours.run(writing, "old", project="lab")).values()
        await ours.run(passing, "user", {"file": file}, project="farm")

        await ours.sweep(SweepRequest(dry_run=False))
        assert await ours.names() == ["user"]
        assert await ours.engine.blobs(file.value.uri).exists(file.value.uri)  # type: ignore[union-attr]  # a file


async def test_what_a_stored_value_may_refer_to_is_pinned(tmp_path: Path) -> None:
    """A large value is in a file of its own, which is not opened: all files beside it stay."""
    async with yard(tmp_path, {"lab": {"executions": "0s"}}) as ours:
        made = await ours.run(making, "old", project="lab")
        await ours.run(counting, "user", {"texts": made["o0"]}, project="farm")

        await ours.sweep(SweepRequest(dry_run=False))

        assert await ours.names() == ["user"]
        uri = made["o1"].value.uri  # type: ignore[union-attr]  # a file
        assert await ours.engine.blobs(uri).exists(uri)


async def test_what_lives_is_left_alone(tmp_path: Path) -> None:
    """An execution that waits for somebody, and one that it repeats."""
    async with yard(tmp_path) as ours:
        waiting = await ours.engine.launch(asking, {}, name="first")
        await ours.engine.abort(waiting, reason="again")
        await ours.engine.wait(waiting)
        await ours.run(writing, "old")
        again = await ours.engine.recover(waiting, name="again")
        async for _ in Inspector(ours.engine.database).follow(again):
            if (await ours.engine.state(again)).waiting:
                break

        steps = await ours.sweep()

        assert deleted(steps) == ["old"]
        assert await ours.names() == ["again", "first"]
        assert ours.files() >= {"first"}
        await ours.engine.abort(again, reason="enough")
        await ours.engine.wait(again)


async def test_a_step_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is; all of it goes in the end, and each file before its record."""
    monkeypatch.setattr(swept, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(swept, "FILES_AT_ONCE", 1)
    async with yard(tmp_path) as ours:
        for n in range(5):
            await ours.run(writing, f"r{n}", {"x": literal_of(n)})

        steps = await ours.sweep()

        assert max(step.n_files for step in steps) == 1
        assert max(len(step.executions) for step in steps) <= 2
        assert deleted(steps) == [f"r{n}" for n in range(5)]
        assert (await ours.names(), ours.files()) == ([], set())
        assert len(steps[-1].closures) == 1
        assert await ours.engine.database.upkeep.closures() == []


async def test_kinds_are_kept_as_long_as_settings_say(tmp_path: Path) -> None:
    """Files before the record, and snapshots before both."""
    async with yard(tmp_path, {"*": {"raw_data": "0s", "snapshots": "0s"}}) as ours:
        await ours.run(writing, "old")
        old, database = ExecutionId(name="old"), ours.engine.database
        await database.log.save_snapshot(old, Snapshot(seq=1, version=1, state=b"s"))

        steps = await ours.sweep(SweepRequest(dry_run=False))

        assert (await ours.names(), ours.files()) == (["old"], set())
        assert sum(step.n_snapshots for step in steps) == 1
        assert await database.log.load_snapshot(old) is None
        assert len(await database.upkeep.closures()) == 1


async def test_a_token_belongs_to_its_sweep(tmp_path: Path) -> None:
    """One that asks for more than the first step did, or that no step can have given, is refused."""
    async with yard(tmp_path) as ours:
        dry = attrs.evolve(EVERYTHING, dry_run=True)
        began, _, rest = (await ours.sweeper.step(dry)).token.partition("-")
        tomorrow_ns = int(began) + DAY_S * 10**9

        for token in ("x", "-", f"{began}-x-", f"{tomorrow_ns}-{rest}", f"{'9' * 30}-{rest}", f"-1-{rest}"):
            with pytest.raises(NotReadable):
                await ours.sweeper.step(attrs.evolve(dry, token=token))
        for other in (EVERYTHING, attrs.evolve(dry, project="lab"), attrs.evolve(dry, older_than_s=1)):
            with pytest.raises(NotReadable):
                await ours.sweeper.step(attrs.evolve(other, token=f"{began}-{rest}"))


async def test_place_that_no_step_gave_is_refused(tmp_path: Path) -> None:
    """When it is looked for, which is before anything is deleted."""
    async with yard(tmp_path) as ours:
        await ours.run(writing, "old")
        token = (await ours.sweeper.step(EVERYTHING)).token

        with pytest.raises(NotReadable):
            for _ in range(9):
                await ours.sweeper.step(attrs.evolve(EVERYTHING, token=f"{token}nowhere"))
        assert await ours.names() == ["old"]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("n_sweepers", [2, 3])
async def test_steps_may_be_taken_by_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_sweepers: int, dry_run: bool
) -> None:
    """In turn, as a balancer has them: each learns for itself what stays, and together they delete the rest, once."""
    monkeypatch.setattr(swept, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(pins, "ROWS_AT_ONCE", 2)
    async with yard(tmp_path, {"lab": {"executions": "0s"}}) as ours:
        for n in range(5):
            outputs = await ours.run(writing, f"r{n}", {"x": literal_of(n)}, project="lab")
        (file,) = outputs.values()
        await ours.run(passing, "user", {"file": file}, project="farm")
        alone = await ours.sweep(SweepRequest())

        steps = await ours.sweep(SweepRequest(dry_run=dry_run), by=[ours.another() for _ in range(n_sweepers)])

        assert deleted(steps) == deleted(alone) == [f"r{n}" for n in range(5)]
        assert sum(step.n_files for step in steps) == sum(step.n_files for step in alone)
        assert await ours.engine.blobs(file.value.uri).exists(file.value.uri)  # type: ignore[union-attr]  # a file
        assert len(steps) <= n_sweepers * len(alone)


async def test_step_may_be_asked_for_again(tmp_path: Path) -> None:
    """Because its answer was lost, or whoever took it is no more: the next one goes on, and what it learned stays."""
    async with yard(tmp_path) as ours:
        await ours.run(caching, "old")
        request = EVERYTHING
        while not await ours.lost(request):
            request = attrs.evolve(request, token=(await ours.sweeper.step(request)).token)

        assert (await ours.names(), ours.files()) == ([], {"old"})


async def test_several_sweeps_at_once_come_to_their_end(tmp_path: Path) -> None:
    """As many as somebody may think of."""
    async with yard(tmp_path) as ours:
        await ours.run(writing, "old")
        dry = [attrs.evolve(EVERYTHING, dry_run=True, domain=domain) for domain in ("", "development", "production")]
        requests, told = dict(enumerate(dry)), dict[int, list[SweepReply]]()
        for _ in range(9):
            for n, request in [*requests.items()]:
                step = await ours.sweeper.step(request)
                told.setdefault(n, []).append(step)
                requests[n] = attrs.evolve(request, token=step.token)
                if not step.token:
                    del requests[n]

        assert requests == {}
        assert [deleted(steps) for _, steps in sorted(told.items())] == [["old"], ["old"], []]


def test_retention_is_that_of_the_project_or_of_every_one() -> None:
    """What is not said is kept as long as the record, and nothing longer than that."""
    settings = {"*": {"executions": "10d", "logs": "1d"}, "lab": {"executions": "2d", "raw_data": "9d"}}
    day = DAY_S * 10**9

    assert retention_of(settings, "farm") == Retention(
        executions_ns=10 * day, snapshots_ns=10 * day, logs_ns=day, raw_data_ns=10 * day
    )
    assert retention_of(settings, "lab") == Retention(
        executions_ns=2 * day, snapshots_ns=2 * day, logs_ns=day, raw_data_ns=2 * day
    )
    assert retention_of({}, "lab") == Retention.of_age(30 * day)


@pytest.mark.parametrize(
    ("table", "said"),
    [({"log": "1d"}, "retention.lab.log is not known"), ({"logs": "soon"}, "soon"), ({"logs": "-1d"}, "less than")],
)
def test_retention_that_cannot_be_is_refused(tmp_path: Path, table: dict[str, str], said: str) -> None:
    """When settings are read, not when something is to be deleted."""
    with pytest.raises(InvalidSettings, match=said):
        Settings.discover(tmp_path, env={}, overrides={f"retention.lab.{key}": value for key, value in table.items()})
