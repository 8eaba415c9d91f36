"""
Values of executions as a folder: each file and table below the name of its value, and ``values.json`` with everything else.

In ``values.json`` what was downloaded stands with its path in the folder, and every other value as ``plait get execution --json`` shows it.
"""

from collections.abc import Mapping
from json import dumps
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import attrs

from plait.cli.documents import as_base64, of_value
from plait.remote.blobs import download_all
from plait_core.ir.literals import Blob, Collection, Literal, LiteralMap, MapValue, StructuredDatasetValue, UnionValue
from plait_core.ports.specs import BlobAccess
from plait_core.types.offloading import fetch


async def fetch_values(values: LiteralMap, folder: Path, blobs: BlobAccess, *, deck_uri: str = "") -> Mapping[str, Any]:
    """
    Make *folder*, which is absent or empty, of *values* and what they refer to, and return what its ``values.json`` says.

    The deck at *deck_uri* becomes ``deck.html``. The folder is there whole or not at all.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".fetched-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        kept = {name: await _local(literal, made, _segment(name), blobs) for name, literal in values.items()}
        document = {name: of_value(literal) for name, literal in kept.items()}
        text = dumps(document, indent=2, ensure_ascii=False, default=as_base64)
        (made / "values.json").write_text(f"{text}\n", encoding="utf-8")
        if deck_uri:
            await blobs(deck_uri).download(deck_uri, made / "deck.html")
        made.replace(folder)
    return document


async def _local(literal: Literal, folder: Path, place: PurePosixPath, blobs: BlobAccess) -> Literal:
    """Return *literal* with the paths, relative to *folder*, of what was downloaded to *place* there."""
    value = (literal := await fetch(literal, blobs)).value
    match value:
        case Blob(uri=uri) | StructuredDatasetValue(uri=uri):
            target = place / _name_of(uri)
            (folder / place).mkdir(parents=True, exist_ok=True)
            await download_all(blobs(uri), uri, folder / target)
            return attrs.evolve(literal, value=attrs.evolve(value, uri=str(target)))
        case UnionValue(value=inner):
            return await _local(inner, folder, place, blobs)
        case Collection(literals=items):
            found = [await _local(item, folder, place / str(n), blobs) for n, item in enumerate(items)]
            return attrs.evolve(literal, value=Collection(literals=tuple(found)))
        case MapValue(literals=entries):
            kept = {key: await _local(item, folder, place / _segment(key), blobs) for key, item in entries.items()}
            return attrs.evolve(literal, value=MapValue(literals=kept))
    return literal


def _segment(key: str) -> PurePosixPath:
    """Return a folder for the entry *key*, whatever is in it."""
    quoted = quote(key, safe=" ")
    return PurePosixPath(quoted if quoted.strip(".") else quoted.replace(".", "%2E"))


def _name_of(uri: str) -> str:
    name = PurePosixPath(unquote(urlsplit(uri).path)).name
    return name if name.strip(".") else "content"
