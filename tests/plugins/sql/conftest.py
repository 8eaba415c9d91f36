"""What tests of both servers share."""

import asyncio
from collections.abc import Iterator

import pytest

from plait_core.testing.databases import LONG_S
from plait_sql import inbox
from tests.plugins.sql.stepping import Store, postgres_store_of, sqlite_store_in
from tests.postgres import Cluster


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store on either server, with two connections, for all tests of a module; each clears it."""
    if request.param == "sqlite":
        yield from _open(sqlite_store_in(tmp_path_factory.mktemp("store")))
    else:
        yield from _open(postgres_store_of(request.getfixturevalue("postgres")))


@pytest.fixture(scope="module")
def postgres_store(postgres: Cluster) -> Iterator[Store]:
    """The same on PostgreSQL alone."""
    yield from _open(postgres_store_of(postgres))


@pytest.fixture
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have mail found by those alone who are told of it."""
    monkeypatch.setattr(inbox, "POLL_S", LONG_S)


def _open(store: Store) -> Iterator[Store]:
    asyncio.run(store.open())
    yield store
    asyncio.run(store.close())
