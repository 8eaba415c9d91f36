"""
The base classes of every error plait raises.

Fields are plain annotations; ``dataclass_transform`` lets type checkers see the keyword-only
signature. attrs would do the same, at a cost per class that start-up cannot afford for classes
that are almost never instantiated.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

_Error = TypeVar("_Error", bound="PlaitError")


@dataclass_transform(kw_only_default=True)
class PlaitError(Exception):
    """Something went wrong; ``problem`` says what, ``remedy`` says what to do about it."""

    fields: ClassVar[tuple[str, ...]] = ()
    """Names of the constructor's keyword arguments, in order of declaration."""

    def __init_subclass__(cls) -> None:
        """Collect the fields that the class body annotates, after those of its bases."""
        own = (name for name, kind in cls.__dict__.get("__annotations__", {}).items() if "ClassVar" not in str(kind))
        cls.fields = tuple(dict.fromkeys((*cls.fields, *own)))

    def __init__(self, **values: object) -> None:
        """Set every field from *values* or its default."""
        unknown = values.keys() - set(self.fields)
        missing = [name for name in self.fields if name not in values and not hasattr(type(self), name)]
        if unknown or missing:
            wrong = ", ".join(
                [*(f"unknown {name!r}" for name in sorted(unknown)), *(f"missing {n!r}" for n in missing)]
            )
            message = f"{type(self).__name__}: {wrong}"
            raise TypeError(message)
        super().__init__()
        for name, value in values.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Callable[[type[Self], dict[str, Any]], Self], tuple[type[Self], dict[str, Any]]]:
        """Rebuild from fields, because keyword-only exceptions do not pickle by themselves."""
        return _rebuild, (type(self), {name: getattr(self, name) for name in self.fields})

    @property
    def problem(self) -> str:
        """What happened, with the values involved."""
        raise NotImplementedError

    @property
    def remedy(self) -> str:
        """What the reader can do about it."""
        raise NotImplementedError

    def __str__(self) -> str:
        """Render the problem, and the remedy on a line of its own."""
        return f"{self.problem}\n  → {self.remedy}"


class UserError(PlaitError):
    """The user's code, input or settings are at fault; the same call fails again until they change."""


class Retryable(PlaitError):
    """The world is at fault; the same call may succeed after ``delay_s`` seconds."""

    delay_s: float = 1.0


class PluginError(PlaitError):
    """A plugin broke its promise; ``distribution`` is the package to look at."""

    distribution: str


class InternalError(PlaitError):
    """plait is at fault."""

    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"plait reached a state that it believed impossible: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "report this with the execution's id; `plait explain EXECUTION --json` holds what we need"


class RecoverableError(Exception):
    """Raised by a task to say: try me again, even where the retry policy is narrowed to other classes."""


class NonRecoverableError(Exception):
    """Raised by a task to say: trying again is pointless, whatever ``retries`` says."""


def _rebuild(cls: type[_Error], values: dict[str, Any]) -> _Error:
    return cls(**values)
