"""
Bundles: the source files that tasks need where they run, as one archive named by its digest.

Called when entities are registered or packaged. The same files give the same bytes, whoever packs them and
when: names are sorted; times, owners and permissions are left out. Names in the archive are relative to the source root, so
that ``module:name`` means the same wherever the archive is unpacked.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import attrs

from plait_core.authoring.sources import module_name
from plait_core.errors.bundles import BundleTooLarge, CodeOutsideRoot, TooManyFiles

LARGEST_BUNDLE_BYTES = 100 << 20
"""How large an archive may be."""
LARGEST_TREE_BYTES = 500 << 20
"""How much may be in it, unpacked."""
MOST_FILES = 20_000

_NAMED = 5
"""How many of the largest files an error names."""


class Copy(Enum):
    """What a bundle holds: modules that are imported and their data, every file below the root, or nothing: then there is none."""

    AUTO = "auto"
    ALL = "all"
    NONE = "none"


@attrs.frozen(kw_only=True)
class Bundle:
    """
    An archive of source files.

    Attributes:
        digest: sha256 of ``data``, in hex.
        data: A gzipped tar file.
        files: Names in it, relative to the source root, sorted.
    """

    digest: str
    data: bytes = attrs.field(repr=False)
    files: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The name under which it is stored."""
        return f"{self.digest}.tar.gz"


def bundle_uri(blobs_root: str, project: str, digest: str) -> str:
    """Return where the bundle of *digest* is stored, for the eyes of *project* only."""
    return f"{blobs_root.rstrip('/')}/bundles/{project}/{digest}.tar.gz"


def source_root(path: Path) -> Path:
    """Return the folder from which the module in the file or folder *path* is imported: the first without ``__init__.py``."""
    folder = path.resolve()
    while folder.is_file() or (folder / "__init__.py").exists():
        folder = folder.parent
    return folder


def make_bundle(root: Path, copy: Copy = Copy.AUTO, *, modules: Iterable[str] = ()) -> Bundle | None:
    """
    Make the bundle of what lies below *root*; none for ``Copy.NONE``, nor when all code is installed.

    Args:
        root: The source root.
        copy: What to take along. ``AUTO`` takes the modules that this process has imported from below the root (not those of
            virtual environments), with the ``__init__.py`` of their packages and the files that those packages hold beside
            their modules. ``ALL`` takes every file. Neither takes what ``.gitignore`` and ``.plaitignore`` name.
        modules: Names of modules that declare entities; they must be in the bundle, unless they are installed.

    Raises:
        BundleTooLarge, TooManyFiles: there is more than a bundle may hold; the largest files are named.
        CodeOutsideRoot: one of *modules* is no file below the root.
    """
    if copy is Copy.NONE:
        return None
    root = root.resolve()
    found = _imported(root) if copy is Copy.AUTO else _below(root)
    names = _within_limits(root, sorted({path.relative_to(root).as_posix() for path in found}))
    _check_modules(root, modules, names)
    return bundle_of(root, names) if names else None


def bundle_of(root: Path, names: Sequence[str]) -> Bundle:
    """Make the archive of the files *names* below *root*."""
    data = _archive(root, names)
    if len(data) > LARGEST_BUNDLE_BYTES:
        raise _too_large(root, names, len(data), LARGEST_BUNDLE_BYTES)
    return Bundle(digest=sha256(data).hexdigest(), data=data, files=tuple(names))


def _archive(root: Path, names: Sequence[str]) -> bytes:
    import tarfile
    from gzip import GzipFile
    from io import BytesIO

    buffer = BytesIO()
    with (
        GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in names:
            content = (root / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    return buffer.getvalue()


# ── what is taken along ──────────────────────────────────────────────────────


def _imported(root: Path) -> Iterator[Path]:
    """Yield the files of modules imported from below *root*, of their packages, and the data beside them."""
    from plait_core.authoring.ignores import Ignores

    ignores = Ignores(root)
    folders: set[Path] = set()
    for module in list(sys.modules.values()):
        path = _file_of(module)
        if path is None or not path.is_relative_to(root) or ignores.is_foreign(path):
            continue
        yield path
        folder = path.parent
        while folder != root and folder not in folders and (folder / "__init__.py").is_file():
            folders.add(folder)
            yield folder / "__init__.py"
            folder = folder.parent
    for folder in folders:
        yield from ignores.data_of(folder)


def _below(root: Path) -> Iterator[Path]:
    from plait_core.authoring.ignores import Ignores

    for n_files, path in enumerate(Ignores(root).files(), start=1):
        if n_files > MOST_FILES:
            raise TooManyFiles(root=str(root), n_files=n_files, limit=MOST_FILES)
        yield path


def _file_of(module: ModuleType) -> Path | None:
    """Return the source file of *module*, if it has one."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py"):
        return None
    path = Path(os.path.realpath(file))
    return path if path.is_file() else None


def _check_modules(root: Path, modules: Iterable[str], names: Sequence[str]) -> None:
    from plait_core.authoring.ignores import Ignores

    ignores, held = Ignores(root), {root / name for name in names}
    script = {module_name("__main__"): sys.modules["__main__"]}
    for name in modules:
        module = sys.modules.get(name, script.get(name))
        file = None if module is None else _file_of(module)
        if file not in held and (file is None or not ignores.is_foreign(file)):
            raise CodeOutsideRoot(module=name, file=str(file or ""), root=str(root))


def _within_limits(root: Path, names: Sequence[str]) -> Sequence[str]:
    size = sum((root / name).stat().st_size for name in names)
    if size > LARGEST_TREE_BYTES:
        raise _too_large(root, names, size, LARGEST_TREE_BYTES)
    return names


def _too_large(root: Path, names: Sequence[str], size: int, limit: int) -> BundleTooLarge:
    sizes = sorted((-(root / name).stat().st_size, name) for name in names)
    largest = tuple((name, -negative) for negative, name in sizes[:_NAMED])
    return BundleTooLarge(size_bytes=size, limit_bytes=limit, largest=largest)
