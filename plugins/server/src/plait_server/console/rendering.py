"""
Rendering: templates to pages.

Everything that is written into a page is escaped. A page may load nothing but our own style sheet and script: what a user's
text or deck brings along does not run.
"""

import json
import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from plait_core.compiler.wording import type_text
from plait_core.ports.databases import NodeRow
from plait_core.ports.databases import Project as ProjectRow
from plait_server.console.graphs import KIND_WORDS, short_name
from plait_server.console.times import ago_text, instant_text, iso_text, span_text
from plait_server.console.visits import Visit

FOLDER = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SECTIONS = (
    ("executions", "Executions", "runs"),
    ("workflows", "Workflows", "flow"),
    ("tasks", "Tasks", "task"),
    ("launch_plans", "Launch plans", "plan"),
)
"""The sections of a project and domain: part of the address, label, icon."""


def page(visit: Visit, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render a page of somebody who is logged in."""
    defaults = {"visit": visit, "base": visit.base, "place": None, "page": "", "crumbs": (), "now_ns": visit.now_ns()}
    shared = {"sections": SECTIONS, "assets": assets_version(), "download": visit.download_url}
    html = _environment().get_template(template).render(defaults | shared | context)
    return HTMLResponse(encoded(html), status_code=status, headers=HEADERS)


def bare_page(template: str, base: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render a page for somebody who is not logged in."""
    html = _environment().get_template(template).render(visit=None, base=base, assets=assets_version(), **context)
    return HTMLResponse(encoded(html), status_code=status, headers=HEADERS)


def encoded(html: str) -> bytes:
    """Return a page as it is sent: what tasks say may hold halves of surrogate pairs, as names of files do, and is shown all the same."""
    return html.encode("utf-8", "replace")


async def place_of(visit: Visit, section: str) -> dict[str, Any]:
    """Return what the frame of a page shows of the project and domain it is about."""
    return {
        "project": visit.project,
        "domain": visit.domain,
        "section": section,
        "projects": [project.id for project in await visible_projects(visit)],
    }


def crumbs_of(visit: Visit, section: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the way to a page: texts with addresses; the last one is the page itself."""
    here = visit.place_url(visit.project, visit.domain)
    label = next(label for name, label, _ in SECTIONS if name == section)
    way = [
        ("Projects", f"{visit.base}/"),
        (f"{visit.project} / {visit.domain}", f"{here}/executions"),
        (label, f"{here}/{section}"),
        *more,
    ]
    return [*way[:-1], (way[-1][0], "")]


async def visible_projects(visit: Visit) -> list[ProjectRow]:
    """Return the projects that who asks may look at."""
    projects = await visit.server.database.accounts.projects()
    return [it for it in projects if not it.is_archived and visit.principal.may("viewer", it.id)]


@cache
def assets_version() -> str:
    """Return what changes when the style sheet or the script does, for browsers that keep them."""
    contents = b"".join(path.read_bytes() for path in sorted((FOLDER / "static").iterdir()))
    return sha256(contents).hexdigest()[:12]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        ago=_ago,
        node_span=_node_span,
        iso=iso_text,
        instant=instant_text,
        type_text=type_text,
        short=short_name,
        kind_words=lambda kind: KIND_WORDS.get(kind, kind),
        first_line=_first_line,
        capitalize_first=lambda text: text[:1].upper() + text[1:],
        codes=_codes,
        breakable=_breakable,
        indented=lambda text: json.dumps(json.loads(text), indent=2, ensure_ascii=False),
    )
    return environment


@pass_context
def _ago(context: Context, at_ns: int) -> str:
    return ago_text(at_ns, context["now_ns"])


@pass_context
def _node_span(context: Context, row: NodeRow) -> str:
    return span_text(row.started_at_ns, row.ended_at_ns, context["now_ns"])


def _codes(text: str) -> Markup:
    """Mark as code what stands in backticks."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(it) if n % 2 else it for n, it in enumerate(parts))


def _breakable(text: str) -> Markup:
    """Let a long name break where its parts meet."""
    return Markup(re.sub(r"([._/-]+)(?=.)", r"\1<wbr>", str(escape(text))))  # noqa: S704  # escaped


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 140 else f"{line[:140]}…"
