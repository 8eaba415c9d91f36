"""
Discovery: which plugins are installed, without importing any of them.

Called by the loader at every start. A plugin is an entry point of the group ``plait``; its metadata is read
straight from the folders of ``sys.path``, which takes under a millisecond where ``importlib.metadata`` takes
tens. As there, the first distribution of a name on the path hides later ones. Editable installs put the
same files there.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

GROUP = "plait"
_METADATA = (".dist-info", ".egg-info")


class Found(NamedTuple):
    """An installed plugin: the name of its entry point, what that points to, and which distribution brought it."""

    name: str
    module: str
    distribution: str
    version: str


def installed(path: Sequence[str] | None = None) -> tuple[Found, ...]:
    """Return the plugins of all distributions on *path* (``sys.path`` by default), ordered by name."""
    seen: set[str] = set()
    found: list[Found] = []
    for folder in sys.path if path is None else path:
        for distribution, version, text in _distributions(folder or "."):
            if distribution in seen:
                continue
            seen.add(distribution)
            found += _plugins(text, distribution, version)
    return tuple(sorted(found))


def _distributions(folder: str) -> Iterator[tuple[str, str, str]]:
    """Yield (name, version, text of entry_points.txt or ``""``) of each distribution in *folder*, if it is one."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(_METADATA))
    except OSError:
        return
    for entry in entries:
        name, _, version = entry.rpartition(".")[0].partition("-")
        try:
            text = Path(folder, entry, "entry_points.txt").read_text(encoding="utf-8")
        except OSError:
            text = ""
        yield name.lower().replace("_", "-").replace(".", "-"), version.partition("-")[0], text


def _plugins(entry_points: str, distribution: str, version: str) -> Iterator[Found]:
    """Yield what the section ``[plait]`` of an entry_points.txt declares."""
    section = ""
    for line in map(str.strip, entry_points.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and "=" in line and not line.startswith(("#", ";")):
            name, module = (part.strip() for part in line.split("=", 1))
            yield Found(name=name, module=module, distribution=distribution, version=version)
