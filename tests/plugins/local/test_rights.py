"""Acting as another user, which only root can; everything stands in a folder that everybody can get into."""

import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pwd import getpwnam
from tempfile import mkdtemp

import pytest

from plait_core.errors.stores import BlobDenied
from plait_local.blobs import FileBlobStore
from plait_local.health import check_worker
from plait_local.rights import acting_as, another_user, can_act_as_others, open_to
from plait_local.settings import LocalSettings

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not can_act_as_others(), reason="only root can act as another user"),
]

USER = getpwnam("nobody")


@pytest.fixture
def anyio_backend() -> str:
    """No store cares."""
    return "asyncio"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of root's that everybody can get into, with a file that nobody else can read."""
    folder = Path(mkdtemp(prefix="plait-rights-"))
    folder.chmod(0o755)
    (folder / "secret").write_text("hush")
    (folder / "secret").chmod(0o600)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def store() -> FileBlobStore:
    """What a server has whose tasks are another user's."""
    return FileBlobStore(LocalSettings(run_as=USER.pw_name))


def test_files_are_reached_with_the_rights_of_the_user(folder: Path) -> None:
    """By this thread alone, and not for longer than the block; groups of root's do not help."""
    (folder / "secret").chmod(0o640)

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(int).result()  # its thread begins with the rights of this one
        with acting_as(USER):
            with pytest.raises(PermissionError):
                (folder / "secret").read_text()
            found = elsewhere.submit((folder / "secret").read_text).result()

    assert found == (folder / "secret").read_text()


def test_own_user_is_nobody_else() -> None:
    """Nothing changes for who names it."""
    assert another_user("") is None
    assert another_user(str(os.geteuid())) is None
    assert another_user(USER.pw_name) == USER


async def test_objects_belong_to_the_user(folder: Path, store: FileBlobStore) -> None:
    """With the folders that were made for them, whoever stored them."""
    await store.put(f"file://{folder}/blobs/a/b", b"1")
    await store.upload(folder / "secret", f"file://{folder}/blobs/c")
    await store.download(f"file://{folder}/blobs/c", folder / "copy")

    made = [folder / "blobs", *(folder / "blobs").rglob("*")]
    assert {path.stat().st_uid for path in made} == {USER.pw_uid}
    assert [path.stat().st_mode & 0o077 for path in (folder / "blobs", folder / "blobs/c")] == [0, 0]
    assert ((folder / "copy").read_text(), (folder / "copy").stat().st_uid) == ("hush", os.geteuid())


@pytest.mark.parametrize("name", ["secret", "link"])
async def test_what_the_user_cannot_read_is_denied(folder: Path, store: FileBlobStore, name: str) -> None:
    """Also behind a link that a task has made."""
    (folder / "link").symlink_to(folder / "secret")

    with pytest.raises(BlobDenied):
        await store.get(f"file://{folder}/{name}")
    with pytest.raises(BlobDenied):
        await store.download(f"file://{folder}/{name}", folder / "copy")


async def test_folders_are_made_for_the_user_in_those_of_the_engine_alone(folder: Path, store: FileBlobStore) -> None:
    """A link leads to no new folder where the user could not make it."""
    (folder / "real").mkdir()
    await store.put(f"file://{folder}/blobs/a", b"1")
    (folder / "blobs/link").symlink_to(folder / "real")

    with pytest.raises(BlobDenied):
        await store.put(f"file://{folder}/blobs/link/new/a", b"1")

    assert list((folder / "real").iterdir()) == []


@pytest.mark.parametrize(("mode", "is_ok"), [(0o700, False), (0o755, True)])
def test_doctor_starts_workers_as_the_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int, is_ok: bool
) -> None:
    """An interpreter that only root may run is none."""
    (folder / "python").write_text("#!/bin/sh\n")
    (folder / "python").chmod(mode)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))

    found = check_worker(LocalSettings(run_as=USER.pw_name))

    assert (found.is_ok, "as nobody" in found.detail) == (is_ok, True)


def test_folder_that_is_out_of_reach_is_told(folder: Path) -> None:
    """With whom it is to be opened to."""
    (folder / "closed").mkdir(mode=0o700)
    (folder / "closed/worker").mkdir()

    with pytest.raises(PermissionError, match=r"user nobody cannot reach .*closed/worker: .*chmod o\+x"):
        open_to(USER, folder / "closed/worker")
