"""
New plugins are whole: they load, they pass their check, and nothing is written over.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from plait_core.errors.plugins import PluginFolderInUse, PluginNameUnfit, UnknownOffer
from plait_core.plugins.scaffold import KINDS, scaffold
from plait_core.testing.plugin_check import check_plugin
from tests.environments import environment, install, wheel
from tests.unit.plugins.installing import SitePackages

ROOT = Path(__file__).parents[3]


def test_every_part_is_written_under_its_own_name(tmp_path: Path) -> None:
    """The anatomy is that of every plugin, and no placeholder is left."""
    written = scaffold("full-moon", kind="schedule", folder=tmp_path / "new")

    assert [path.relative_to(tmp_path / "new").as_posix() for path in written] == [
        "README.md",
        "pyproject.toml",
        "src/plait_full_moon/__init__.py",
        "src/plait_full_moon/conformance.py",
        "src/plait_full_moon/hooks.py",
        "src/plait_full_moon/py.typed",
        "src/plait_full_moon/schedule.py",
        "tests/test_conformance.py",
    ]
    texts = "".join(path.read_text() for path in written)
    assert "{{" not in texts
    assert 'full_moon = "plait_full_moon.hooks"' in texts
    assert "class FullMoonSchedule" in texts


@pytest.mark.parametrize("kind", KINDS)
def test_new_plugin_passes_its_check(site: SitePackages, tmp_path: Path, kind: str) -> None:
    """Before its author has written a line, every kind loads, is light, and is proved by its suite."""
    name = f"fresh_{kind.replace('-', '_')}"
    written = scaffold(name, kind=kind, folder=tmp_path / "new")
    site.adopt(name, tmp_path / "new/src")

    checks = check_plugin(site.load(), name)

    assert len(set(written)) == len(written)
    assert [(check.name, check.detail) for check in checks if not check.is_ok] == []
    assert re.search(r"\d+ passed", checks[-1].detail)


@pytest.mark.parametrize("name", ["", "Moon", "3moons", "full moon", "moon-", "../moon", "moon.base"])
def test_name_that_fits_no_package_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written."""
    with pytest.raises(PluginNameUnfit):
        scaffold(name, kind="schedule", folder=tmp_path / "new")

    assert list(tmp_path.iterdir()) == []


def test_kind_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """The remedy lists the kinds there are."""
    with pytest.raises(UnknownOffer, match="schedule"):
        scaffold("moon", kind="planet", folder=tmp_path / "new")


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """A second `plugins new` does not undo a day's work."""
    (tmp_path / "README.md").write_text("mine")

    with pytest.raises(PluginFolderInUse):
        scaffold("moon", kind="schedule", folder=tmp_path)

    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """Everything that `pip install plait` brings of this repository, built as it would be published."""
    folder = tmp_path_factory.mktemp("wheels")
    sources = [ROOT / "core", ROOT / "sdk", *(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))]
    return [wheel(source, folder) for source in sources]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_wheel_of_a_new_plugin_passes_its_check_in_a_clean_environment(
    tmp_path: Path, kind: str, wheels: Sequence[Path]
) -> None:
    """Outside the repository, installed as users install it, with nothing of this checkout on the path."""
    plait = str(environment(tmp_path / "venv", *wheels, "pytest") / "plait")

    subprocess.run([plait, "plugins", "new", "--kind", kind, "moon"], check=True, cwd=tmp_path)
    install(tmp_path / "venv", wheel(tmp_path / "plait-moon", tmp_path / "new"))
    checked = subprocess.run(
        [plait, "plugins", "check", "moon"], check=False, cwd=tmp_path, capture_output=True, text=True
    )

    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    assert "✔ passes conformance" in checked.stdout
