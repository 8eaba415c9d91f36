"""
Plugins that look installed: a folder with metadata and a module each, put on ``sys.path``.
"""

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
        metadata = self.folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "entry_points.txt").write_text(f"[console_scripts]\nx = y:z\n\n[plait]\n{name} = {module}\n")
        imports = "from plait_core.hookspecs import hookimpl\nfrom plait_core.ports.specs import *\n"
        (self.folder / f"{module}.py").write_text(imports + dedent(hooks))

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
    yield site
    for module in set(sys.modules) - before:
        if (getattr(sys.modules[module], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[module]
