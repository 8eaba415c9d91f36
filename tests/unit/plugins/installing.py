"""
Plugins that look installed: a folder with metadata and a module each, put on ``sys.path``.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from plait_core.plugins import Plugins, Settings
from plait_core.plugins.discovery import installed


class SitePackages:
    """A folder on ``sys.path`` to install made-up plugins into; what is really installed is left out of ``load``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.others = [found.name for found in installed()]

    def install(self, name: str, hooks: str, *, distribution: str = "", module: str = "") -> None:
        """Install plugin *name* whose hooks module has the source *hooks*."""
        distribution = distribution or f"acme-{name}"
        module = module or f"{distribution.replace('-', '_')}_hooks"
        entry_points = f"[console_scripts]\nx = y:z\n\n[plait]\n{name} = {module}\n"
        self.write(f"{distribution.replace('-', '_')}-1.0.dist-info/entry_points.txt", entry_points)
        imports = "from plait_core.hookspecs import hookimpl\nfrom plait_core.ports.specs import *\n"
        self.write(f"{module.replace('.', '/')}.py", imports + dedent(hooks))

    def write(self, path: str, text: str) -> None:
        """Write a file of the folder."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def adopt(self, name: str, sources: Path) -> None:
        """Install plugin *name* of the scaffold, whose package is in the folder *sources*."""
        shutil.copytree(sources, self.folder, dirs_exist_ok=True)
        self.write(f"plait_{name}-0.1.0.dist-info/entry_points.txt", f"[plait]\n{name} = plait_{name}.hooks\n")

    def load(self, settings: Settings | None = None, *, disabled: tuple[str, ...] = (), **options: Any) -> Plugins:
        """Load what was installed here, and nothing else."""
        return Plugins.load(settings or Settings(), disabled=[*self.others, *disabled], **options)


@pytest.fixture(name="site")
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SitePackages]:
    """A folder for made-up plugins, forgotten with all that was imported from it."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    site = SitePackages(folder)
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
    yield site
    for module in set(sys.modules) - before:
        if (getattr(sys.modules[module], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[module]
