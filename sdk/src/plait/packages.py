"""
Packages: registrations as files, which any machine can register without having the code.

Written by ``plait package`` and read by ``plait register``. A package is a gzipped tar file of ``package.json`` (what it is, and the version
asked for), ``closures.json`` (the closures in their stored form) and ``bundle.tar.gz`` (the code, where there is any). The same
registration gives the same bytes. Nothing of a package is ever unpacked to disk.
"""

import json
import tarfile
from collections.abc import Mapping
from gzip import GzipFile
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from plait.control.connection import read_url
from plait.errors import NoPackage
from plait.registration import Registration
from plait_core.authoring.bundles import LARGEST_BUNDLE_BYTES, Bundle
from plait_core.errors import PlaitError
from plait_core.ir.codec import from_json, to_json
from plait_core.ir.executions import Closure
from plait_core.ports.urls import shown_url

_SUFFIXES = (".tgz", ".tar.gz")
_ADDRESSES = ("http://", "https://")
_FORMAT = 1
_LARGEST_BYTES = 2 * LARGEST_BUNDLE_BYTES


def pack(registration: Registration) -> bytes:
    """Return *registration* as the bytes of a package."""
    bundle = registration.bundle
    about = {"format": _FORMAT, "version": registration.version, "bundle": bundle.digest if bundle else ""}
    parts = {
        "package.json": _json(about),
        "closures.json": _json([to_json(closure) for closure in registration.closures]),
        **({"bundle.tar.gz": bundle.data} if bundle else {}),
    }
    buffer = BytesIO()
    with (
        GzipFile(filename="", fileobj=buffer, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    return buffer.getvalue()


def is_package(target: str) -> bool:
    """Say whether *target*, a path or an address, names a package rather than code."""
    return (urlsplit(target).path if target.startswith(_ADDRESSES) else target).endswith(_SUFFIXES)


def read_package(target: str) -> Registration:
    """
    Read the package at a path, or at an http or https address.

    Raises:
        NoPackage: it is none or not there, is damaged, or was written by a later release.
    """
    path = shown_url(target.partition("?")[0]) if target.startswith(_ADDRESSES) else target
    try:
        parts = _parts(path, _content(target))
        about = json.loads(parts["package.json"])
        if about["format"] != _FORMAT:
            raise NoPackage(path=path, reason=f"it has format {about['format']}, and this release reads {_FORMAT}")
        closures = [from_json(Closure, closure) for closure in json.loads(parts["closures.json"])]
        bundle = _bundle(path, about["bundle"], parts)
        return Registration(closures=closures, bundle=bundle, version=about["version"])
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise NoPackage(path=path, reason=f"{type(error).__name__}: {error}") from error
    except NoPackage:
        raise
    except PlaitError as error:
        raise NoPackage(path=path, reason=error.problem) from error


def _content(target: str) -> bytes:
    if target.startswith(_ADDRESSES):
        return read_url(target, largest_bytes=_LARGEST_BYTES)
    path = Path(target)
    if not path.is_file():
        raise NoPackage(path=target, reason="there is no such file")
    with path.open("rb") as file:
        return file.read(_LARGEST_BYTES + 1)


def _parts(path: str, content: bytes) -> Mapping[str, bytes]:
    """Read the regular files of a package into memory, as far as they are of a sane size."""
    parts: dict[str, bytes] = {}
    with GzipFile(fileobj=BytesIO(content)) as unzipped:
        data = unzipped.read(_LARGEST_BYTES + 1)
    if max(len(data), len(content)) > _LARGEST_BYTES:
        raise NoPackage(path=path, reason=f"it holds more than {_LARGEST_BYTES} bytes")
    with tarfile.open(fileobj=BytesIO(data), mode="r:") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            if file is not None:
                parts[member.name] = file.read()
    return parts


def _bundle(path: str, digest: str, parts: Mapping[str, bytes]) -> Bundle | None:
    if not digest:
        return None
    data = parts["bundle.tar.gz"]
    if sha256(data).hexdigest() != digest:
        raise NoPackage(path=path, reason="the code in it is not what was packaged: it has another digest")
    return Bundle(digest=digest, data=data)


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
