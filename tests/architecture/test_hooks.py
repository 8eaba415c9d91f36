"""
Every hook answers the same questions, is shown by an example and met by a test; every port explains its methods.
"""

import ast
import inspect
import re
from pathlib import Path

import pytest

from plait_core import hookspecs
from tests.architecture.layout import ROOT, name_of

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("plait_"))
PORTS = sorted((ROOT / "core/src/plait_core/ports").glob("*.py"))
TESTS = "\n".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))

ANSWERS = ["Called", "Order", "Return", "Raising", "Example"]
ANSWERS_OF_OBSERVERS = ["Called", "Order", "Thread", "Cost", "Return", "Raising", "Example"]

every_hook = pytest.mark.parametrize("hook", HOOKS)


def answers(hook: str) -> dict[str, str]:
    """The paragraphs ``Word: text`` of the docstring of *hook*, in order."""
    text = inspect.getdoc(getattr(hookspecs, hook)) or ""
    return dict(re.findall(r"^([A-Z][a-z]+): (.+)$", text, flags=re.MULTILINE))


@every_hook
def test_hook_answers_every_question(hook: str) -> None:
    """A writer of plugins learns when a hook is called, what it returns and what raising does; observers learn more."""
    expected = ANSWERS_OF_OBSERVERS if hook.startswith("plait_on_") else ANSWERS

    assert sorted(answers(hook)) == sorted(expected)


@every_hook
def test_hook_is_shown_by_its_example(hook: str) -> None:
    """The example is a file of the repository that implements this very hook."""
    example = ROOT / answers(hook)["Example"]
    implements_it = f"def {hook}(" in example.read_text()

    assert implements_it


@every_hook
def test_hook_is_met_by_a_test(hook: str) -> None:
    """Some test names the hook."""
    is_met = hook in TESTS

    assert is_met


@pytest.mark.parametrize("module", PORTS, ids=name_of)
def test_port_explains_its_methods(module: Path) -> None:
    """Each public method of a Protocol says what it awaits, raises or leaves behind; a property's type says enough."""
    classes = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ClassDef)]
    ports = [node for node in classes if "Protocol" in {ast.unparse(base).split("[")[0] for base in node.bases}]
    methods = [
        (port.name, method)
        for port in ports
        for method in port.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        and not method.name.startswith("_")
        and "property" not in map(ast.unparse, method.decorator_list)
    ]

    unexplained = [f"{port}.{method.name}" for port, method in methods if not ast.get_docstring(method)]

    assert unexplained == []
