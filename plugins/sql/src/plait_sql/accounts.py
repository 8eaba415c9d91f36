"""Projects, tokens, keys and the audit trail on SQL."""

from collections.abc import Sequence

from plait_core.ir.codec import dumps, loads
from plait_core.ir.json import Json
from plait_core.ports.databases import AuditLine, Page, Project, Token
from plait_core.ports.pages import parse_token
from plait_sql.connections import Connection, Transaction

_BEYOND_ALL = 1 << 62


class SqlAccounts:
    """``Accounts`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put_project(self, project: Project) -> None:
        data = dumps(project)
        await self._connection.write(
            lambda transaction: transaction.execute(
                "INSERT INTO projects (id, project) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET project = excluded.project",
                (project.id, data),
            )
        )

    async def projects(self) -> Sequence[Project]:
        rows = await self._connection.read(
            lambda transaction: transaction.query("SELECT project FROM projects ORDER BY id")
        )
        return [loads(Project, data) for (data,) in rows]

    async def put_token(self, token: Token) -> None:
        data = dumps(token)
        await self._connection.write(
            lambda transaction: transaction.execute(
                "INSERT INTO tokens (id, token) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET token = excluded.token",
                (token.id, data),
            )
        )

    async def tokens(self) -> Sequence[Token]:
        rows = await self._connection.read(
            lambda transaction: transaction.query("SELECT token FROM tokens ORDER BY id")
        )
        return [loads(Token, data) for (data,) in rows]

    async def delete_token(self, id: str) -> None:
        await self._connection.write(lambda transaction: transaction.execute("DELETE FROM tokens WHERE id = ?", (id,)))

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
        values = (line.at_ns, line.principal, line.action, line.subject, dumps(line.detail))
        await self._connection.write(
            lambda transaction: transaction.execute(
                "INSERT INTO audit (at_ns, principal, action, subject, detail) VALUES (?, ?, ?, ?, ?)", values
            )
        )

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
