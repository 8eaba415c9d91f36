"""
Calls outside of workflows: who runs them.

Importing ``plait`` installs the embedded engine here; core itself has no opinion.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

LocalRunner: TypeAlias = Callable[[Any, Sequence[Any], Mapping[str, Any]], Any]
"""Runs (entity, positional arguments, keyword arguments) to its end and returns native values."""


def _nobody(entity: Any, _args: Sequence[Any], _kwargs: Mapping[str, Any]) -> Any:
    from plait_core.errors.authoring import NoLocalRunner

    raise NoLocalRunner(entity=entity.name)


_runner: LocalRunner = _nobody


def install_local_runner(runner: LocalRunner) -> None:
    """Let *runner* run what is called outside of workflows and tasks, from now on."""
    global _runner  # noqa: PLW0603  # one engine per process, named once by the SDK
    _runner = runner


def local_runner(entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run *entity* to its end and return what its Python interface declares."""
    __tracebackhide__ = True  # pytest leaves this frame out
    return _runner(entity, args, kwargs)
