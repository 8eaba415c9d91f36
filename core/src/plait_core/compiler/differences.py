"""
Differences of two templates, for people: which field was what, and is what now.

Called where a template is refused because another one is registered under its id. Pure.
"""

import json
from collections.abc import Iterator

from plait_core.ir.codec import to_json
from plait_core.ir.json import Json
from plait_core.ir.references import Template

MOST = 5
"""How many are told; the rest is counted."""
LONGEST = 80
"""Of a value, in characters."""


def differences(registered: Template, offered: Template) -> tuple[str, ...]:
    """Say where two templates differ: ``$.metadata.retry.retries was 2, and is 4``; in stored order."""
    found = list(_differences(to_json(registered), to_json(offered), "$"))
    rest = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return (*found[:MOST], *rest)


def _differences(one: Json, other: Json, path: str) -> Iterator[str]:
    match one, other:
        case (dict(), dict()) | (list(), list()):
            before, after = _members(one, path), _members(other, path)
            for place in dict.fromkeys((*before, *after)):
                yield from _difference(before, after, place)
        case _ if one != other:
            yield f"{path} was {_shown(one)}, and is {_shown(other)}"


def _members(value: Json, path: str) -> dict[str, Json]:
    """Return what a list or an object holds by its path."""
    if isinstance(value, dict):
        return {f"{path}.{name}": member for name, member in value.items()}
    assert isinstance(value, list)
    return {f"{path}[{n}]": member for n, member in enumerate(value)}


def _difference(before: dict[str, Json], after: dict[str, Json], place: str) -> Iterator[str]:
    if place not in after:
        yield f"{place} was {_shown(before[place])}, and is gone"
    elif place not in before:
        yield f"{place} is new: {_shown(after[place])}"
    else:
        yield from _differences(before[place], after[place], place)


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
