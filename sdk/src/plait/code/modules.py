"""
The user's module: found by path or by name, and imported the way a worker process will import it.

The project root of a file is its first ancestor without ``__init__.py``. It is put on the import path, for workers too,
and the file is imported under its real dotted name, so that tasks are found again wherever they run.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from plait.code.errors import ImportFailed, NameTaken, NothingThere, TracingFailed
from plait_core.errors import PlaitError

if TYPE_CHECKING:
    from plait_core.authoring.entities import Entity
    from plait_core.authoring.tracing import Traced

_UNUSED = {"test"}
"""Modules of Python that nobody imports, so that a file of the name does no harm."""


def load_module(target: str) -> ModuleType:
    """
    Import the file or module *target*.

    Raises:
        NothingThere: there is no such file or module.
        NameTaken: another module has the file's name.
        ImportFailed: its code raises; what it raised is the cause.
    """
    path = Path(target)
    if path.suffix == ".py" or path.is_file():
        return _load_file(target, path)
    _put_on_path(Path.cwd())
    name = target.rstrip("/").replace("/", ".") if path.is_dir() else target
    return _import(target, name)


def source_files() -> list[str]:
    """List the Python files of the working directory that may declare something."""
    return sorted(path.name for path in Path.cwd().glob("*.py") if path.name != "__init__.py")


def _load_file(target: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise NothingThere(target=target)
    path = path.resolve()
    root, name = _place(path)
    if name in sys.stdlib_module_names - _UNUSED:
        raise NameTaken(path=target, module=name, taken_by="a module of Python itself")
    _put_on_path(root)
    module = _import(target, name)
    if not path.samefile(str(module.__file__)):
        raise NameTaken(path=target, module=name, taken_by=str(module.__file__))
    return module


def _place(path: Path) -> tuple[Path, str]:
    """Return the project root of the file at *path*, and its module's name."""
    names = [] if path.stem == "__init__" else [path.stem]
    root = path.parent
    while (root / "__init__.py").exists():
        names.insert(0, root.name)
        root = root.parent
    return root, ".".join(names)


def _put_on_path(root: Path) -> None:
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
        inherited = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(root), inherited] if inherited else [str(root)])


def _import(target: str, name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise NothingThere(target=target) from None
        raise _failed(target, error) from error
    except (Exception, SystemExit) as error:
        raise _failed(target, error) from error


def traced(entity: "Entity[Any, Any]") -> "Traced":
    """
    Return the graph of an entity; it is recorded once per process.

    Raises:
        TracingFailed: the body of a workflow raises something that is none of our errors; that is the cause.
    """
    from plait_core.authoring.tracing import trace

    try:
        return trace(entity)
    except PlaitError:
        raise
    except Exception as error:
        raise TracingFailed(entity=entity.name, reason=f"{type(error).__name__}: {error}") from error


def _failed(target: str, error: BaseException) -> ImportFailed:
    return ImportFailed(target=target, reason=f"{type(error).__name__} was raised")
