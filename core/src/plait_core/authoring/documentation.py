"""
Documentation of entities: from their docstrings, or declared apart.

Google, NumPy and reST docstrings are understood as far as descriptions of arguments and results go.
"""

import re
from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import Self

import attrs


@attrs.frozen(kw_only=True)
class Documentation:
    """Words about an entity that has no docstring, and a link to its source."""

    short_description: str = ""
    long_description: str = ""
    source_link: str = ""


@attrs.frozen(kw_only=True)
class Described:
    """What is said about an entity; ``variables`` maps inputs and outputs to their descriptions, and ``return`` to that of the result."""

    short: str = ""
    long: str = ""
    source_link: str = ""
    variables: Mapping[str, str] = attrs.field(factory=dict)

    @classmethod
    def of(cls, docstring: str | None, declared: Documentation | None = None) -> Self:
        """Read *docstring*; where it says nothing, *declared* speaks."""
        fallback = declared or Documentation()
        if not docstring:
            return cls(
                short=fallback.short_description, long=fallback.long_description, source_link=fallback.source_link
            )
        head, _, rest = dedent(f"{' ' * _indent(docstring)}{docstring.strip()}").partition("\n\n")
        prose = _SECTION.split(rest, maxsplit=1)[0].strip()
        return cls(
            short=" ".join(head.split()) or fallback.short_description,
            long=prose or fallback.long_description,
            source_link=fallback.source_link,
            variables=dict(_variables(rest)),
        )


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


def _variables(text: str) -> Iterator[tuple[str, str]]:
    entries = [match.groups() for match in _REST.finditer(text)]
    for block in _GOOGLE.finditer(text):
        entries += [match.groups() for match in _GOOGLE_ENTRY.finditer(block[1])]
    for block in _NUMPY.finditer(text):
        entries += [match.groups() for match in _NUMPY_ENTRY.finditer(block[1])]
    for name, words in entries:
        yield name, " ".join(words.split())
    if returned := _RETURNS.search(text):
        yield "return", _TYPE.sub("", " ".join(returned[1].split()))


def _indent(docstring: str) -> int:
    """Measure how far the lines after the first are indented."""
    rest = [line for line in docstring.splitlines()[1:] if line.strip()]
    return min((len(line) - len(line.lstrip()) for line in rest), default=0)
