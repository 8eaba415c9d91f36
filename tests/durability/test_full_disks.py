"""
Disks that are full, or that may only be read: refused cleanly, and gone on with once there is room.

The disks are small file systems in memory, which only root can mount; elsewhere these tests are skipped, but for the one that
lets files of a process grow to a limit.
"""

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import attrs
import pytest

from plait_core.errors.stores import StoreReadOnly, StoreUnavailable
from plait_core.testing._samples import execution_id, started
from plait_sql.database import SqlDatabase, open_postgresql, open_sqlite
from plait_sql.settings import SqlSettings
from tests.durability.stories import Story
from tests.postgres import Cluster

LONG = {"k": "v" * 4000}


@attrs.frozen
class Disk:
    """A small file system."""

    path: Path

    def fill(self) -> None:
        """Leave no room."""
        with suppress(OSError), (self.path / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)

    def free(self) -> None:
        """Make room again."""
        (self.path / "filler").unlink()


@contextmanager
def mounted(*options: str, path: Path | None = None) -> Iterator[Disk]:
    path = path or Path(mkdtemp(prefix="plait-disk-"))
    path.chmod(0o777)
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "plait-test", str(path)], capture_output=True, check=False
    )
    if mount.returncode != 0:
        path.rmdir()
        pytest.skip("needs the right to mount a file system")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
        path.rmdir()


def remount(disk: Disk, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk.path)], check=True)


async def filled(database: SqlDatabase, harm: Callable[[], None]) -> int:
    """Write until that is refused for want of room; returns how many executions were accepted."""
    harm()
    for n in range(20_000):
        try:
            await started(database, f"e{n}", labels=LONG)
        except StoreUnavailable as full:
            refusal = full
            break
    assert "free space" in refusal.remedy
    return n


async def check_rows(database: SqlDatabase, n_accepted: int) -> None:
    """Whatever was accepted is there in full, and what was refused is not there at all."""
    for n in range(n_accepted):
        assert len(await database.log.read(execution_id(f"e{n}"))) == 2
    assert await database.views.execution(execution_id(f"e{n_accepted}")) is None
    assert list(await database.log.read(execution_id(f"e{n_accepted}"))) == []


# ── SQLite ───────────────────────────────────────────────────────────────────


def test_a_full_disk_refuses_what_does_not_fit() -> None:
    """The last turn that was accepted is whole, the one that was refused is absent, and with room the store goes on."""

    async def run(disk: Disk) -> None:
        database = open_sqlite(f"sqlite:///{disk.path}/plait.db")
        await database.open()
        n_accepted = await filled(database, disk.fill)
        await check_rows(database, n_accepted)
        disk.free()
        await started(database, f"e{n_accepted}")
        await database.close()
        again = open_sqlite(f"sqlite:///{disk.path}/plait.db")
        await again.open()
        await check_rows(again, n_accepted + 1)
        await again.close()

    with mounted("size=4m") as disk:
        asyncio.run(run(disk))


@pytest.mark.slow
def test_an_engine_survives_a_full_disk(story: Story) -> None:
    """It waits for room, and then everything ends as it should."""
    with mounted("size=4m") as disk:
        story = attrs.evolve(story, store=f"sqlite:///{disk.path}/plait.db")
        story.enlist()
        with story.engine() as engine:
            disk.fill()
            time.sleep(2)
            assert not story.have_ended()
            assert engine.poll() is None
            disk.free()
            assert story.wait(engine)
        story.check()


def test_a_store_that_may_only_be_read_is_refused() -> None:
    """At once, and with what to do; when it may be written again, everything is there."""

    async def written(store: str) -> None:
        database = open_sqlite(store)
        await database.open()
        try:
            await started(database, "another")
        finally:
            await database.close()

    async def recorded(store: str) -> None:
        database = open_sqlite(store)
        await database.open()
        await started(database)
        await database.close()

    with mounted("size=4m") as disk:
        store = f"sqlite:///{disk.path}/plait.db"
        asyncio.run(recorded(store))
        remount(disk, "ro")
        with pytest.raises(StoreReadOnly) as caught:
            asyncio.run(written(store))
        assert "writable" in caught.value.remedy
        remount(disk, "rw")
        asyncio.run(written(store))


GROW = """
import asyncio, sys
from tests.durability.test_full_disks import LONG, check_rows
from plait_core.errors.stores import StoreUnavailable
from plait_core.testing._samples import started
from plait_sql.database import open_sqlite


async def run():
    database = open_sqlite(sys.argv[1])
    await database.open()
    n = 0
    try:
        while n < 20_000:
            await started(database, f"e{n}", labels=LONG)
            n += 1
    except StoreUnavailable as refused:
        assert "disk" in refused.remedy, refused
    await check_rows(database, n)
    print(n)


asyncio.run(run())
"""


def test_a_file_that_may_not_grow_is_like_a_full_disk(tmp_path: Path) -> None:
    """Also where nobody may mount anything."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))

    command = [sys.executable, "-c", GROW, f"sqlite:///{tmp_path}/plait.db"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    grown = subprocess.run(
        command, preexec_fn=limit, capture_output=True, text=True, env=environment, check=False
    )  # the child has one thread

    assert grown.returncode == 0, grown.stderr
    assert 0 < int(grown.stdout) < 20_000


# ── PostgreSQL ───────────────────────────────────────────────────────────────


def opened(cluster: Cluster, **settings: Any) -> SqlDatabase:
    return open_postgresql(cluster.url("plait"), SqlSettings(lock_timeout_s=60.0, **settings))


@pytest.mark.slow
def test_a_full_disk_of_the_server_refuses_what_does_not_fit(cluster: Cluster) -> None:
    """The same as on SQLite: tables are on a small disk, and the server has one more for its log."""

    async def run(disk: Disk) -> None:
        database = opened(cluster)
        await database.open()
        n_accepted = await filled(database, disk.fill)
        await check_rows(database, n_accepted)
        disk.free()
        await started(database, f"e{n_accepted}")
        await database.close()

    with mounted("size=24m") as disk:
        space = disk.path / "space"
        space.mkdir()
        if cluster.user:
            os.chown(space, cluster.user["user"], cluster.user["group"])
        with cluster.connect("postgres") as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
            connection.execute("CREATE DATABASE plait TABLESPACE small")
        asyncio.run(run(disk))
        cluster.stop()


@pytest.mark.slow
def test_a_server_that_may_only_be_read_is_refused(cluster: Cluster) -> None:
    """As is a standby; nothing is lost when it takes writes again."""

    def switch(mode: str) -> None:
        with cluster.connect("postgres") as connection:
            connection.execute(f"ALTER DATABASE plait SET default_transaction_read_only = {mode}")

    async def run() -> None:
        first = opened(cluster)
        await first.open()
        await started(first)
        await first.close()
        switch("on")
        refused = opened(cluster)
        await refused.open()
        with pytest.raises(StoreReadOnly) as caught:
            await started(refused, "e2")
        assert "takes writes" in caught.value.remedy
        assert len(await refused.log.read(execution_id())) == 2
        await refused.close()
        switch("off")
        again = opened(cluster)
        await again.open()
        await started(again, "e2")
        await again.close()

    asyncio.run(run())
