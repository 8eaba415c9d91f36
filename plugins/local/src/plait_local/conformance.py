"""Proof that what this plugin brings keeps the promises of its ports; run by ``plait plugins check local``."""

from pathlib import Path
from typing import Any

import pytest

from plait_core.authoring.tasks import Task, task
from plait_core.ports.blobs import BlobStore
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database
from plait_core.ports.executors import Executor
from plait_core.ports.secrets import SecretProvider
from plait_core.ports.specs import ExecutorContext
from plait_core.ports.tasks import TaskKind
from plait_core.testing import databases
from plait_core.testing.blob_stores import BlobStoreConformance
from plait_core.testing.executors import ExecutorConformance
from plait_core.testing.memory import MemoryDatabase
from plait_core.testing.secrets import Held, SecretProviderConformance
from plait_core.testing.task_kinds import KindCase, TaskKindConformance
from plait_local.blobs import FileBlobStore
from plait_local.functions import FunctionKind
from plait_local.inline import InlineExecutor
from plait_local.memory import memory_blobs
from plait_local.process import ProcessExecutor
from plait_local.secrets import EnvSecrets, FileSecrets
from plait_local.settings import LocalSettings


@task
def share(pieces: int, people: int) -> int:
    """Return the pieces that each of *people* gets."""
    return pieces // people


@task
async def share_later(pieces: int, people: int) -> int:
    """Return the same, from a coroutine."""
    return pieces // people


class TestFunctions(TaskKindConformance):
    """Functions."""

    entity: Task[Any, Any] = share

    def make_kind(self) -> TaskKind:
        return FunctionKind()

    def case(self, folder: Path) -> KindCase:
        inputs = {"pieces": 12, "people": 4}
        return KindCase(entity=self.entity, inputs=inputs, returned=3, failing=inputs | {"people": 0})


class TestCoroutines(TestFunctions):
    """Async functions."""

    entity = share_later


class TestInline(ExecutorConformance):
    """The engine's own process."""

    def make_executor(self, context: ExecutorContext) -> Executor:
        return InlineExecutor(context)


class TestProcess(ExecutorConformance):
    """Warm worker processes."""

    def make_executor(self, context: ExecutorContext) -> Executor:
        return ProcessExecutor(context)

    def settings(self) -> LocalSettings:
        return LocalSettings()


class TestFiles(BlobStoreConformance):
    """Files, by URI."""

    def make_store(self, directory: Path) -> tuple[BlobStore, str]:
        return FileBlobStore(LocalSettings()), f"file://{directory}/blobs"


class TestPaths(BlobStoreConformance):
    """Files, by path."""

    def make_store(self, directory: Path) -> tuple[BlobStore, str]:
        return FileBlobStore(LocalSettings()), f"{directory}/blobs"


class TestMemory(BlobStoreConformance):
    """Memory."""

    def make_store(self, directory: Path) -> tuple[BlobStore, str]:
        return memory_blobs(LocalSettings()), "memory://bucket/prefix"


class TestVariables(SecretProviderConformance):
    """Environment variables."""

    def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        settings = LocalSettings()
        for (group, key), value in held.items():
            monkeypatch.setenv(f"{settings.secrets_env_prefix}{group}_{key}".upper(), value)
        return EnvSecrets(settings)


class TestSecretFiles(SecretProviderConformance):
    """Files of a folder per group."""

    def make_provider(self, held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretProvider:
        for (group, key), value in held.items():
            path = folder / group / key
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{value}\n")
        return FileSecrets(LocalSettings(secrets_dir=str(folder)))


class _InMemory:
    def make_database(self, directory: Path, clock: Clock) -> Database:
        return MemoryDatabase(clock)


class TestEventLog(_InMemory, databases.EventLogConformance): ...


class TestViews(_InMemory, databases.ViewsConformance): ...


class TestLeases(_InMemory, databases.LeasesConformance): ...


class TestInbox(_InMemory, databases.InboxConformance): ...


class TestRegistry(_InMemory, databases.RegistryConformance): ...


class TestCacheIndex(_InMemory, databases.CacheIndexConformance): ...


class TestSchedules(_InMemory, databases.SchedulesConformance): ...


class TestAccounts(_InMemory, databases.AccountsConformance): ...


class TestUpkeep(_InMemory, databases.UpkeepConformance): ...
