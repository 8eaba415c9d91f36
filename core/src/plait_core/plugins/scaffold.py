"""
The scaffold of a plugin: a whole distribution that passes ``plait plugins check`` as it is.

Called by ``plait plugins new``. Each kind is a folder of templates laid over the common one; ``{{word}}`` is
replaced in their text, ``PACKAGE`` in their paths.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from plait_core.errors.plugins import PluginFolderInUse, PluginNameUnfit, UnknownOffer

KINDS: Mapping[str, str] = {
    "type": "a type transformer",
    "blobs": "a blob store",
    "schedule": "a kind of schedule",
    "secrets": "a secret provider",
    "task-kind": "a kind of task",
    "executor": "an executor",
}
"""What ``--kind`` may be -> what the new plugin adds."""

_TEMPLATES = Path(__file__).with_name("templates")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")


def scaffold(name: str, *, kind: str, folder: Path) -> Sequence[Path]:
    """
    Write the plugin ``plait-NAME`` into *folder* and return the files, in order of their paths.

    Args:
        name: Name of the plugin: lower-case words joined by ``-`` or ``_``.
        kind: A key of ``KINDS``.
        folder: Absent or empty.

    Raises:
        PluginNameUnfit: the name cannot be one of a distribution and a package.
        UnknownOffer: there is no such kind.
        PluginFolderInUse: something is in *folder* already.
    """
    if not _NAME.fullmatch(name):
        raise PluginNameUnfit(name=name)
    if kind not in KINDS:
        raise UnknownOffer(what="kind of plugin", name=kind, known=tuple(KINDS))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PluginFolderInUse(folder=str(folder))
    words = _words(name, kind)
    templates = {
        folder / _target(template.relative_to(_TEMPLATES / layer), words["package"]): template
        for layer in ("common", kind)
        for template in (_TEMPLATES / layer).rglob("*.txt")
    }
    for target, template in templates.items():
        _write(template, target, words)
    return sorted(templates)


def _words(name: str, kind: str) -> dict[str, str]:
    """Return what stands for each ``{{word}}`` of the templates."""
    what = KINDS[kind]
    snake = name.replace("-", "_")
    return {
        "name": snake,
        "distribution": f"plait-{name.replace('_', '-')}",
        "package": f"plait_{snake}",
        "NAME": snake.upper(),
        "Class": "".join(word.capitalize() for word in snake.split("_")),
        "what": what,
        "What": what.capitalize(),
    }


def _target(template: Path, package: str) -> Path:
    return Path(*(part.replace("PACKAGE", package) for part in template.with_suffix("").parts))


def _write(template: Path, target: Path, words: Mapping[str, str]) -> None:
    text = template.read_text(encoding="utf-8")
    for word, meaning in words.items():
        text = text.replace(f"{{{{{word}}}}}", meaning)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
