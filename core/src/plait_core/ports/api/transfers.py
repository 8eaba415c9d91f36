"""Uploads and downloads: tickets for what travels outside of JSON."""

import attrs

from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UploadRequest(Shape):
    """
    Ask for a URL to upload one file to.

    ``sha256`` (hex) and ``size_bytes`` are of the content, which the server checks. ``purpose`` is ``input`` for a value of an
    execution to be, or ``bundle`` for the source of entities. ``filename`` may have folders (``data/2024/a.csv``). Files that are
    uploaded with the same ``group``, a random name of the caller's, keep their names below one prefix: the ticket's URI without
    ``filename`` is the same for all of them. Without a group, each file has a place of its own.
    """

    project: str
    domain: str
    filename: str
    sha256: str
    size_bytes: int
    purpose: str = "input"
    group: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UploadTicket(Shape):
    """
    Where to PUT the content, and the URI under which it will be found.

    ``url`` is relative to the server's origin when it begins with a slash, and empty when the very same content is there already.
    """

    uri: str
    url: str
    expires_at_ns: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DownloadRequest(Shape):
    """
    Ask for a URL to download a blob from; its URI lies under the server's own blob storage.

    Where no blob has that very URI, but others begin with it and a slash (a directory, a dataset), the ticket lists them.
    """

    project: str
    uri: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DownloadTicket(Shape):
    """
    Where to GET a blob; ``url`` is relative to the server's origin when it begins with a slash.

    For a prefix, ``url`` is empty and ``names`` has the names of all blobs below it, relative to it and sorted; each is asked for by
    itself, and ``size_bytes`` is that of all of them.
    """

    url: str
    size_bytes: int
    expires_at_ns: int
    names: tuple[str, ...] = ()
