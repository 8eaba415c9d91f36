"""What plait_local brings keeps the promises of its ports."""

from pathlib import Path

from plait_core.ports.blobs import BlobStore
from plait_core.ports.executors import Executor
from plait_core.ports.specs import ExecutorContext
from plait_core.testing.blob_stores import BlobStoreConformance
from plait_core.testing.executors import ExecutorConformance
from plait_local.blobs import FileBlobStore
from plait_local.inline import InlineExecutor
from plait_local.process import ProcessExecutor
from plait_local.settings import LocalSettings


class TestInline(ExecutorConformance):
    def make_executor(self, context: ExecutorContext) -> Executor:
        return InlineExecutor(context)


class TestProcess(ExecutorConformance):
    def make_executor(self, context: ExecutorContext) -> Executor:
        return ProcessExecutor(context)

    def settings(self) -> LocalSettings:
        return LocalSettings()


class TestFiles(BlobStoreConformance):
    def make_store(self, directory: Path) -> tuple[BlobStore, str]:
        return FileBlobStore(LocalSettings()), f"file://{directory}/blobs"


class TestPaths(BlobStoreConformance):
    def make_store(self, directory: Path) -> tuple[BlobStore, str]:
        return FileBlobStore(LocalSettings()), f"{directory}/blobs"
