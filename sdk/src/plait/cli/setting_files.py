"""
One value written into ``plait.toml``, with everything else in the file left as it is.

The text is changed line by line, because no TOML writer keeps comments; what results is read again before it is written.
"""

import os
import re
import tomllib
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from plait.code.errors import UnwritableSettings

SETTABLE = ("endpoint", "project", "domain", "store", "blobs")
"""Keys that have a text for their value."""
FILE = "plait.toml"


def set_value(folder: Path, key: str, value: str, *, environment: str = "") -> Path:
    """
    Set *key* in the nearest ``plait.toml`` above *folder*, or in a new one there; returns its path.

    Raises:
        UnwritableSettings: the file is no TOML, or is too unusual to be changed safely.
    """
    path = next((parent / FILE for parent in (folder, *folder.parents) if (parent / FILE).is_file()), folder / FILE)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    wanted = _parsed(path, before)
    table = wanted.setdefault("env", {}).setdefault(environment, {}) if environment else wanted
    table[key] = value
    after = _changed(before, f"env.{environment}" if environment else "", key, f"{key} = {_quoted(value)}")
    if _parsed(path, after) != wanted:
        raise UnwritableSettings(path=str(path), reason=f"{key} is written there in an unusual way")
    _write(path, after)
    return path


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnwritableSettings(path=str(path), reason=f"it is no TOML: {error}") from error


def _changed(text: str, table: str, key: str, line: str) -> str:
    """Put *line* in place of that of *key* in a table, or at the table's end; the empty name is the top."""
    lines = text.splitlines()
    heads = [(n, found[1].strip()) for n, row in enumerate(lines) if (found := re.match(r"\s*\[([^\[\]]+)\]", row))]
    start = next((n + 1 for n, name in heads if name == table), None) if table else 0
    if start is None:
        return "\n".join([*lines, *([""] if lines else []), f"[{table}]", line]) + "\n"
    end = next((n for n, _ in heads if n >= start), len(lines))
    for n in range(start, end):
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[n]):
            return "\n".join([*lines[:n], line, *lines[n + 1 :]]) + "\n"
    while end > start and not lines[end - 1].strip():
        end -= 1
    is_glued = end < len(lines) and lines[end].lstrip().startswith("[")
    return "\n".join([*lines[:end], line, *([""] if is_glued else []), *lines[end:]]) + "\n"


def _quoted(value: str) -> str:
    from json import dumps

    return dumps(value, ensure_ascii=False)  # of a text without control characters, a basic string of TOML


def _write(path: Path, text: str) -> None:
    """Replace the file whole."""
    try:
        with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(file.name).replace(path)
    except OSError as error:
        raise UnwritableSettings(path=str(path), reason=error.strerror or str(error)) from error


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
