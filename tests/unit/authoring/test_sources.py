"""Where entities are found again, and by which name."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from plait_core.authoring.interfaces import PythonInput, PythonInterface
from plait_core.authoring.sources import module_name
from plait_core.authoring.tasks import Task


class Query(Task[..., Any]):
    """A declaration as plugins make them: no function, a constructor of its own."""

    def __init__(self, name: str, statement: str) -> None:
        super().__init__(
            name=name,
            type="query",
            interface=PythonInterface({"n": PythonInput(int)}, {"rows": int}),
            custom={"statement": statement},
        )


COUNT = Query("count", "select count(*)")


def test_task_without_a_function_is_found_by_the_variable_that_holds_it() -> None:
    """In the module that made it, not in the plugin's."""
    template = COUNT.template

    assert (template.location, template.type, template.custom) == (
        f"{__name__}:COUNT",
        "query",
        {"statement": "select count(*)"},
    )


def test_task_that_no_variable_holds_has_no_location() -> None:
    """Kinds that need no Python do not miss it."""
    assert Query("other", "select 1").location == ""


def test_main_module_is_named_after_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As other processes import it: from the first folder that is no package."""
    package = tmp_path / "project" / "jobs"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    main = ModuleType("__main__")
    main.__file__ = str(package / "daily.py")
    monkeypatch.setitem(sys.modules, "__main__", main)

    assert module_name("__main__") == "project.jobs.daily"
    assert module_name("other.module") == "other.module"
