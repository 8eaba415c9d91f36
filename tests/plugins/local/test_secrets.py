"""Secrets from variables and files, and how a task reads them."""

import asyncio
from pathlib import Path

import pytest

from plait_core.authoring.secret_values import SecretReader, asking
from plait_core.errors.running import SecretDenied, SecretMissing
from plait_core.ir.tasks import SecretRequest
from plait_core.ports.secrets import SecretProvider
from plait_core.testing.secrets import Held, SecretProviderConformance
from plait_local.secrets import EnvSecrets, FileSecrets
from plait_local.settings import LocalSettings


class TestVariables(SecretProviderConformance):
    def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        for (group, key), value in held.items():
            monkeypatch.setenv(f"_PSEC_{group}_{key}".upper(), value)
        return EnvSecrets(LocalSettings())


class TestBareVariables(SecretProviderConformance):
    def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        for (group, key), value in held.items():
            monkeypatch.setenv(f"{group}_{key}".upper(), value)
        return EnvSecrets(LocalSettings())


class TestFiles(SecretProviderConformance):
    def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        for (group, key), value in held.items():
            (folder / group).mkdir(exist_ok=True)
            (folder / group / key).write_text(f"{value}\n")
        return FileSecrets(LocalSettings(secrets_dir=str(folder)))


def reader(folder: Path) -> SecretReader:
    settings = LocalSettings(secrets_dir=str(folder))
    ask = asking(lambda: [EnvSecrets(settings), FileSecrets(settings)])
    return SecretReader(ask=ask, task="load", requests=[SecretRequest(group="db")])


def test_variable_with_prefix_wins_over_bare_variable_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is prefixed variable, bare variable, file."""
    (tmp_path / "db").mkdir()
    (tmp_path / "db/password").write_text("from file")
    secrets = reader(tmp_path)

    found = [secrets.get("db", "password")]
    for name in ("DB_PASSWORD", "_PSEC_DB_PASSWORD"):
        monkeypatch.setenv(name, f"from {name}")
        found.append(secrets.get("db", "password"))

    assert found == ["from file", "from DB_PASSWORD", "from _PSEC_DB_PASSWORD"]


def test_variable_may_be_spelled_as_shells_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group may have a hyphen, and ``export`` takes none; the name as it is wins."""
    request = SecretRequest(group="user-info", key="token")
    found = []
    for name in ("USER_INFO_TOKEN", "_PSEC_USER_INFO_TOKEN", "USER-INFO_TOKEN", "_PSEC_USER-INFO_TOKEN"):
        monkeypatch.setenv(name, name)
        found.append(asyncio.run(EnvSecrets(LocalSettings()).resolve(request)))

    assert found == ["USER_INFO_TOKEN", "_PSEC_USER_INFO_TOKEN", "USER-INFO_TOKEN", "_PSEC_USER-INFO_TOKEN"]


def test_missing_secret_names_every_place(tmp_path: Path) -> None:
    """The error tells both variables and the file that were tried, and how to request the secret."""
    with pytest.raises(SecretMissing) as missing:
        reader(tmp_path).get("db", "password")

    assert str(missing.value) == (
        "secret db/password was not found; looked in environment variable _PSEC_DB_PASSWORD,"
        f" environment variable DB_PASSWORD, file {tmp_path}/db/password\n"
        "  → put its value in one of those places, and keep Secret(group='db', key='password')"
        " among the task's secret_requests"
    )


def test_places_follow_the_settings(tmp_path: Path) -> None:
    """Prefix of variables, folder and prefix of files are settings."""
    settings = LocalSettings(secrets_env_prefix="MY_", secrets_dir=str(tmp_path), secrets_file_prefix="x-")
    request = SecretRequest(group="Db", group_version="2", key="Key")

    places = (*EnvSecrets(settings).places(request), *FileSecrets(settings).places(request))

    assert places == (
        "environment variable MY_DB_2_KEY",
        "environment variable DB_2_KEY",
        f"file {tmp_path}/db/2/x-key",
    )


def test_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    """A name with a path in it is refused rather than followed."""
    (tmp_path / "outside").write_text("not a secret")
    provider = FileSecrets(LocalSettings(secrets_dir=str(tmp_path / "secrets")))

    with pytest.raises(SecretDenied):
        asyncio.run(_resolve(provider, SecretRequest(group="..", key="outside")))


async def _resolve(provider: SecretProvider, request: SecretRequest) -> str | None:
    return await provider.resolve(request)
