"""
Cache keys and verdicts.

Called by the shell. A key covers project, domain, task name, cache version, interface and inputs minus the ignored ones;
the version under which the task is registered is no part of it.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from plait_core.ir.canonical import digest, interface_digest
from plait_core.ir.executions import CacheStatus, CacheVerdict
from plait_core.ir.literals import (
    Blob,
    Collection,
    Literal,
    LiteralMap,
    MapValue,
    Offloaded,
    StructuredDatasetValue,
    UnionValue,
)
from plait_core.ir.tasks import CachePolicy, TaskTemplate
from plait_core.ports.databases import CacheEntry, CacheKey


class KeyedInputs(NamedTuple):
    """A cache key, and the digest of each input that went into it."""

    key: CacheKey
    input_digests: Mapping[str, str]


def keyed(template: TaskTemplate, policy: CachePolicy, inputs: LiteralMap) -> KeyedInputs:
    """Compute the key of one call of a task."""
    digests = {name: digest(inputs[name]) for name in sorted(inputs) if name not in policy.ignored_inputs}
    id_ = template.id
    parts = (id_.project, id_.domain, id_.name, policy.version, interface_digest(template.interface))
    text = "\0".join((*parts, *(f"{name}={value}" for name, value in digests.items())))
    key = CacheKey(digest=sha256(text.encode()).hexdigest(), project=id_.project, domain=id_.domain, task=id_.name)
    return KeyedInputs(key=key, input_digests=digests)


def miss(asked: KeyedInputs, latest: CacheEntry | None) -> CacheVerdict:
    """Explain a miss by comparing with the newest entry of the same task."""
    if latest is None:
        reason = "nothing cached for this task yet"
    else:
        names = asked.input_digests.keys() | latest.input_digests.keys()
        changed = [n for n in sorted(names) if asked.input_digests.get(n) != latest.input_digests.get(n)]
        reason = f"input {', '.join(changed)} changed" if changed else "cache version or interface changed"
    return CacheVerdict(status=CacheStatus.MISS, key=asked.key.digest, reason=reason)


def hit(entry: CacheEntry) -> CacheVerdict:
    """Say where reused outputs come from."""
    return CacheVerdict(status=CacheStatus.HIT, key=entry.key.digest, source=entry.source)


def uris(literal: Literal) -> Iterator[str]:
    """Yield the URIs of what *literal* refers to, however deep."""
    match literal.value:
        case Blob(uri=uri) | StructuredDatasetValue(uri=uri) | Offloaded(uri=uri):
            yield uri
        case UnionValue(value=inner):
            yield from uris(inner)
        case Collection(literals=items):
            for item in items:
                yield from uris(item)
        case MapValue(literals=entries):
            for item in entries.values():
                yield from uris(item)
