"""The suite for secret providers passes a sound one, and catches those that are broken."""

from pathlib import Path
from typing import Any

import pytest

from plait_core.ir.tasks import SecretRequest
from plait_core.ports.secrets import PodInjection, SecretProvider
from plait_core.testing.secrets import HELD, Held
from plait_core.testing.secrets import SecretProviderConformance as Suite


class DictSecrets:
    """Secrets in a dict."""

    def __init__(self, held: Held) -> None:
        self.held = held

    async def resolve(self, request: SecretRequest) -> str | None:
        return self.held.get((request.group, request.key))

    def places(self, request: SecretRequest) -> tuple[str, ...]:
        return (f"entry {request.group}/{request.key}",)

    def injection(self, request: SecretRequest) -> PodInjection | None:
        return PodInjection(kubernetes_secret=request.group)


class TestDict(Suite):
    def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        return DictSecrets(held)


class ForgetsGroups(DictSecrets):
    async def resolve(self, request: SecretRequest) -> str | None:
        return next((value for (_, key), value in reversed(list(self.held.items())) if key == request.key), None)


class RaisesForTheAbsent(DictSecrets):
    async def resolve(self, request: SecretRequest) -> str | None:
        return self.held[request.group, request.key]


class AnswersOnce(DictSecrets):
    async def resolve(self, request: SecretRequest) -> str | None:
        held = self.held = dict(self.held)
        return held.pop((request.group, request.key), None)


class TellsValues(DictSecrets):
    def places(self, request: SecretRequest) -> tuple[str, ...]:
        return (f"{request.key} (now {self.held.get((request.group, request.key))})",)


class LooksSomewhere(DictSecrets):
    def places(self, request: SecretRequest) -> tuple[str, ...]:
        return ("the dict",)


class InjectsValues(DictSecrets):
    def injection(self, request: SecretRequest) -> PodInjection | None:
        return PodInjection(annotations=(("secret", self.held[request.group, request.key]),))


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    [
        (ForgetsGroups, Suite.test_value_is_found),
        (AnswersOnce, Suite.test_value_is_found),
        (AnswersOnce, Suite.test_many_may_ask_at_once),
        (RaisesForTheAbsent, Suite.test_absent_secret_is_nothing),
        (TellsValues, Suite.test_places_tell_where_it_looks),
        (LooksSomewhere, Suite.test_places_tell_where_it_looks),
        (InjectsValues, Suite.test_injection_carries_no_value),
    ],
)
def test_broken_provider_is_caught(broken: type[DictSecrets], caught_by: Any) -> None:
    """Each test of the suite fails for a provider that breaks what it tells."""
    with pytest.raises((AssertionError, KeyError)):
        caught_by(Suite(), broken(HELD))
