"""
Every plugin has the same anatomy (docs/style.md, 6) and costs next to nothing until it is used.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.layout import PLUGINS, ROOT

FREE_TO_IMPORT = {*sys.stdlib_module_names, "attr", "attrs", "pluggy", "plait_core"}
"""What a `hooks.py` may load besides its own package; plait has loaded it before any plugin."""

COSTLY = {
    "asyncio",
    "cattrs",
    "email",
    "http",
    "importlib.metadata",
    "msgpack",
    "multiprocessing",
    "sqlite3",
    "urllib.request",
}
"""What it may not load, from the standard library or from what core depends on."""

LOADED_BY_HOOKS = """
import json, sys
import plait_core.hookspecs
before = set(sys.modules)
__import__(sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - before)))
"""

every_plugin = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)


def project_of(plugin: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((plugin / "pyproject.toml").read_text())["project"]
    return project


@every_plugin
def test_plugin_has_every_part(plugin: Path) -> None:
    """The files that a reader of one plugin expects are in all of them."""
    package = f"src/plait_{plugin.name}"
    expected = ["README.md", f"{package}/__init__.py", f"{package}/hooks.py", f"{package}/py.typed"]

    missing = [part for part in expected if not (plugin / part).is_file()]

    assert missing == []


@every_plugin
def test_plugin_is_found_through_its_entry_point(plugin: Path) -> None:
    """Distribution, entry point and package carry the folder's name."""
    project = project_of(plugin)

    assert project["name"] == f"plait-{plugin.name.replace('_', '-')}"
    assert project["entry-points"] == {"plait": {plugin.name: f"plait_{plugin.name}.hooks"}}


@every_plugin
def test_plugin_is_known_to_the_tools(plugin: Path) -> None:
    """mypy finds its sources, and the import contracts bind it."""
    package = f"plait_{plugin.name}"
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    siblings, _core_flow, acyclic, *_ = tools["importlinter"]["contracts"]

    assert f"$MYPY_CONFIG_FILE_DIR/plugins/{plugin.name}/src" in tools["mypy"]["mypy_path"]
    assert package in tools["importlinter"]["root_packages"]
    assert package in siblings["layers"][0].split(" | ")
    assert package in acyclic["ancestors"]


@every_plugin
def test_plugin_readme_answers_the_same_questions(plugin: Path) -> None:
    """What it adds, its settings, an example, and what to do when it fails."""
    lines = (plugin / "README.md").read_text().splitlines()

    headings = [line for line in lines if line.startswith("## ")]

    assert headings == ["## What it adds", "## Settings", "## Example", "## Failures and remedies"]


@every_plugin
def test_importing_hooks_loads_nothing_heavy(plugin: Path) -> None:
    """Start-up imports the hooks of every installed plugin, so they load no vendor package and nothing slow."""
    package = f"plait_{plugin.name}"
    command = [sys.executable, "-W", "error", "-c", LOADED_BY_HOOKS, f"{package}.hooks"]

    loaded = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    foreign = [module for module in loaded if module.split(".")[0] not in {*FREE_TO_IMPORT, package}]
    assert foreign == []
    assert COSTLY.intersection(loaded) == set()
