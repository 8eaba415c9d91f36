"""
The roster: which plugins take part, and which were turned away.

Used by ``Plugins`` alone. A plugin that fails to import, was written for another plait, implements a hook that
does not exist, or raises from a hook is *quarantined*: it leaves the roster, with one line of warning that says
what to do. In strict mode, and when settings rely on the plugin, that is fatal instead.
"""

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, TypeVar

import attrs
import pluggy

from plait_core import hookspecs
from plait_core.errors.plugins import PluginClash, PluginRejected
from plait_core.ir.shapes import Shape
from plait_core.plugins.discovery import Found
from plait_core.ports.specs import SettingsSpec

_Spec = TypeVar("_Spec")
_FATAL = "plait_policies"
"""A rule that cannot be loaded must not be skipped."""

OLDEST_PLUGIN_API = 1
"""The oldest ``PLAIT_PLUGIN_API`` that is still understood."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Member(Shape):
    """A plugin that takes part: where it was found, its hooks, and what importing them took."""

    found: Found
    hooks: object = attrs.field(repr=False)
    import_s: float


class Roster:
    """The members, by name; ``rejected`` were quarantined, ``left_out`` are installed and not wanted."""

    def __init__(self, *, is_fatal: Callable[[str], bool]) -> None:
        self.members: dict[str, Member] = {}
        self.rejected: list[PluginRejected] = []
        self.left_out: list[Found] = []
        self._is_fatal = is_fatal
        self._manager = pluggy.PluginManager("plait")
        self._manager.add_hookspecs(hookspecs)

    def leave_out(self, found: Found) -> None:
        """Remember an installed plugin that is not to be imported."""
        self.left_out.append(found)

    def admit(self, found: Found) -> None:
        """Import the hooks of an installed plugin and register them."""
        self._claim(found)
        started = time.perf_counter()
        try:
            hooks = importlib.import_module(found.module)
        except Exception as problem:  # noqa: BLE001  # importing runs other people's code
            self.reject(found, f"importing {found.module} raised {_text(problem)}", cause=problem)
            return
        self.register(found, hooks, import_s=time.perf_counter() - started)

    def register(self, found: Found, hooks: object, *, import_s: float = 0.0) -> None:
        """Take in a plugin whose hooks are at hand, provided that they fit. Raises ``PluginClash`` when its name is taken."""
        self._claim(found)
        if misfit := _misfit(hooks):
            self.reject(found, *misfit)
            return
        try:
            self._manager.register(hooks, name=found.name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as problem:
            self._manager.unregister(name=found.name)
            self.reject(found, " ".join(str(problem).split()), cause=problem)
            return
        self.members[found.name] = Member(found=found, hooks=hooks, import_s=import_s)

    def _claim(self, found: Found) -> None:
        if (same := self.members.get(found.name)) is not None:
            distributions = (same.found.distribution, found.distribution)
            raise PluginClash(what="plugin", name=found.name, distributions=distributions, plugins=(found.name,) * 2)

    def reject(
        self, found: Found, reason: str, advice: str = "", *, cause: Exception | None = None, must: bool = False
    ) -> None:
        """
        Quarantine a plugin.

        Raises:
            PluginRejected: strict mode, settings rely on the plugin, or plait *must* not do without it.
        """
        if not advice:
            advice = f"upgrade or repair {found.distribution}, or leave it out with `-p no:{found.name}`"
        error = PluginRejected(distribution=found.distribution, plugin=found.name, reason=reason, advice=advice)
        if must or self._is_fatal(found.name):
            raise error from cause
        self.rejected.append(error)
        if self.members.pop(found.name, None) is not None:
            self._manager.unregister(name=found.name)
        _warn(f"{error.problem}; {error.remedy}")

    def answers(self, hook: str, kind: type[_Spec]) -> Iterator[tuple[Member, Sequence[_Spec]]]:
        """Call *hook* of every member and yield the descriptors of each; a bad answer quarantines."""
        for member, implementation in self.implementations(hook):
            try:
                answer = implementation()
            except Exception as problem:  # noqa: BLE001  # hooks are other people's code
                self.reject(member.found, f"{hook} raised {_text(problem)}", cause=problem, must=hook == _FATAL)
                continue
            if isinstance(answer, list | tuple) and all(isinstance(spec, kind) for spec in answer):
                yield member, answer
            else:
                reason = f"{hook} has to return a list or tuple of {kind.__name__}, and returned {answer!r}"
                self.reject(member.found, reason, must=hook == _FATAL)

    def settings_class(self, name: str) -> type[Any] | None:
        """Return the class of the settings of member *name*, if it has one; a bad answer quarantines."""
        member = self.members[name]
        implementation = dict(self._implementations("plait_settings")).get(name)
        try:
            spec = implementation() if implementation is not None else None
            return None if spec is None else _settings_class(spec)
        except Exception as problem:  # noqa: BLE001  # hooks are other people's code
            self.reject(member.found, f"plait_settings raised {_text(problem)}", cause=problem)
            return None

    def implementations(self, hook: str) -> Sequence[tuple[Member, Callable[..., Any]]]:
        """Return implementations of *hook* in order of registration; each takes the arguments of the spec by keyword."""
        return [(self.members[name], implementation) for name, implementation in self._implementations(hook)]

    def _implementations(self, hook: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        for found in getattr(self._manager.hook, hook).get_hookimpls():
            yield found.plugin_name, _by_keyword(found.function, found.argnames)


def _by_keyword(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """Let *function* be called with every argument of the spec, though it takes only those in *names*."""
    return lambda **arguments: function(*(arguments[name] for name in names))


def _settings_class(spec: SettingsSpec) -> type[Any]:
    module, _, attribute = spec.factory.partition(":")
    found: type[Any] = getattr(importlib.import_module(module), attribute)
    return found


def _misfit(hooks: object) -> tuple[str, str] | None:
    """Say why *hooks* were written for another plait, and what to do."""
    wanted = getattr(hooks, "PLAIT_PLUGIN_API", OLDEST_PLUGIN_API)
    if wanted > hookspecs.PLUGIN_API:
        return f"it needs plugin API {wanted}, and this plait has {hookspecs.PLUGIN_API}", "upgrade plait-core"
    if wanted < OLDEST_PLUGIN_API:
        return f"it was written for plugin API {wanted}, and this plait reads {OLDEST_PLUGIN_API} and later", ""
    return None


def found_of(hooks: object) -> Found:
    """Describe hooks that were handed over rather than installed."""
    name = hooks.__name__ if isinstance(hooks, ModuleType | type) else type(hooks).__name__
    return Found(name=name, module=name, distribution=f"the caller’s {name}", version="")


def _text(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}".splitlines()[0]


def _warn(line: str) -> None:
    """Log one line; logging prints warnings to stderr bare when the process did not configure it."""
    import logging

    logging.getLogger("plait.plugins").warning("%s", line)
