"""
What ``memory://`` stands for: a database and a blob store that end with the process.

Chosen by the settings ``store`` and ``blobs`` where nothing is to be kept, as in tests.
"""

from plait_core.testing.memory import MemoryBlobStore, MemoryDatabase
from plait_local.settings import LocalSettings


def open_memory(url: str, settings: LocalSettings, durability: str) -> MemoryDatabase:  # noqa: ARG001  # there is nothing to choose
    """Make an empty database."""
    return MemoryDatabase()


def memory_blobs(settings: LocalSettings, durability: str = "normal", root: str = "") -> MemoryBlobStore:  # noqa: ARG001  # as above
    """Make an empty blob store."""
    return MemoryBlobStore()
