"""Retries, where a number does not say enough: which exceptions, and after what delay."""

from collections.abc import Sequence
from datetime import timedelta

import attrs

from plait_core.authoring.durations import nanoseconds
from plait_core.errors.authoring import InvalidOption
from plait_core.ir.tasks import RetryPolicy


def _classes(given: Sequence[type[BaseException]]) -> tuple[type[BaseException], ...]:
    return tuple(given)


@attrs.frozen(kw_only=True)
class Backoff:
    """The delay before retry *k* (from 1): ``base * factor**(k-1)``, at most ``cap``."""

    base: timedelta
    factor: float = 2.0
    cap: timedelta | None = None

    def __attrs_post_init__(self) -> None:
        if self.base < timedelta() or self.factor < 1 or (self.cap is not None and self.cap < self.base):
            raise InvalidOption(
                declaration="Backoff",
                option="base, factor or cap",
                detail=f"is out of range: {self}",
                expected="give base >= 0, factor >= 1 and cap >= base",
            )


@attrs.frozen
class Retry:
    """
    How failed attempts are tried again.

    Args:
        retries: Further attempts, from 0 up.
        on: Exceptions that are worth it, with their subclasses; empty means any.
        backoff: The delay between attempts; a timedelta is the same delay every time, ``None`` means at once.
        grow_on_oom: Whether a retry after running out of memory asks for more of it.
    """

    retries: int
    on: Sequence[type[BaseException]] = attrs.field(default=(), converter=_classes, kw_only=True)
    backoff: Backoff | timedelta | None = attrs.field(default=None, kw_only=True)
    grow_on_oom: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        given: Sequence[object] = self.on
        strange = [kind for kind in given if not (isinstance(kind, type) and issubclass(kind, BaseException))]
        if strange or self.retries < 0:
            raise InvalidOption(
                declaration="Retry",
                option="on" if strange else "retries",
                detail=f"is {strange or self.retries!r}",
                expected="give a number from 0 up, and classes of exceptions",
            )

    def policy(self) -> RetryPolicy:
        """Say it as the task template does."""
        backoff = Backoff(base=self.backoff, factor=1.0) if isinstance(self.backoff, timedelta) else self.backoff
        return RetryPolicy(
            retries=self.retries,
            only_on=tuple(f"{kind.__module__}:{kind.__qualname__}" for kind in self.on),
            backoff_base_ns=nanoseconds(backoff.base) if backoff else 0,
            backoff_factor=backoff.factor if backoff else 2.0,
            backoff_cap_ns=nanoseconds(backoff.cap) if backoff and backoff.cap else None,
            grow_on_oom=self.grow_on_oom,
        )
