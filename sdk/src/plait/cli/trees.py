"""
The text form of an execution's document: a tree of nodes, with what went in and came out of each.

Shows no more than the document has, so that text and JSON cannot disagree.
"""

from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from typing import Any

from plait.cli.tables import table

_WIDTH = 100
"""Longest value that is shown, in characters."""
_SHOWN_ATTEMPTS = 10


def render_execution(document: Mapping[str, Any]) -> str:
    """Render an execution with its nodes."""
    lines = [
        f"{document['name']}  {document['phase']}  {document['kind']} {document['target']}{_took(document)}",
        f"  started  {document['created_at']}",
        *_values("inputs", document["inputs"]),
        *_values("outputs", document["outputs"]),
        *_error(document["error"], "  "),
    ]
    if "resume" in document:
        lines.append(f"  go on    {document['resume']}")
    cut = ["… and more; `plait get nodes` lists all, `--limit` shows more here"] if document.get("is_cut") else []
    return "\n".join([*lines, *_branches(document["nodes"], None, ""), *cut])


def render_progress(document: Mapping[str, Any]) -> str:
    """Render an execution and where its nodes stand, without their values."""
    heading = f"{document['name']}  {document['phase']}  {document['kind']} {document['target']}{_took(document)}"
    return "\n".join([heading, *_headings(document["nodes"], None, "")])


def render_nodes(documents: Sequence[Mapping[str, Any]]) -> str:
    """Render a list of nodes, one line each, below a line of headings."""
    rows = [("NODE", "KIND", "PHASE", "NAME", "TOOK")]
    rows += [
        (d["id"], d["kind"].replace("_", " "), d["phase"], d["name"] or d["entity"], _took(d).strip())
        for d in documents
    ]
    return table(rows)


def render_table(documents: Sequence[Mapping[str, Any]]) -> str:
    """Render a list of executions, one line each, below a line of headings."""
    rows = [("NAME", "PHASE", "TARGET", "STARTED", "TOOK")]
    rows += [(d["name"], d["phase"], d["target"], d["created_at"][:19], _took(d).strip()) for d in documents]
    return table(rows)


def _branches(nodes: Sequence[Mapping[str, Any]], parent: str | None, indent: str) -> Iterator[str]:
    mine = [node for node in nodes if node["parent"] == parent]
    for node in mine:
        is_last = node is mine[-1]
        yield f"{indent}{'└─' if is_last else '├─'} {_heading(node)}"
        below = f"{indent}{'   ' if is_last else '│  '}"
        yield from (f"{below}{line}" for line in _details(node))
        yield from _branches(nodes, node["id"], below)


def _headings(nodes: Sequence[Mapping[str, Any]], parent: str | None, indent: str) -> Iterator[str]:
    mine = [node for node in nodes if node["parent"] == parent]
    for node in mine:
        is_last = node is mine[-1]
        yield f"{indent}{'└─' if is_last else '├─'} {_heading(node)}"
        yield from _headings(nodes, node["id"], f"{indent}{'   ' if is_last else '│  '}")


def _heading(node: Mapping[str, Any]) -> str:
    what = " ".join(filter(None, [node["kind"].replace("_", " "), node["entity"] or node["name"]]))
    done = f"  {node['n_elements_done']}/{node['n_elements']} elements" if "n_elements" in node else ""
    return f"{node['id']}  {what}  {node['phase']}{_took(node)}{done}"


def _details(node: Mapping[str, Any]) -> Iterator[str]:
    yield from _values("inputs", node["inputs"])
    yield from _values("outputs", node["outputs"])
    if cache := node["cache"]:
        yield f"  cache    {' '.join(filter(None, [cache['status'].upper(), cache['reason']]))}"
    if node["child"] is not None:
        yield f"  started  {node['child']}"
    attempts = [attempt for attempt in node["attempts"] if len(node["attempts"]) > 1 or attempt["message"]]
    for attempt in attempts[:_SHOWN_ATTEMPTS]:
        element = "" if attempt["element"] is None else f"[{attempt['element']}] "
        message = attempt["error"]["message"] if attempt["error"] else attempt["message"]
        yield f"  attempt  {element}{attempt['n']}  {attempt['phase']}{_took(attempt)}  {_short(message)}".rstrip()
    if len(attempts) > _SHOWN_ATTEMPTS:
        yield f"  attempt  … {len(attempts) - _SHOWN_ATTEMPTS} more; --json shows all"
    yield from _error(node["error"], "  ")


def _values(title: str, values: Mapping[str, Any] | None) -> Iterator[str]:
    for name, value in (values or {}).items():
        yield f"  {title:<7}  {name} = {_short(dumps(value, ensure_ascii=False, default=repr))}"


def _error(error: Mapping[str, Any] | None, indent: str) -> Iterator[str]:
    if error is not None:
        at = f" at {error['node']}" if error["node"] else ""
        yield f"{indent}error{at}    [{error['code']}] {_short(error['message'])}"


def _took(timed: Mapping[str, Any]) -> str:
    seconds = timed["duration_s"]
    if seconds is None:
        return ""
    return f"  {seconds * 1000:.0f} ms" if seconds < 1 else f"  {seconds:.1f} s"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
