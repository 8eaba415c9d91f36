"""
Bundles in a worker: fetched once per machine, checked, unpacked, and imported from.

Called before an entity is loaded whose unit names a bundle. Nothing is unpacked whose digest is not the one in its name, and
nothing but regular files under relative names ever is. An unpacked bundle appears in the cache whole or not at all, however many
processes unpack it at once, and is never changed.
"""

import os
import re
import sys
import zlib
from asyncio import to_thread
from hashlib import file_digest, sha256
from importlib import invalidate_caches
from io import BufferedReader
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

from plait_core.authoring.bundles import LARGEST_BUNDLE_BYTES, LARGEST_TREE_BYTES, MOST_FILES
from plait_core.errors.bundles import BadBundleUri, BundleDamaged, BundleRefused, ModuleTaken
from plait_core.ports.specs import BlobAccess

if TYPE_CHECKING:
    from gzip import GzipFile
    from tarfile import TarFile, TarInfo

_LONGEST_NAME = 255
_DIGEST = re.compile(r"/([0-9a-f]{64})\.tar\.gz$")


async def unpack(uri: str, *, blobs: BlobAccess, cache_dir: Path) -> Path:
    """
    Return the folder with the files of the bundle at *uri*, unpacking it unless *cache_dir* has it already.

    When cancelled, the cache is as it was.

    Raises:
        BadBundleUri: the name is no digest.
        BundleDamaged: the content has another digest than the name says.
        BundleRefused: the archive holds links, devices, absolute or clashing names, or is too large.
        BlobMissing, BlobDenied, Retryable: as the blob store says.
    """
    named = _DIGEST.search(uri)
    if named is None:
        raise BadBundleUri(uri=uri)
    root = cache_dir / named[1]
    if not root.is_dir():
        with _partial(cache_dir) as partial:
            archive, tree = Path(partial) / "archive", Path(partial) / "tree"
            await _fetch(uri, archive, blobs)
            await to_thread(_check_and_extract, uri, named[1], archive, tree)
            _place(tree, root)
    return root


def use_bundle(uri: str) -> Path:
    """Unpack the bundle at *uri* into this machine's cache and import from it; for a process that has no loop yet."""
    from plait_core.plugins import process_plugins
    from plait_core.types.blocking import run

    plugins = process_plugins()
    root = run(unpack(uri, blobs=plugins.blob_store, cache_dir=cache_of(plugins.settings.home)))
    import_from(root)
    return root


def cache_of(home: str) -> Path:
    """Return where a machine whose plait lives in *home* keeps unpacked bundles."""
    return Path(home) / "bundles"


def import_from(root: Path) -> None:
    """Let modules below *root* be found before all others."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
        invalidate_caches()


def check_origin(module: ModuleType, root: Path) -> None:
    """Raise ``ModuleTaken`` when *module* has not come from the bundle at *root*, though that holds a module of its name."""
    there = str(getattr(module, "__file__", None))
    place = root.joinpath(*module.__name__.split("."))
    is_bundled = place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()
    if is_bundled and not there.startswith(f"{root}/"):
        raise ModuleTaken(module=module.__name__, there=there, root=str(root))


def _partial(cache_dir: Path) -> "TemporaryDirectory[str]":
    """Make a folder beside those that are whole."""
    cache_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return TemporaryDirectory(dir=cache_dir, prefix=".partial-")


async def _fetch(uri: str, archive: Path, blobs: BlobAccess) -> None:
    fetched = 0
    with archive.open("wb") as file:
        async for chunk in blobs(uri).stream(uri):
            fetched += len(chunk)
            if fetched > LARGEST_BUNDLE_BYTES:
                raise BundleRefused(uri=uri, reason=f"it is larger than {LARGEST_BUNDLE_BYTES} bytes")
            file.write(chunk)


def _check_and_extract(uri: str, digest: str, archive: Path, tree: Path) -> None:
    import tarfile  # with what it decompresses by: 15 ms that only those pay who unpack
    from gzip import BadGzipFile, GzipFile

    with archive.open("rb") as file:
        found = _digest_of(file)
        if found != digest:
            raise BundleDamaged(uri=uri, found=found)
        file.seek(0)
        tree.mkdir()
        try:
            with GzipFile(fileobj=file) as unzipped:
                _check_size(unzipped)
                unzipped.seek(0)
                with tarfile.open(fileobj=unzipped, mode="r:") as tar:
                    _extract(tar, tree)
        except (tarfile.TarError, BadGzipFile, EOFError, zlib.error, ValueError) as error:
            raise BundleRefused(uri=uri, reason=str(error)) from error


def _digest_of(file: BufferedReader) -> str:
    return file_digest(file, sha256).hexdigest()


def _check_size(unzipped: "GzipFile") -> None:
    """Read to the end once, so that no header can promise more than there is, nor any stream swell without end."""
    size = 0
    while chunk := unzipped.read(1 << 20):
        size += len(chunk)
        if size > LARGEST_TREE_BYTES:
            raise ValueError(f"its files come to more than {LARGEST_TREE_BYTES} bytes")


def _extract(tar: "TarFile", tree: Path) -> None:
    """Write the members of *tar* below *tree*, as long as each of them is harmless; raises ``ValueError`` at the first that is not."""
    for n_files, member in enumerate(tar, start=1):
        if n_files > MOST_FILES:
            raise ValueError(f"it has more than {MOST_FILES} files")
        if not member.isreg() or member.issparse():
            raise ValueError(f"{member.name!r} is no regular file")
        if not _is_plain(member.name, tree):
            raise ValueError(f"{member.name!r} is no plain relative name")
        _write(tar, member, tree / member.name)


def _is_plain(name: str, tree: Path) -> bool:
    """Whether *name* leads to one place below *tree*, and is spelt in the one way that does."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name != str(path) or not path.parts:
        return False
    if any(len(part.encode()) > _LONGEST_NAME for part in path.parts):
        return False
    return Path(os.path.normpath(tree / name)).is_relative_to(tree)


def _write(tar: "TarFile", member: "TarInfo", target: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None, "it is a regular file"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("xb") as file:
            copyfileobj(source, file)
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(f"{member.name!r} clashes with another file in it") from error


def _place(tree: Path, root: Path) -> None:
    """Give the unpacked *tree* its name, unless another process was faster: what it unpacked is the same."""
    try:
        tree.rename(root)
    except OSError:
        if not root.is_dir():
            raise
