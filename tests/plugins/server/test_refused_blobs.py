"""What the server may not read in its storage is neither the caller's mistake nor a failure without a name."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait import Deck, task, workflow
from plait_core.engine import Engine
from plait_core.errors.stores import BlobDenied
from plait_core.ir.ids import AttemptId, ExecutionId
from plait_core.plugins import Plugins, Settings
from plait_core.ports.blobs import BlobInfo
from plait_core.testing.memory import MemoryBlobStore, MemoryDatabase
from tests.plugins.server import serving as making
from tests.plugins.server.registered import EXECUTIONS, ended, problem, registered
from tests.plugins.server.serving import ORIGIN, PROJECT, Serving

pytestmark = pytest.mark.anyio

URI = f"memory://blobs/raw/{PROJECT}/development/x/value"
REFUSED = (502, "StorageRefused")


@task(enable_deck=True)
def prints() -> None:
    """Leave a log and a deck."""
    Deck("mine").append("seen")
    print("seen")


@workflow
def leaves() -> None:
    """Do it."""
    prints()


class Locked(MemoryBlobStore):
    """A store that refuses some of what is asked of it, as one does whose permissions were changed."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: set[str] = set()

    def _check(self, method: str, uri: str) -> None:
        if method in self.refuses:
            raise BlobDenied(uri=uri, detail="permission denied")

    async def get(self, uri: str) -> bytes:
        self._check("get", uri)
        return await super().get(uri)

    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        self._check("put", uri)
        return await super().put(uri, data, if_absent=if_absent)

    async def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        self._check("stream", uri)
        async for chunk in super().stream(uri, start=start):
            yield chunk

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        self._check("list", prefix)
        async for info in super().list(prefix):
            yield info

    async def exists(self, uri: str) -> bool:
        self._check("exists", uri)
        return await super().exists(uri)


@pytest.fixture
def locked() -> Locked:
    """Make a store that refuses nothing yet."""
    return Locked()


@pytest.fixture
async def serving(locked: Locked, tmp_path: Path) -> AsyncIterator[Serving]:
    """Serve from it."""
    settings = Settings(home=str(tmp_path), store="memory://", blobs="memory://blobs")
    engine = Engine(plugins=Plugins.load(settings), database=MemoryDatabase(), blobs=lambda _: locked)
    async with making.serving(tmp_path, engine=engine) as made:
        yield made


@pytest.mark.parametrize("method", ["exists", "list"])
async def test_ticket_for_what_may_not_be_looked_at(serving: Serving, locked: Locked, method: str) -> None:
    """Whether it is there cannot be said."""
    await locked.put(URI, b"x")
    locked.refuses = {method}

    answer = await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": URI})

    assert problem(answer) == REFUSED


async def test_download_of_what_may_not_be_read(serving: Serving, locked: Locked) -> None:
    """It is told before the answer begins, and whose move it is; not where the storage is."""
    await locked.put(URI, b"x")
    ticket = (await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": URI})).json()
    locked.refuses = {"stream"}

    answer = await serving.nobody.get(f"{ORIGIN}{ticket['url']}")

    assert problem(answer) == REFUSED
    assert "owner of the server" in answer.json()["remedy"]
    assert answer.json()["extra"]["request"] in answer.json()["remedy"]
    assert "memory://" not in answer.text


@pytest.mark.parametrize("method", ["exists", "put"])
async def test_upload_to_where_nothing_may_be_put(serving: Serving, locked: Locked, method: str) -> None:
    """The ticket or the upload says so, and a ticket that was not used is good for another try."""
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    asked = {"project": PROJECT, "domain": "development", "filename": "f", "sha256": digest, "size_bytes": 1}
    ticket = (await serving.author.post("/uploads", json=asked)).json()
    locked.refuses = {method}

    if method == "exists":
        refused = await serving.author.post("/uploads", json=asked)
    else:
        refused = await serving.nobody.put(f"{ORIGIN}{ticket['url']}", content=b"x")

    assert problem(refused) == REFUSED
    locked.refuses = set()
    assert (await serving.nobody.put(f"{ORIGIN}{ticket['url']}", content=b"x")).status_code == 204


async def attempted(serving: Serving) -> tuple[str, AttemptId]:
    """Run what leaves something behind; returns where its attempt is, and its id."""
    await registered(serving, leaves)
    name = await ended(serving, leaves)
    (row,) = await serving.engine.database.views.attempts(ExecutionId(name=name))
    return f"{EXECUTIONS}/{name}/attempts/n0/0", row.id


async def test_deck_that_may_not_be_read(serving: Serving, locked: Locked) -> None:
    """It was made, and is out of reach."""
    url, _ = await attempted(serving)
    locked.refuses = {"get"}

    assert problem(await serving.viewer.get(f"{url}/deck")) == REFUSED


async def test_deck_elsewhere_is_not_shown(serving: Serving, locked: Locked) -> None:
    """An attempt says where its deck is; the server reads nothing for it that lies outside the project."""
    url, attempt = await attempted(serving)
    await locked.put("memory://blobs/meta/elsewhere/development/x/n0/0/deck.html", b"theirs")
    attempts: dict[Any, Any] = serving.engine.database._records.of(attempt.execution).attempts  # type: ignore[attr-defined]  # the twin's own
    (key,) = attempts
    attempts[key] = attrs.evolve(attempts[key], deck_uri="memory://blobs/meta/elsewhere/development/x/n0/0/deck.html")

    assert problem(await serving.viewer.get(f"{url}/deck")) == (404, "ForeignBlob")


@pytest.mark.parametrize("method", ["list", "get"])
@pytest.mark.parametrize("follow", ["false", "true"])
async def test_log_that_may_not_be_read(serving: Serving, locked: Locked, method: str, follow: str) -> None:
    """It is told before the answer begins, to those who follow, too."""
    url, attempt = await attempted(serving)
    folder = f"memory://blobs/meta/{attempt}/logs"
    await locked.put(f"{folder}/{0:016d}-{1:016d}", b"\0\0\0\0\1x")
    locked.refuses = {method}

    answer = await serving.viewer.get(f"{url}/logs", params={"follow": follow})

    assert problem(answer) == REFUSED


@pytest.mark.parametrize("follow", ["false", "true"])
async def test_log_beside_things_that_are_no_log(serving: Serving, locked: Locked, follow: str) -> None:
    """A task can put files beside what it printed, and write over it; the rest is read all the same."""
    url, attempt = await attempted(serving)
    folder = f"memory://blobs/meta/{attempt}/logs"
    await locked.put(f"{folder}/notes", b"mine")
    await locked.put(f"{folder}/x-y", b"mine")
    await locked.put(f"{folder}/{0:016d}-{1:016d}", b"\0\0\0\0\1x")
    await locked.put(f"{folder}/{1:016d}-{2:016d}", b"\x09\0\0\0\1x")
    await locked.put(f"{folder}/{2:016d}-{3:016d}", b"\0\0")
    await locked.put(f"{folder}/{3:016d}-{4:016d}", b"\1\0\0\0\1y")

    answer = await serving.viewer.get(f"{url}/logs", params={"follow": follow})

    assert (answer.status_code, answer.text) == (200, "xy")
