"""
Calls outside of workflows: who runs them.

Importing ``plait`` installs the embedded engine here; core itself has no opinion.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

LocalRunner: TypeAlias = Callable[[Any, Sequence[Any], Mapping[str, Any]], Any]
"""Runs (entity, positional arguments, keyword arguments) to its end and returns native values."""


def _nobody(entity: Any, _args: Sequence[Any], _kwargs: Mapping[str, Any]) -> Any:
    from plait_core.errors.authoring import NoLocalRunner

    raise NoLocalRunner(entity=entity.name)


def _at_import(entity: Any, _args: Sequence[Any], _kwargs: Mapping[str, Any]) -> Any:
    from plait_core.errors.authoring import CalledAtImport

    raise CalledAtImport(entity=entity.name)


_runner: LocalRunner = _nobody
_is_importing = False


def install_local_runner(runner: LocalRunner) -> None:
    """Let *runner* run what is called outside of workflows and tasks, from now on."""
    global _runner  # noqa: PLW0603  # one engine per process, named once by the SDK
    _runner = runner


def local_runner(entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run *entity* to its end and return what its Python interface declares."""
    __tracebackhide__ = True  # pytest leaves this frame out
    return (_at_import if _is_importing else _runner)(entity, args, kwargs)


@contextmanager
def importing() -> Iterator[None]:
    """Refuse calls meanwhile: the runs of a module that a worker imports would need workers that import it, without end."""
    global _is_importing  # noqa: PLW0603  # as the runner
    before, _is_importing = _is_importing, True
    try:
        yield
    finally:
        _is_importing = before
