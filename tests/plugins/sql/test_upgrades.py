"""
Stores of earlier releases, with what was in them; and two releases that share one.

``golden/schema-n.json`` is what a store of schema n held after ``golden_stores.tell``, and ``golden/statements-n.json`` how that release
wrote it. A new step makes new ones: run this file with ``--update-golden``, and never write an old one again.
"""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from plait_core.engine import Engine
from plait_core.errors.stores import StoreTooNew
from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.plugins.settings import Settings
from plait_core.testing._samples import NOON_NS, integer
from plait_sql import migrations
from plait_sql.connections import Connection, Transaction
from plait_sql.database import SqlDatabase, open_sqlite
from plait_sql.migrations import MIGRATIONS
from plait_sql.postgres import PostgresConnection
from plait_sql.settings import SqlSettings
from plait_sql.sqlite import SqliteConnection
from tests.plugins.sql.golden_stores import GOLDEN, Recorder, contents_of, dump, from_json, replayed, tell

Make = Callable[[], Connection]
LATEST = len(MIGRATIONS)
RELEASED = sorted(int(path.stem.removeprefix("schema-")) for path in GOLDEN.glob("schema-*.json"))
ON_POSTGRESQL = [schema for schema in RELEASED if schema > 1]
"""The first release had SQLite alone."""
DIGESTS = {
    1: "48f0b11c82eca20a",
    2: "8e0f37f35d8eb72c",
    3: "43dffd4102589fbc",
    4: "8524fa7e1408d5b8",
    5: "50ccca7021ec5915",
    6: "150f541fbc72708d",
    7: "8343a4048ed818ff",
    8: "ab5ce603a1eb6824",
}
"""What each step was when it was released."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Make connections to a new database, at noon."""
    if request.param == "sqlite":
        return lambda: sqlite_in(tmp_path)
    url = request.getfixturevalue("postgres").url_of_new_schema()
    return lambda: PostgresConnection(url, durability="normal", settings=SqlSettings(), now_ns=lambda: NOON_NS)


def sqlite_in(directory: Path) -> SqliteConnection:
    path = str(directory / "plait.db")
    return SqliteConnection(path, durability="normal", lock_timeout_s=1.0, now_ns=lambda: NOON_NS)


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text())


def restore(connection: Connection, transaction: Transaction, content: Any) -> None:
    """Make a store as a release left it."""
    transaction.execute("CREATE TABLE migrations (number BIGINT PRIMARY KEY, applied_at_ns BIGINT NOT NULL)")
    n = max(row[0] for row in content["migrations"]["rows"])
    for statements in MIGRATIONS[:n]:
        for statement in statements:
            transaction.execute(statement.format_map(connection.words))
    is_postgres = isinstance(connection, PostgresConnection)
    for table, held in content.items():
        columns, rows = held["columns"], [[*map(from_json, row)] for row in held["rows"]]
        places = ", ".join("?" for _ in columns)
        override = "OVERRIDING SYSTEM VALUE " if is_postgres else ""
        transaction.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) {override}VALUES ({places})", rows)
    if is_postgres:
        for table, column in (("executions", "key"), ("inbox", "arrival"), ("templates", "key"), ("audit", "key")):
            sequence = f"pg_get_serial_sequence('{table}', '{column}')"
            transaction.query(f"SELECT setval({sequence}, (SELECT max({column}) FROM {table}))")


async def all_that_is_read(database: SqlDatabase) -> list[Any]:
    """Return what every method that reads says of a store about which ``tell`` was told."""
    from plait_core.ir.ids import EntityKind
    from plait_core.ports.databases import ExecutionFilter, Page
    from plait_core.testing._samples import PLAN, WORKFLOW, cache_key, execution_id

    runs = [execution_id(name) for name in ("live", "over", "asleep")]
    return [
        *[await database.views.execution(run) for run in runs],
        await database.views.executions(ExecutionFilter(), Page()),
        *[await database.views.nodes(run) for run in runs],
        *[await database.views.attempts(run) for run in runs],
        *[await database.log.read(run) for run in runs],
        *[await database.log.latest(run) for run in runs],
        *[await database.log.load_snapshot(run) for run in runs],
        await database.log.get_closure("d1"),
        await database.leases.owned("engine-1"),
        await database.leases.living(),
        *[await database.leases.lease_of(run) for run in runs],
        await database.inbox.pending("engine-1"),
        await database.registry.get(PLAN),
        await database.registry.closure(PLAN),
        await database.registry.list(EntityKind.LAUNCH_PLAN, project="default", domain="development"),
        await database.registry.list(
            EntityKind.LAUNCH_PLAN, project="default", domain="development", workflow=WORKFLOW
        ),
        await database.registry.active(project="default", domain="development", name=PLAN.name),
        await database.cache.get(cache_key("k1")),
        await database.cache.latest(cache_key("k9")),
        await database.schedules.states(),
        await database.accounts.projects(),
        await database.accounts.tokens(),
        await database.accounts.audited(Page()),
    ]


# ── golden files ─────────────────────────────────────────────────────────────


def test_the_present_schema_has_golden_files(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Or the next release would not know what it has to read."""

    async def write() -> None:
        connection = Recorder(sqlite_in(tmp_path))
        database = SqlDatabase(connection)
        await database.open()
        await tell(database)
        dump(await connection.read(contents_of), GOLDEN / f"schema-{LATEST}.json")
        dump(connection.transactions, GOLDEN / f"statements-{LATEST}.json")
        await database.close()

    if request.config.getoption("--update-golden"):
        asyncio.run(write())
    assert (GOLDEN / f"schema-{LATEST}.json").exists()
    assert (GOLDEN / f"statements-{LATEST}.json").exists()


def test_steps_are_never_edited() -> None:
    """What was released stays: stores out there were made with it."""
    found = {n: sha256("\0".join(statements).encode()).hexdigest()[:16] for n, statements in enumerate(MIGRATIONS, 1)}

    assert found == DIGESTS


# ── upgrades ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("schema", RELEASED)
def test_what_an_earlier_release_stored_is_read(schema: int, make: Make, tmp_path: Path) -> None:
    """Everything reads as it does in a store that this release was told the same story about, and the store can be written on."""
    connection = make()
    if isinstance(connection, PostgresConnection) and schema not in ON_POSTGRESQL:
        pytest.skip("that release had SQLite alone")

    async def run() -> None:
        await connection.open()
        await connection.write(lambda transaction: restore(connection, transaction, golden(f"schema-{schema}.json")))
        upgraded, fresh = SqlDatabase(connection), SqlDatabase(sqlite_in(tmp_path / "fresh"))
        await upgraded.open()
        await fresh.open()
        await tell(fresh)
        assert await all_that_is_read(upgraded) == await all_that_is_read(fresh)
        await goes_on(upgraded)
        await upgraded.close()
        await fresh.close()

    asyncio.run(run())


async def goes_on(database: SqlDatabase) -> None:
    """Write to what an earlier release left."""
    from plait_core.testing import _samples as samples

    live, over = samples.execution_id("live"), samples.execution_id("over")
    assert not await database.log.append([samples.turn(live, 5, posted=("s2",))])
    assert list(await database.inbox.pending("engine-1")) == []
    await samples.started(database, "new")
    await database.upkeep.archive(over, is_archived=True)
    assert list(await database.upkeep.delete([over])) == [over]
    assert await database.accounts.keep_key("k", b"1") == b"1"
    (kept,) = await database.upkeep.closures()
    await database.upkeep.delete_closures([kept.digest], put_before_ns=NOON_NS + 1)
    assert await database.log.get_closure("d1") is None


def test_runs_of_an_earlier_release_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was cut off ends, one that failed and one that succeeded are told of, and cached values are found."""
    spec = importlib.util.spec_from_file_location("flow", GOLDEN / "flow.py")
    assert spec
    assert spec.loader
    flow = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "flow", flow)
    spec.loader.exec_module(flow)
    connection = sqlite_in(tmp_path)

    async def run() -> None:
        await connection.open()
        await connection.write(lambda transaction: restore(connection, transaction, golden("runs-1.json")))
        await connection.close()
        waiting, broken = ExecutionId(name="waiting"), ExecutionId(name="broken")
        settings = Settings(store=f"sqlite:///{tmp_path}/plait.db", blobs=f"file://{tmp_path}/blobs")
        async with Engine(settings=settings) as engine:
            await engine.resume(waiting, target=flow.wf)
            await engine.signal(waiting, "more", integer(7))
            ended = await engine.wait(waiting)
            assert (ended.phase, ended.outputs) == (ExecutionPhase.SUCCEEDED, {"o0": integer(1 + 4 + 9 + 7)})
            failed = await engine.state(broken)
            assert failed.phase is ExecutionPhase.FAILED
            assert failed.error is not None
            assert "ZeroDivisionError" in failed.error.traceback
            reusing = await engine.launch(flow.reusing, {"x": integer(5)}, name="again")
            assert (await engine.wait(reusing)).outputs == {"o0": integer(25)}
            (node,) = [row for row in await engine.database.views.nodes(reusing) if row.kind == "task"]
            assert node.cache == "hit"

    asyncio.run(run())


# ── two releases at one store ────────────────────────────────────────────────


@pytest.mark.parametrize("schema", RELEASED)
def test_statements_of_an_earlier_release_still_work(schema: int, make: Make) -> None:
    """An engine that was started before the upgrade goes on: each statement changes and returns what it did."""
    connection = make()
    if isinstance(connection, PostgresConnection) and schema not in ON_POSTGRESQL:
        pytest.skip("that release had SQLite alone")

    async def run() -> None:
        database = SqlDatabase(connection)
        await database.open()
        for noted in golden(f"statements-{schema}.json"):
            again = await connection.write(lambda transaction, noted=noted: replayed(transaction, noted))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            assert again == noted
        await database.close()

    asyncio.run(run())


@pytest.mark.parametrize(("needs", "is_welcome"), [(0, True), (LATEST, True), (LATEST + 1, False)])
def test_a_store_that_is_ahead_is_used_if_it_can_be(
    needs: int, is_welcome: bool, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that only adds leaves room for the release before; one that takes something away says so, and is refused there."""

    async def run() -> None:
        later, earlier = SqlDatabase(make()), SqlDatabase(make())
        with monkeypatch.context() as patch:
            added = ("ALTER TABLE executions ADD COLUMN colour {text} NOT NULL DEFAULT ''",)
            patch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, added))
            patch.setattr(migrations, "NEEDS", {LATEST + 1: needs})
            await later.open()
        try:
            if is_welcome:
                await earlier.open()
                await tell(earlier)
                await later.close()
            else:
                with pytest.raises(StoreTooNew) as caught:
                    await earlier.open()
                assert (caught.value.found, caught.value.known) == (LATEST + 1, LATEST)
        finally:
            await earlier.close()
            await later.close()

    asyncio.run(run())


def test_many_processes_may_make_or_upgrade_a_store(make: Make) -> None:
    """The schema is made once, whoever comes first."""

    async def run() -> None:
        databases = [SqlDatabase(make()) for _ in range(4)]
        await asyncio.gather(*(database.open() for database in databases))
        await tell(databases[0])
        for database in databases:
            await database.close()

    asyncio.run(run())


def test_golden_stores_open_by_url(tmp_path: Path) -> None:
    """The factory that settings use upgrades, too."""

    async def run() -> None:
        connection = sqlite_in(tmp_path)
        await connection.open()
        await connection.write(lambda transaction: restore(connection, transaction, golden("schema-1.json")))
        await connection.close()
        database = open_sqlite(f"sqlite:///{tmp_path}/plait.db")
        await database.open()
        assert await database.leases.owned("engine-1")
        await database.close()

    asyncio.run(run())
