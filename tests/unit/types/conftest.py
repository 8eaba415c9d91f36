"""Contexts over an in-memory blob store."""

import pytest

from plait_core.testing.memory import MemoryBlobStore
from plait_core.types import ConversionContext


@pytest.fixture
def blobs() -> MemoryBlobStore:
    return MemoryBlobStore()


@pytest.fixture
def context(blobs: MemoryBlobStore) -> ConversionContext:
    return ConversionContext(raw_prefix="memory://raw", blobs=lambda uri: blobs)
