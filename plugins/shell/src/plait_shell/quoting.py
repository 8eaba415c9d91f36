"""
Where in a script a value stands, and how it is quoted there.

The template of a script asks once per task. A value that is quoted for its place stays data in every shell of the POSIX
family: it can neither end a string nor start a command. Where no quoting can promise that, or where shells differ in what they
read, the place is not among the ``QUOTABLE``.

Source: POSIX.1-2024, Shell Command Language, 2.2 Quoting, 2.6 Word Expansions and 2.7.4 Here-Document
"""

import re
import shlex
from collections.abc import Sequence
from enum import Enum

VALUE = "\0"
"""Stands for a value in the text that ``places`` reads; no script contains it."""


class Place(Enum):
    """What surrounds a value."""

    WORD = "a word"
    DOUBLE = "double quotes"
    SINGLE = "single quotes"
    COMMENT = "a comment"
    BACKTICKS = "backticks"
    BRACES = "${…}"
    ARITHMETIC = "arithmetic"
    ESCAPES = "$'…'"
    HERE_DOCUMENT = "a here-document"
    UNKNOWN = "a place that shells do not all read alike"


QUOTABLE = {Place.WORD, Place.DOUBLE, Place.SINGLE, Place.COMMENT}
"""Where any value is safe."""

_DOUBLE = r'\\.|"|\$\(\(|\$\(|\$\{|`|\0'
_TOKENS = {
    place: re.compile(tokens, re.DOTALL)
    for place, tokens in {
        Place.WORD: r"\\.|'|\"|(?<![^\s;&|(){}])case(?=\s)|\$?\(\(|\$?\(|\)|\$\{|\$'|`|#|<<<|<<-?[ \t]*(?:'[^'\n]+'|\"[^\"\n]+\"|\\?\w+)|\n|\0",
        Place.DOUBLE: _DOUBLE,
        Place.SINGLE: r"'|\0",
        Place.BACKTICKS: r"\\.|`|\0",
        Place.BRACES: _DOUBLE + r"|'|\}",
        Place.ARITHMETIC: r"\(|\)\)|\)|\0",
        Place.ESCAPES: r"\\.|'|\0",
    }.items()
}
_OPENS = {
    "'": Place.SINGLE,
    '"': Place.DOUBLE,
    "$(": Place.WORD,
    "(": Place.WORD,
    "$((": Place.ARITHMETIC,
    "((": Place.ARITHMETIC,
    "${": Place.BRACES,
    "$'": Place.ESCAPES,
    "`": Place.BACKTICKS,
}
_CLOSES = {
    Place.WORD: ")",
    Place.DOUBLE: '"',
    Place.SINGLE: "'",
    Place.BACKTICKS: "`",
    Place.BRACES: "}",
    Place.ARITHMETIC: "))",
    Place.ESCAPES: "'",
}


def places(script: str) -> list[Place]:
    """Say where each ``VALUE`` of *script* stands, in order."""
    return _Reading(script).places


def quoted(words: Sequence[str], place: Place) -> str:
    """Write *words*, which a value consists of, so that the shell reads them at *place* as they are."""
    if place is Place.WORD:
        return " ".join(map(shlex.quote, words))
    text = " ".join(words)
    if place is Place.DOUBLE:
        return re.sub(r'([\\$`"])', r"\\\1", text)
    return text.replace("'", "'\\''") if place is Place.SINGLE else text


class _Reading:
    """One pass over a script; ``_around`` holds what is open, the innermost last."""

    def __init__(self, script: str) -> None:
        self.places: list[Place] = []
        self._script = script
        self._around = [Place.WORD]
        self._n_parentheses = 0  # that are open in arithmetic, before the two that end it
        self._is_lost = False
        self._ends: list[str] = []
        position = 0
        while found := _TOKENS[self._around[-1]].search(script, position):
            position = self._after(found.group(), found.start(), found.end())

    def _after(self, sign: str, start: int, end: int) -> int:
        """Take in one sign and return where to read on."""
        around = self._around[-1]
        if sign == VALUE:
            self.places.append(Place.UNKNOWN if self._is_lost else around)
        elif sign == f"\\{VALUE}":
            self.places.append(Place.UNKNOWN)
        elif around is Place.ARITHMETIC and (sign == "(" or self._n_parentheses):
            self._n_parentheses += 1 if sign == "(" else -1
            return start + 1
        elif self._cannot_tell(sign):
            self._is_lost = True
        elif sign == _CLOSES[around]:
            self._around[1:] = self._around[1:-1]
        elif sign in _OPENS:
            self._around.append(_OPENS[sign])
        elif sign == "#" and (start == 0 or self._script[start - 1] in " \t\n;&|()"):
            return self._skip(end, self._find("\n", end), Place.COMMENT)
        elif sign.startswith("<<") and sign != "<<<":
            self._ends.append(sign.lstrip("<- \t").strip("'\"\\"))
        elif sign == "\n":
            return self._skip_documents(end)
        return end

    def _cannot_tell(self, sign: str) -> bool:
        """Whether it is not known what *sign* opens: the ``)`` of ``case`` in a string, or a quote of ``${…}`` in one."""
        if sign == "case":
            return any(place is not Place.WORD for place in self._around)
        around = next((place for place in reversed(self._around) if place is not Place.BRACES), Place.WORD)
        return sign == "'" and self._around[-1] is Place.BRACES and around is Place.DOUBLE

    def _skip_documents(self, start: int) -> int:
        """Pass over the here-documents that the line before *start* announced."""
        for word in self._ends:
            found = re.compile(rf"^\t*{re.escape(word)}$", re.MULTILINE).search(self._script, start)
            start = self._skip(start, found.end() if found else len(self._script), Place.HERE_DOCUMENT)
        self._ends.clear()
        return start

    def _skip(self, start: int, end: int, place: Place) -> int:
        self.places += [place] * self._script.count(VALUE, start, end)
        return end

    def _find(self, text: str, start: int) -> int:
        found = self._script.find(text, start)
        return len(self._script) if found < 0 else found
