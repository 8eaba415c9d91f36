"""What is particular to blobs that are files."""

import asyncio
import os
from pathlib import Path

import pytest

from plait_core.errors.stores import BlobDenied, BlobMissing
from plait_local.blobs import PARTIAL, FileBlobStore
from plait_local.settings import LocalSettings

STORE = FileBlobStore(LocalSettings())


@pytest.mark.parametrize("uri", ["file:///blobs/../etc/passwd", "/blobs/../../x", "relative/path", "file://no/root"])
def test_path_that_could_lead_elsewhere_is_refused(uri: str) -> None:
    """A prefix stays one: paths are absolute and never climb."""
    with pytest.raises(BlobDenied, match="must be absolute"):
        asyncio.run(STORE.get(uri))


def test_folder_is_no_object(tmp_path: Path) -> None:
    """A prefix of objects cannot be read as one."""
    asyncio.run(STORE.put(f"file://{tmp_path}/a/b", b"x"))

    with pytest.raises(BlobMissing):
        asyncio.run(STORE.get(f"file://{tmp_path}/a"))


def test_unfinished_files_are_not_listed(tmp_path: Path) -> None:
    """What a killed writer left behind is no object."""
    asyncio.run(STORE.put(f"file://{tmp_path}/whole", b"x"))
    (tmp_path / ".plait-partial-abc").write_bytes(b"half")

    async def names() -> list[str]:
        return [info.uri async for info in STORE.list(f"file://{tmp_path}")]

    assert asyncio.run(names()) == [f"file://{tmp_path}/whole"]


def test_file_below_a_file_is_missing_not_a_crash(tmp_path: Path) -> None:
    """A path that runs through a file has nothing at its end."""
    (tmp_path / "file").write_bytes(b"x")

    with pytest.raises(BlobMissing):
        asyncio.run(STORE.get(f"file://{tmp_path}/file/below"))


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_what_is_stored_is_on_the_disk_first_where_that_is_asked_for(
    durability: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under ``full``, the content before the object has its name, then the names of the object and of new folders."""
    synced: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append(
            ("partial" if path.name.startswith(PARTIAL) else path.name, (tmp_path / "a" / "b" / "c").exists())
        )

    monkeypatch.setattr(os, "fsync", fsync)

    asyncio.run(FileBlobStore(LocalSettings(), durability).put(f"{tmp_path}/a/b/c", b"x"))

    wanted = [("partial", False), ("b", True), ("a", True), (tmp_path.name, True)]
    assert synced == (wanted if durability == "full" else [])
