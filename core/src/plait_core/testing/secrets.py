"""
The conformance suite of secret providers, to be subclassed in pytest.

    class TestVault(SecretProviderConformance):
        def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
            return VaultSecrets(client=FakeVault(held))
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from plait_core.ir.tasks import SecretRequest
from plait_core.ports.secrets import PodInjection, SecretProvider

Held: TypeAlias = Mapping[tuple[str, str], str]
"""What the provider must hold: (group, key) -> value."""

PASSWORD = SecretRequest(group="db", key="password")
ABSENT = SecretRequest(group="db", key="absent")
HELD: Held = {("db", "password"): "s3cr3t=größe", ("db", "user"): "ann", ("mail", "password"): "other"}


class SecretProviderConformance:
    """Proves a ``SecretProvider``."""

    def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        """Make the provider under test over exactly the secrets *held*."""
        raise NotImplementedError

    @pytest.fixture
    def provider(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        """A provider that holds ``HELD``."""
        return self.make_provider(HELD, tmp_path, monkeypatch)

    def test_value_is_found(self, provider: SecretProvider) -> None:
        """Each secret has its own value, by group and key, as often as it is asked for."""
        for (group, key), value in [*HELD.items(), *HELD.items()]:
            assert asyncio.run(_resolve(provider, SecretRequest(group=group, key=key))) == value

    def test_absent_secret_is_nothing(self, provider: SecretProvider) -> None:
        """A secret that it does not have is None, so that the next provider is asked."""
        for request in (ABSENT, SecretRequest(group="nobody", key="password"), SecretRequest(key="password")):
            assert asyncio.run(_resolve(provider, request)) is None

    def test_many_may_ask_at_once(self, provider: SecretProvider) -> None:
        """Tasks that start together read together."""

        async def ask() -> list[str | None]:
            return await asyncio.gather(*(provider.resolve(PASSWORD) for _ in range(20)))

        assert set(asyncio.run(ask())) == {HELD["db", "password"]}

    def test_places_tell_where_it_looks(self, provider: SecretProvider) -> None:
        """Every secret has places, its own, which name where and never what."""
        places = provider.places(PASSWORD)

        assert places
        assert all(place.strip() for place in places)
        assert places != provider.places(ABSENT)
        assert not any(value in place for place in places for value in HELD.values())

    def test_injection_carries_no_value(self, provider: SecretProvider) -> None:
        """What a pod is given refers to the secret; the platform resolves it."""
        injection = provider.injection(PASSWORD)

        assert injection is None or isinstance(injection, PodInjection)
        assert HELD["db", "password"] not in repr(injection)


async def _resolve(provider: SecretProvider, request: SecretRequest) -> str | None:
    return await provider.resolve(request)
