"""What is particular to blobs that are files."""

import asyncio
import os
from contextlib import nullcontext
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


def test_what_goes_away_while_it_is_listed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing is of what is there; one that a sweep is busy with is no error."""
    for name in ("a", "b"):
        asyncio.run(STORE.put(f"file://{tmp_path}/{name}", b"x"))

    def walk(root: Path, **_: object) -> list[tuple[str, list[str], list[str]]]:
        return [(str(root), [], ["a", "gone", "b"])]

    monkeypatch.setattr(os, "walk", walk)

    assert listed(tmp_path) == [f"file://{tmp_path}/a", f"file://{tmp_path}/b"]


@pytest.mark.parametrize(("error", "is_refused"), [(PermissionError, True), (FileNotFoundError, False)])
def test_folder_that_may_not_be_read_is_not_empty(
    error: type[OSError], is_refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is gone is."""
    (tmp_path / "folder").mkdir()
    scan = os.scandir

    def scandir(path: Path | str) -> object:
        if str(path).endswith("folder"):
            raise error
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)

    with pytest.raises(BlobDenied) if is_refused else nullcontext():
        assert listed(tmp_path) == []


def listed(folder: Path) -> list[str]:
    """Return the URIs of what is below a folder."""

    async def names() -> list[str]:
        return [info.uri async for info in STORE.list(f"file://{folder}")]

    return asyncio.run(names())


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
