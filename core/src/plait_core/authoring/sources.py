"""
Where things are written: the line of a call, and the place where a worker finds an entity again.

A mark is two references and costs no lookup; lines are read from it once the whole graph is known, because
finding one line in a long function takes as long as finding all of them.
"""

import sys
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeAlias

from plait_core.ir.workflows import SourceLine

Mark: TypeAlias = tuple[CodeType, int]
"""A place in the user's code: its code object and the offset of the instruction."""

_OURS = __file__.removesuffix("sources.py")


def here() -> Mark:
    """Mark the innermost place outside of this package."""
    frame = _user_frame()
    return frame.f_code, frame.f_lasti


def line_of(mark: Mark) -> SourceLine:
    """Read file and line from *mark*."""
    code, offset = mark
    starts, lines = _line_table(code)
    return SourceLine(file=code.co_filename, line=lines[bisect_right(starts, offset) - 1])


def declaration() -> tuple[Mark, str]:
    """Mark the call that declares something, and name its module, past the constructors of declarations that plugins make."""
    frame = _user_frame()
    while frame.f_code.co_name == "__init__" and frame.f_back:
        frame = frame.f_back
    return (frame.f_code, frame.f_lasti), str(frame.f_globals.get("__name__", "__main__"))


def module_name(module: str) -> str:
    """Give *module* the name by which other processes import it: ``__main__`` is named after its file."""
    if module != "__main__":
        return module
    file = getattr(sys.modules["__main__"], "__file__", None)
    if file is None:
        return module
    path = Path(file).resolve()
    parts = [path.stem]
    for folder in path.parents:
        if not (folder / "__init__.py").exists():
            break
        parts.insert(0, folder.name)
    return ".".join(parts)


def function_name(function: Callable[..., Any]) -> str:
    """Name an entity after its function: module path and name."""
    return f"{module_name(function.__module__)}.{function.__name__}"


def function_location(function: Callable[..., Any]) -> str:
    """Say where a worker finds *function*: ``module:qualified.name``."""
    return f"{module_name(function.__module__)}:{function.__qualname__}"


def variable_location(value: object, module: str) -> str:
    """Say where a worker finds *value*, by the variable of *module* that holds it; empty when there is none."""
    variables = vars(sys.modules[module]) if module in sys.modules else {}
    name = next((name for name, held in variables.items() if held is value), "")
    return f"{module_name(module)}:{name}" if name else ""


def is_nested(function: Callable[..., Any]) -> bool:
    """Whether *function* lives inside another one, in a module that is not a test."""
    module = function.__module__.rpartition(".")[2]
    return "<locals>" in function.__qualname__ and not module.startswith("test_") and not module.endswith("_test")


def _user_frame() -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame


@lru_cache(maxsize=256)
def _line_table(code: CodeType) -> tuple[list[int], list[int]]:
    spans = [(start, line) for start, _, line in code.co_lines() if line is not None]
    return [start for start, _ in spans], [line for _, line in spans]
