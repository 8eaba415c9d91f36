"""
The seam between the statements of plait_sql and the server that runs them.

Statements use ``?`` for parameters and what SQLite and PostgreSQL have in common: ``ON CONFLICT``, ``RETURNING``, row values,
partial indexes. A connection adds what they do not have in common.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]
Durability = Literal["normal", "full"]


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

    def now_ns(self) -> int:
        """Return the database's time, by which leases are judged."""
        ...

    def lock(self, subject: str) -> None:
        """Let nobody else who names *subject* go on until this transaction has ended. Where writers never overlap, nothing."""
        ...

    def announce(self, subject: str) -> None:
        """Tell those who listen in other processes of *subject*, once this transaction is committed; where possible."""
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
    def words(self) -> Mapping[str, str]:
        """
        What this dialect calls ``{key}``, ``{text}``, ``{blob}`` and ``{clustered}`` in migrations.

        In statements, these end a query of ``executions`` for rows to change: ``{once_unlocked}`` waits for other writers and
        returns what they leave, ``{unless_locked}`` leaves out the rows that they hold.
        """
        ...

    async def read(self, work: Work[T]) -> T:
        """Run *work* over one consistent state. Raises ``StoreUnavailable``, ``StoreCorrupt``."""
        ...

    async def glance(self, work: Work[T]) -> T:
        """Do what ``read`` does, for a *work* that finds a few rows by their keys: it may be quicker done than handed to a thread."""
        ...

    async def write(self, work: Work[T], *, is_brief: bool = False) -> T:
        """
        Run *work* and commit, or leave no trace of it when it or the commit fails.

        Writers may overlap, as in READ COMMITTED: a statement sees what was committed before it began, and waits where two
        change one row. What one decides by reading first, it locks first. A *work* that is brief, a few statements, may be quicker
        carried out than handed to a thread. Raises ``StoreUnavailable``, ``StoreCorrupt``, ``StoreReadOnly``. When cancelled, the whole
        transaction is there or nothing of it.
        """
        ...

    def has_table(self, transaction: Transaction, name: str) -> bool:
        """Say whether there is a table of this name."""
        ...

    def listen(self, hear: Callable[[str], None]) -> None:
        """
        Call *hear*, in any thread, with each subject that another process announces from now on; some may be missed.

        May be called again. Where nothing is announced, *hear* is never called.
        """
        ...

    async def open(self) -> None:
        """Connect."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...
