"""
What is not source: folders that tools make, virtual environments, and whatever ``.gitignore`` and ``.plaitignore`` name.

Called while a bundle is made. A file of patterns holds for its folder and those below; the patterns are those of
gitignore(5): ``*``, ``**``, ``?``, ``[…]``, a slash at the end for folders only, one elsewhere to bind to the file's own folder, ``!`` to
take something back. The last pattern that matches decides. Links are followed to files, never to folders.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PATTERN_FILES = (".gitignore", ".plaitignore")

_NEVER = frozenset(
    {
        ".git", ".hg", ".svn", "__pycache__", ".cache", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
        ".ipynb_checkpoints", ".tox", ".nox", ".venv", "node_modules", "site-packages",
    }
)  # fmt: skip
_NEVER_SUFFIXES = (".pyc", ".pyo")
_STDLIB = Path(os.__file__).resolve().parent


class Pattern(NamedTuple):
    """One line of a file of patterns, which lies in *folder*."""

    folder: Path
    expression: re.Pattern[str]
    is_for_folders: bool
    takes_back: bool


class Ignores:
    """What to leave out below *root*."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._patterns: dict[Path, Sequence[Pattern]] = {}

    def files(self) -> Iterator[Path]:
        """Yield every file below the root that is source, in the order of their names."""
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            entries = sorted(folder.iterdir())
            yield from (path for path in entries if path.is_file() and not self._is_left_out(path, is_folder=False))
            waiting += (
                path
                for path in reversed(entries)
                if path.is_dir() and not path.is_symlink() and not self._is_left_out(path, is_folder=True)
            )

    def data_of(self, package: Path) -> Iterator[Path]:
        """Yield the files that are no modules in the folder *package*, and in those below it that are no packages; none that is hidden."""
        for path in sorted(package.iterdir()):
            if path.name.startswith(".") or path.suffix == ".py":
                continue
            if path.is_file() and not self._is_left_out(path, is_folder=False):
                yield path
            elif _is_plain_folder(path) and not self._is_left_out(path, is_folder=True):
                yield from self.data_of(path)

    def is_foreign(self, path: Path) -> bool:
        """Whether *path* belongs to an installation or a tool, and not to the project."""
        if "site-packages" in path.parts or path.is_relative_to(_STDLIB):
            return True
        return any(_is_foreign_folder(folder) for folder in path.parents if folder.is_relative_to(self._root))

    def _is_left_out(self, path: Path, *, is_folder: bool) -> bool:
        if is_folder and _is_foreign_folder(path):
            return True
        if path.name.endswith(_NEVER_SUFFIXES):
            return True
        verdict = False
        for pattern in self._patterns_above(path.parent):
            if (is_folder or not pattern.is_for_folders) and pattern.expression.match(
                path.relative_to(pattern.folder).as_posix()
            ):
                verdict = not pattern.takes_back
        return verdict

    def _patterns_above(self, folder: Path) -> Sequence[Pattern]:
        """Return the patterns that hold in *folder*, those of outer folders first."""
        if folder not in self._patterns:
            outer = () if folder == self._root else self._patterns_above(folder.parent)
            own = [pattern for name in PATTERN_FILES if (file := folder / name).is_file() for pattern in _read(file)]
            self._patterns[folder] = (*outer, *own)
        return self._patterns[folder]


def parse_pattern(line: str, folder: Path) -> Pattern | None:
    """Read one *line* of a file of patterns in *folder*; blank lines and comments are none."""
    text = line.rstrip("\n").rstrip()
    if not text or text.startswith("#"):
        return None
    takes_back = text.startswith("!")
    text = text.removeprefix("!").removeprefix("\\")
    is_for_folders = text.endswith("/")
    text = text.rstrip("/")
    prefix = "" if "/" in text else "(?:.*/)?"
    expression = re.compile(f"{prefix}{_expression(text.removeprefix('/'))}\\Z", re.DOTALL)
    return Pattern(folder, expression, is_for_folders, takes_back)


def _expression(glob: str) -> str:
    """Translate a glob, whose ``*`` stops at slashes and whose ``**`` does not."""
    parts = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|/\*\*(?!/)|\*\*|\*|\?|\[[!^]?\]?[^\]/]*\])", glob)
    return "".join(parts.get(piece) or _set_or_text(piece) for piece in pieces)


def _set_or_text(piece: str) -> str:
    if len(piece) > 2 and piece.startswith("[") and piece.endswith("]"):
        inside = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"
    return re.escape(piece)


def _read(file: Path) -> Iterator[Pattern]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if pattern := parse_pattern(line, file.parent):
            yield pattern


def _is_plain_folder(path: Path) -> bool:
    """Whether *path* is a folder of data, and no package."""
    return path.is_dir() and not path.is_symlink() and not (path / "__init__.py").exists()


def _is_foreign_folder(folder: Path) -> bool:
    return folder.name in _NEVER or os.path.lexists(folder / "pyvenv.cfg")
