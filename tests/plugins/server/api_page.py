"""Writes docs/reference/http-api.md from the routes; called by ``poe docs`` and compared by a test."""

from collections.abc import Iterator
from itertools import groupby

from plait_core.errors import PlaitError, Retryable, UserError
from plait_server.api.operations import OPERATIONS
from plait_server.openapi import area_of
from plait_server.problems import INSIDE, STATUS
from plait_server.routing import Route

WHO = {
    "public": "anybody",
    "signed": "whoever has the ticket",
    "known": "whoever is known",
}
"""Who may ask, where that is no role."""

FAMILIES: tuple[type[PlaitError], ...] = (UserError, Retryable, PlaitError)
"""Classes that stand for all below them, and get a line of their own."""

ABOUT = """\
Everything is below `/api/v1`, takes and gives JSON in the stored form of the classes in [`plait_core.ports.api`](ports.md), and is described for machines at
`/api/v1/openapi.json`. Fields at their default may be left out of a request, and are left out of a reply.

- **Who asks** is said by `Authorization: Bearer <token>`. The role in the table is the least that is needed, in the project of the path or of the body.
- **Names in paths** are percent-encoded. A `GET` operation answers `HEAD`, too; any other method is refused with 405 and the header `Allow`.
- **Lists** have a `limit` and a `token`: what the page before gave as `token` asks for the next one. Pages stay where they are while things are added.
- **Events** are server-sent. Those of an execution have its event numbers as ids: a reader that comes back with `Last-Event-ID` misses nothing. The stream ends with an event `end`.
- **Waiting**: `GET …/executions/{execution}?wait_s=30` answers at the end of the execution, or after that time.
- **Files** go up and come down by tickets: `POST /uploads` or `POST /downloads` answers with a URL that needs no token, allows one thing, and expires.
- **Problems** are `application/problem+json`, with a `remedy`. `X-Request-Id`, yours or made up, is in every reply and in the server's log.
"""


def api_page(made: str) -> str:
    """Make the page; *made* is the remark that says so."""
    parts = ["# HTTP API", made, ABOUT, *_areas(), "## Problems", _problems()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _areas() -> Iterator[str]:
    for area, routes in groupby(OPERATIONS, key=area_of):
        rows = [f"| `{it.method} {it.path}` | {_who(it)} | {it.summary} |" for it in routes]
        yield "\n".join(
            [f"## {area.replace('_', ' ').capitalize()}", "", "| operation | needs | |", "|---|---|---|", *rows]
        )


def _who(route: Route) -> str:
    return WHO.get(route.permission, f"`{route.permission}`")


def _problems() -> str:
    named = sorted((status, kind.__name__) for kind, status in STATUS.items() if kind not in FAMILIES)
    rows = [
        f"| {status} | {', '.join(f'`{name}`' for _, name in group)} |"
        for status, group in groupby(named, key=lambda pair: pair[0])
        if status < 500
    ]
    rows += [
        "| 422 | any other error whose move is the caller's |",
        *(f"| {status} | `{kind}` |" for status, (kind, _, _) in INSIDE.items()),
    ]
    return "\n".join(["| status | |", "|---|---|", *rows])
