"""Secret providers: values by (group, key, version)."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import attrs

from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import SecretRequest


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PodInjection(Shape):
    """How a pod receives a secret without us reading it: annotations for a webhook, or a reference for the pod spec."""

    annotations: tuple[tuple[str, str], ...] = ()
    kubernetes_secret: str = ""


class SecretProvider(Protocol):
    """A place secrets live. Asked in the order settings list; the first that has it wins."""

    async def resolve(self, request: SecretRequest) -> str | None:
        """
        Return the value, or ``None`` if this provider has no such secret.

        Raises ``SecretDenied`` when it exists and may not be read, ``Retryable`` when the provider is unreachable.
        """
        ...

    def places(self, request: SecretRequest) -> tuple[str, ...]:
        """Name where it looks, for the message that a secret was not found: ``environment variable X``, ``file /y``."""
        ...

    def injection(self, request: SecretRequest) -> PodInjection | None:
        """Say how the platform can hand the secret to a pod, or ``None`` if it cannot."""
        ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SecretAnswer(Shape):
    """What all providers together said: the value, or ``None`` with every place where they looked."""

    value: str | None = attrs.field(repr=False)
    places: tuple[str, ...] = ()


AskSecret: TypeAlias = Callable[[SecretRequest], Awaitable[SecretAnswer]]
"""Looks a secret up on behalf of a task: at the providers, or over the line to somebody who can ask them."""
