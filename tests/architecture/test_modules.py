"""
Modules are named for what they are, say so in their first lines, and keep their private parts (docs/style.md, 1 to 3).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.layout import MODULES, module_name, name_of

SAY_WHERE_NOT_WHAT = {"base", "common", "helpers", "manager", "managers", "misc", "util", "utils"}

every_module = pytest.mark.parametrize("module", MODULES, ids=name_of)


def imports_of(module: Path) -> Iterator[str]:
    """Yield the dotted name of everything that *module* imports, names inside packages included."""
    package = module_name(module).split(".")
    if module.stem != "__init__":
        package = package[:-1]
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def outside(imported: str, importer: str) -> bool:
    """Whether *imported* runs through an underscored module of a package that *importer* is not part of."""
    parts = imported.split(".")
    private = [n for n, part in enumerate(parts) if part.startswith("_") and not part.endswith("__")]
    return any(not f"{importer}.".startswith(".".join(parts[:n]) + ".") for n in private if n > 0)


@every_module
def test_module_is_named_for_what_it_is(module: Path) -> None:
    """No `utils`, whether a module, a package or an underscored one."""
    words = {part.strip("_") for part in module_name(module).split(".")}

    assert words & SAY_WHERE_NOT_WHAT == set()


@every_module
def test_module_says_what_it_is(module: Path) -> None:
    """A reader learns from the first lines what a module is for."""
    assert ast.get_docstring(ast.parse(module.read_text()))


@every_module
def test_private_names_stay_in_their_package(module: Path) -> None:
    """An underscored module or name of `plait*` is imported only within the package that holds it."""
    importer = module_name(module)

    trespassing = [name for name in imports_of(module) if name.startswith("plait") and outside(name, importer)]

    assert trespassing == []


def test_trespassing_is_noticed() -> None:
    """The rule above tells a neighbour from a stranger."""
    assert outside("plait_core.engine._log", "plait_core.worker")
    assert outside("plait_core.errors._tree.UserError", "plait_shell.hooks")
    assert not outside("plait_core.engine._log", "plait_core.engine._shell")
    assert not outside("plait_core.engine._log.append", "plait_core.engine")
    assert not outside("plait_core.ir.literals", "plait_shell.hooks")
