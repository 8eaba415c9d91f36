"""The names that ``plait`` promises, compared with a stored list: widening it is a visible line in review."""

import ast
import subprocess
import sys
from pathlib import Path

import plait
from tests.architecture.layout import ROOT

PROMISED = Path(__file__).with_name("public_names.txt").read_text().splitlines()


def test_public_names_are_those_that_are_promised() -> None:
    """Add a name here when you add it there; taking one away needs a deprecation first."""
    assert sorted(plait.__all__) == PROMISED


def test_every_public_name_can_be_fetched() -> None:
    """Each is found where it is said to live, and is documented."""
    undocumented = [name for name in PROMISED if not getattr(plait, name).__doc__]

    assert undocumented == []


def test_type_checkers_are_told_the_same_names() -> None:
    """The stub beside the package promises neither more nor less."""
    stub = ast.parse((ROOT / "sdk/src/plait/__init__.pyi").read_text())
    (told,) = [ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign)]
    imports = [alias for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    imported = {alias.asname for alias in imports if alias.asname}

    assert sorted(told) == PROMISED
    assert imported == set(PROMISED)


def test_importing_plait_loads_next_to_nothing() -> None:
    """Neither the IR nor attrs nor asyncio, until a name is used."""
    code = "import sys, plait; print(*sorted(name for name in sys.modules if name.split('.')[0] in {'plait', 'plait_core', 'attr', 'asyncio'}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == ["plait", "plait_core", "plait_core.authoring", "plait_core.authoring.calls"]
