"""Projects, tokens, keys and the audit trail on SQL."""

from collections.abc import Sequence

from plait_core.ir.codec import dumps, loads
from plait_core.ir.json import Json
from plait_core.ports.databases import AuditLine, Page, Project, Token
from plait_core.ports.pages import parse_token
from plait_sql.connections import Connection, Transaction
from plait_sql.trail import leave

_BEYOND_ALL = 1 << 62


class SqlAccounts:
    """``Accounts`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put_project(self, project: Project, *, audit: AuditLine | None = None) -> None:
        data = dumps(project)

        def put(transaction: Transaction) -> None:
            transaction.execute(
                "INSERT INTO projects (id, project) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET project = excluded.project",
                (project.id, data),
            )
            leave(transaction, audit)

        await self._connection.write(put)

    async def projects(self) -> Sequence[Project]:
        rows = await self._connection.glance(
            lambda transaction: transaction.query("SELECT project FROM projects ORDER BY id")
        )
        return [loads(Project, data) for (data,) in rows]

    async def put_token(self, token: Token, *, audit: AuditLine | None = None) -> None:
        data = dumps(token)

        def put(transaction: Transaction) -> None:
            transaction.execute(
                "INSERT INTO tokens (id, token) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET token = excluded.token",
                (token.id, data),
            )
            leave(transaction, audit)

        await self._connection.write(put)

    async def tokens(self) -> Sequence[Token]:
        rows = await self._connection.glance(
            lambda transaction: transaction.query("SELECT token FROM tokens ORDER BY id")
        )
        return [loads(Token, data) for (data,) in rows]

    async def delete_token(self, id: str, *, audit: AuditLine | None = None) -> None:
        def delete(transaction: Transaction) -> None:
            if transaction.execute("DELETE FROM tokens WHERE id = ?", (id,)):
                leave(transaction, audit)

        await self._connection.write(delete)

    async def keep_key(self, name: str, key: bytes) -> bytes:
        def keep(transaction: Transaction) -> bytes:
            transaction.execute(
                "INSERT INTO keys (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, key)
            )
            row = transaction.query_one("SELECT value FROM keys WHERE name = ?", (name,))
            assert row is not None
            return bytes(row[0])

        return await self._connection.write(keep)

    async def audit(self, line: AuditLine) -> None:
        await self._connection.write(lambda transaction: leave(transaction, line))

    async def audited(self, page: Page) -> tuple[Sequence[AuditLine], str]:
        before = parse_token(page.token) if page.token else _BEYOND_ALL
        rows = await self._connection.read(
            lambda transaction: transaction.query(
                "SELECT key, at_ns, principal, action, subject, detail FROM audit WHERE key < ? "
                "ORDER BY key DESC LIMIT ?",
                (before, page.limit + 1),
            )
        )
        shown = rows[: page.limit]
        lines = [
            AuditLine(at_ns=at_ns, principal=principal, action=action, subject=subject, detail=loads(Json, detail))
            for _, at_ns, principal, action, subject, detail in shown
        ]
        return lines, str(shown[-1][0]) if len(rows) > len(shown) else ""
