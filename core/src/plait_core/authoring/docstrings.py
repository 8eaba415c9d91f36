"""
What docstrings say below their first line: prose, and descriptions of arguments and results.

Called by ``documentation``, for docstrings that have more than one line: compiling the patterns takes longer than most runs need for
their docstrings. Google, NumPy and reST are understood.
"""

import re
from collections.abc import Iterator


def prose_of(text: str) -> str:
    """Return what stands before the first section."""
    return _SECTION.split(text, maxsplit=1)[0].strip()


def variables_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names of arguments and results, each with what is said of it; ``return`` stands for a single result."""
    entries = [match.groups() for match in _REST.finditer(text)]
    for block in _GOOGLE.finditer(text):
        entries += [match.groups() for match in _GOOGLE_ENTRY.finditer(block[1])]
    for block in _NUMPY.finditer(text):
        entries += [match.groups() for match in _NUMPY_ENTRY.finditer(block[1])]
    for name, words in entries:
        yield name, " ".join(words.split())
    if returned := _RETURNS.search(text):
        yield "return", _TYPE.sub("", " ".join(returned[1].split()))


_SECTION = re.compile(
    r"^(?:(?:Args|Arguments|Parameters|Returns|Raises|Yields|Example|Examples):?[ ]*$|:(?:param|returns?|raises|type)\b)",
    re.MULTILINE,
)
_NUMPY = re.compile(r"^(?:Parameters|Returns)\n-{3,}\n(.*?)(?=^\S+\n-{3,}|\Z)", re.MULTILINE | re.DOTALL)
_NUMPY_ENTRY = re.compile(r"^(\w+)[ ]*:?.*\n((?:[ ]+\S.*\n?)+)", re.MULTILINE)
_GOOGLE = re.compile(r"^(?:Args|Arguments|Returns):[ ]*\n((?:[ ]+.*\n?|\n)+)", re.MULTILINE)
_GOOGLE_ENTRY = re.compile(r"^[ ]+(\w+)(?:[ ]*\([^)]*\))?:[ ]*(.*(?:\n[ ]{8,}\S.*)*)", re.MULTILINE)
_RETURNS = re.compile(r"^(?:Returns:[ ]*\n|Returns\n-{3,}\n\S+\n|:returns?:)((?:[ ]+\S.*(?:\n|\Z))+)", re.MULTILINE)
_TYPE = re.compile(r"^[\w\[\], .|]+:[ ]+")
_REST = re.compile(r"^:param(?:[ ]+[\w\[\], .|]+)??[ ]+(\w+):[ ]*(.*(?:\n[ ]+\S.*)*)", re.MULTILINE)
