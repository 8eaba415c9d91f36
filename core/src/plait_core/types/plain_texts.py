"""
The text form of composite types: JSON or YAML, typed in place or kept in a file.

YAML is read when PyYAML is installed. A text that ends in ``.json``, ``.yaml`` or ``.yml`` and names a file stands for its content.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypedDict

from plait_core.errors.values import UnreadableText
from plait_core.types.contexts import DETACHED
from plait_core.types.converters import Pack, Plain, Unpack

_SUFFIXES = (".json", ".yaml", ".yml")


class TextForm(TypedDict):
    """The two text conversions of a converter."""

    parse: Callable[[str], Any]
    render: Callable[[Any], str]


def plain_text(expected: str, pack: Pack, unpack: Unpack) -> TextForm:
    """Make the text conversions of a type whose plain form is a list or an object."""

    def parse(text: str) -> Any:
        return unpack(load_plain(text, expected), DETACHED)

    def render(value: Any) -> str:
        return dump_plain(pack(value, DETACHED))

    return TextForm(parse=parse, render=render)


def load_plain(text: str, expected: str) -> Plain:
    """Read a list or an object from JSON, YAML, or the file that *text* names."""
    import json

    content = Path(text).read_text() if text.endswith(_SUFFIXES) and Path(text).is_file() else text
    try:
        plain = json.loads(content)
    except ValueError as error:
        plain = _load_yaml(content)
        if not isinstance(plain, list | dict):
            raise UnreadableText(text=text, expected=expected) from error
    return plain


def dump_plain(plain: Plain) -> str:
    """Write a plain form as JSON on one line, bytes as base64."""
    import json

    return json.dumps(plain, ensure_ascii=False, default=_base64)


def _base64(value: bytes) -> str:
    from base64 import b64encode

    return b64encode(value).decode()


def _load_yaml(content: str) -> Plain:
    try:
        import yaml
    except ImportError:
        return None
    try:
        return _without_dates(yaml.safe_load(content))
    except yaml.YAMLError:
        return None


def _without_dates(plain: Plain) -> Plain:
    """Undo YAML's guess that a text is a date: the type decides what it is."""
    if isinstance(plain, dict):
        return {key: _without_dates(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_without_dates(value) for value in plain]
    return plain.isoformat() if isinstance(plain, date) else plain
