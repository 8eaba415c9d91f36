"""
The seam between the statements of plait_sql and the server that runs them.

Statements use ``?`` for parameters and what SQLite and PostgreSQL have in common: ``ON CONFLICT``, ``RETURNING``, row values,
partial indexes. A connection adds what they do not have in common.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]


class Transaction(Protocol):
    """Runs statements within one transaction."""

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement and return the number of rows it changed."""
        ...

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once per row of parameters."""
        ...

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and return its rows."""
        ...

    def query_one(self, statement: str, parameters: Sequence[Any] = ()) -> Row | None:
        """Run a statement and return its first row."""
        ...


Work = Callable[[Transaction], T]
"""What happens within one transaction. It may be run again from the start, so it changes nothing else before it returns."""


class Connection(Protocol):
    """One open database. Its methods may be called from any thread and any loop."""

    @property
    def url(self) -> str:
        """How errors name the database."""
        ...

    @property
    def types(self) -> dict[str, str]:
        """What migrations call ``{key}``, ``{blob}`` and ``{clustered}`` in this dialect."""
        ...

    def now_ns(self) -> int:
        """Return the database's time, by which leases are judged."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Run *work* over one consistent state. Raises ``StoreUnavailable``, ``StoreCorrupt``."""
        ...

    async def write(self, work: Work[T]) -> T:
        """
        Run *work* and commit, or leave no trace of it when it or the commit fails.

        Writers never overlap. Raises ``StoreUnavailable``, ``StoreCorrupt``, ``StoreReadOnly``. When cancelled, the whole
        transaction is there or nothing of it.
        """
        ...

    def has_table(self, transaction: Transaction, name: str) -> bool:
        """Say whether there is a table of this name."""
        ...

    async def open(self) -> None:
        """Connect."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...
