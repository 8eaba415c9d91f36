"""
Caching: under which version the outputs of a task are reused.

A version may be given; ``"auto"``, which is also what True means without one, versions a task by its code: reformatting and
comments change nothing, anything else does. A task without a function is versioned by what its kind is told.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from inspect import getsource
from json import dumps
from textwrap import dedent
from types import CodeType
from typing import Any, Protocol

import attrs

from plait_core.errors.authoring import InvalidOption
from plait_core.ir.tasks import CachePolicy


class VersionPolicy(Protocol):
    """Works out a version from what a task is; several are combined."""

    def get_version(self, salt: str, task: Any) -> str:
        """Return text that changes when outputs of *task*, a ``Task``, must no longer be reused."""
        ...


@attrs.frozen(kw_only=True)
class Cache:
    """
    How outputs are reused.

    Args:
        version: A version of your own; empty lets *policies*, or the code, decide.
        serialize: Whether equal calls that run at the same time wait for the first.
        ignored_inputs: Inputs that do not matter for reuse.
        salt: Mixed into versions that are worked out, to start afresh.
        policies: What works the version out, instead of the code.
    """

    version: str = ""
    serialize: bool = False
    ignored_inputs: Sequence[str] = ()
    salt: str = ""
    policies: Sequence[VersionPolicy] = ()


def settled(declaration: str, asked: bool | str | Cache, legacy: Mapping[str, Any], task: Any) -> CachePolicy:
    """
    Make the policy of *task* of what was *asked* and the older spellings beside it.

    Raises:
        InvalidOption: both spellings are mixed, caching is off, or an ignored input does not exist.
    """
    cache = asked if isinstance(asked, Cache) else _from_arguments(declaration, asked, legacy)
    if isinstance(asked, Cache) and any(legacy.get(option) for option in _LEGACY):
        raise _invalid(declaration, "cache", "is a Cache and has arguments beside it", "put them into Cache(...)")
    if not isinstance(cache.version, str):
        raise _invalid(declaration, "cache version", f"is {cache.version!r}", f'give a text, as in "{cache.version}"')
    if unknown := set(cache.ignored_inputs) - task.python_interface.inputs.keys():
        raise _invalid(declaration, "ignored inputs", f"name {', '.join(sorted(unknown))}", "name inputs of the task")
    return CachePolicy(
        version=cache.version or _worked_out(cache, task),
        serializable=cache.serialize,
        ignored_inputs=tuple(cache.ignored_inputs),
    )


def code_version(function: Any, salt: str = "") -> str:
    """Digest the code of *function*, without its decorators, comments, docstring and layout."""
    try:
        tree = ast.parse(dedent(getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        return _digest(salt, *_parts(function.__code__))
    if isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef)):
        tree.decorator_list = []
        if ast.get_docstring(tree) is not None:
            tree.body = tree.body[1:]
    return _digest(salt, ast.dump(tree))


def _parts(code: CodeType) -> Iterator[str]:
    """Read what a function without source does, with the functions inside it."""
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        else:
            yield repr(constant)


def _from_arguments(declaration: str, asked: object, legacy: Mapping[str, Any]) -> Cache:
    if asked not in (True, "auto"):
        raise _invalid(
            declaration,
            "cache_serialize"
            if legacy.get("cache_serialize")
            else "cache_ignore_input_vars"
            if asked is False
            else "cache",
            "is given without cache=True" if asked is False else f"is {asked!r}",
            'give cache=True, cache="auto" or cache=Cache(...)',
        )
    return Cache(
        version=legacy.get("cache_version", "") if asked is True else "",
        serialize=legacy.get("cache_serialize", False),
        ignored_inputs=legacy.get("cache_ignore_input_vars", ()),
    )


def _worked_out(cache: Cache, task: Any) -> str:
    if cache.policies:
        return _digest(*(policy.get_version(cache.salt, task) for policy in cache.policies))
    if (function := getattr(task, "signature", None)) is not None:
        return code_version(function, cache.salt)
    if task.custom:
        return _digest(cache.salt, dumps(dict(task.custom), sort_keys=True))
    raise _invalid(
        task.name, "cache", "has no version, and there is no function to take one from", 'give cache_version="..."'
    )


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _invalid(declaration: str, option: str, detail: str, expected: str) -> InvalidOption:
    return InvalidOption(declaration=declaration, option=option, detail=detail, expected=expected)


_LEGACY = ("cache_version", "cache_serialize", "cache_ignore_input_vars")
