"""
Places: where in the server's own blob storage the things of a project are.

Asked before a URI that came from outside is touched. Project and domain are folders of each area, so a prefix is all that keeps one
project from the files of another; a URI with ``..`` or empty parts in it is therefore nowhere.
"""

AREAS = ("raw", "meta", "bundles")
"""The parts of storage, each with a folder for every project: values, what attempts left, source."""

LONGEST_PATH = 1024
LONGEST_PART_BYTES = 200
"""What file systems allow, with room for what stores add while they write."""


def is_within(uri: str, root: str, project: str) -> bool:
    """Say whether *uri* names something in the storage at *root* that belongs to *project*."""
    rest = uri.removeprefix(f"{root}/")
    area, _, below = rest.partition("/")
    folder, _, path = below.partition("/")
    return rest != uri and area in AREAS and folder == project and is_path(path)


def is_path(path: str) -> bool:
    """Say whether *path* is a plain relative path: it stays where it is joined to."""
    parts = path.split("/")
    return len(path) <= LONGEST_PATH and path.isprintable() and "\\" not in path and all(map(_is_part, parts))


def _is_part(part: str) -> bool:
    return part not in {"", ".", ".."} and len(part.encode("utf-8", "replace")) <= LONGEST_PART_BYTES


def input_uri(root: str, project: str, domain: str, folder: str, filename: str) -> str:
    """Return where an uploaded value is kept; an execution cannot write there, because its nodes have names of their own."""
    return f"{root}/raw/{project}/{domain}/inputs/{folder}/{filename}"
