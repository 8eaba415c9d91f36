"""
Templates: texts with ``{inputs.x}``, ``{outputs.y}`` and ``{ctx.…}``, in Python's format syntax.

Made when a task is declared, and refused then if they mention what does not exist. In a script, values are quoted for the place
where they stand; ``{inputs.x:raw}`` puts a value in as it is, so that the shell reads it as script.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import Enum
from string import Formatter
from types import SimpleNamespace
from typing import Any

import attrs

from plait_shell.errors import InvalidScript, UnknownReference, UnsafeReference
from plait_shell.quoting import QUOTABLE, VALUE, Place, places, quoted

RAW = "raw"
SAFE_ANYWHERE = (int, float)
"""Types whose texts need no quoting wherever they stand."""


@attrs.frozen
class Reference:
    """One pair of braces: ``{inputs.rows[0]:raw}`` has the path ``inputs.rows[0]`` and the format ``raw``."""

    path: str
    conversion: str | None
    format: str

    @property
    def names(self) -> tuple[str, str]:
        """The namespace, and what is looked up in it."""
        space, _, rest = self.path.partition(".")
        return space, rest.partition(".")[0].partition("[")[0]

    def resolve(self, spaces: Mapping[str, Any]) -> Any:
        """Find the value in *spaces*, formatted if the reference says how."""
        formatter = Formatter()
        value, _ = formatter.get_field(self.path, (), spaces)
        value = formatter.convert_field(value, self.conversion)
        return format(value, self.format) if self.format not in {"", RAW} else value

    def __str__(self) -> str:
        conversion = f"!{self.conversion}" if self.conversion else ""
        return f"{{{self.path}{conversion}{self.format and ':' + self.format}}}"


@attrs.frozen
class Template:
    """A text in parts: what stands before each reference, the references, and what follows the last one."""

    texts: Sequence[str]
    references: Sequence[Reference]

    @classmethod
    def parse(cls, text: str, *, task: str) -> "Template":
        """Read *text*; raises ``InvalidScript`` when braces do not match."""
        texts, references = [""], []
        try:
            for before, path, form, conversion in Formatter().parse(text):
                texts[-1] += before
                if path is not None:
                    references.append(Reference(path, conversion, form or ""))
                    texts.append("")
        except ValueError as error:
            advice = "write braces that the shell is to see twice: {{ and }}"
            raise InvalidScript(task=task, reason=f"has unmatched braces: {error}", advice=advice) from error
        return cls(texts, references)

    def check(self, known: Mapping[str, Sequence[str]], *, task: str) -> None:
        """Raise ``UnknownReference`` unless every reference is to a name that *known* lists under its namespace."""
        for reference in self.references:
            space, name = reference.names
            if name not in known.get(space, ()):
                listed = tuple(f"{space}.{name}" for space, names in known.items() for name in names)
                raise UnknownReference(task=task, reference=str(reference), known=listed)

    def render(self, spaces: Mapping[str, Any]) -> str:
        """Put the values of *spaces* in, unquoted."""
        return self._joined(" ".join(words_of(reference.resolve(spaces))) for reference in self.references)

    def _joined(self, values: Any) -> str:
        return self.texts[0] + "".join(value + after for value, after in zip(values, self.texts[1:], strict=True))


@attrs.frozen
class ScriptTemplate(Template):
    """A template that a shell reads."""

    @property
    def places(self) -> list[Place]:
        """Where each reference stands."""
        return places(VALUE.join(self.texts))

    def check_places(self, types: Mapping[str, Any], *, task: str) -> None:
        """Raise ``UnsafeReference`` if a value of another type than int and float stands where it cannot be quoted."""
        for reference, place in zip(self.references, self.places, strict=True):
            declared = types.get(reference.path.removeprefix("inputs."))
            if place not in QUOTABLE and reference.format != RAW and declared not in SAFE_ANYWHERE:
                raise UnsafeReference(task=task, reference=str(reference), place=place.value)

    def render(self, spaces: Mapping[str, Any]) -> str:
        """Put the values of *spaces* in, quoted; comments keep their references as they are."""
        return self._joined(
            str(reference) if place is Place.COMMENT else self._value(reference, place, spaces)
            for reference, place in zip(self.references, self.places, strict=True)
        )

    def _value(self, reference: Reference, place: Place, spaces: Mapping[str, Any]) -> str:
        words = words_of(reference.resolve(spaces))
        return " ".join(words) if reference.format == RAW else quoted(words, place)


def words_of(value: Any) -> Sequence[str]:
    """
    Spell a value for a shell: a list is as many words as it has items, everything else is one.

    Files and directories are downloaded and become local paths; dates and times are in ISO form, dicts in JSON.
    """
    if isinstance(value, list | tuple):
        return [word for item in value for word in words_of(item)]
    return [next((spell(value) for kinds, spell in _SPELLINGS if isinstance(value, kinds)), str(value))]


_SPELLINGS: Sequence[tuple[type, Callable[[Any], str]]] = (
    (type(None), lambda _: ""),
    (os.PathLike, os.fspath),
    (date, lambda moment: moment.isoformat()),
    (Enum, lambda member: str(member.value)),
    (dict, json.dumps),
)


def spaces_of(inputs: Mapping[str, Any], outputs: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Make the namespaces that references are resolved in."""
    return {"inputs": SimpleNamespace(**inputs), "outputs": SimpleNamespace(**outputs), "ctx": context}
