"""
Layers: the sources of settings, laid over each other into one tree.

Called by ``Settings.discover``. Tables merge key by key, anything else is replaced, and of each leaf the last
source is remembered. Values stay as written; giving them types is the next step's work.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from plait_core.errors.plugins import SettingsFault, UnreadableSettings
from plait_core.ir.shapes import Shape
from plait_core.plugins.structuring import unknown_key

_PREFIX = "PLAIT_"


class Source(NamedTuple):
    """One table of settings, and what to call the place it came from."""

    name: str
    table: Mapping[str, Any]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Layers(Shape):
    """The merged tree; ``origins`` maps the dotted key of each leaf to the name of its source."""

    tree: dict[str, Any] = attrs.field(factory=dict)
    origins: dict[str, str] = attrs.field(factory=dict)
    faults: list[SettingsFault] = attrs.field(factory=list)

    def add(self, source: Source) -> None:
        """Lay *source* over what is there."""
        self._merge(self.tree, source.table, source.name, "")

    def _merge(self, tree: dict[str, Any], table: Mapping[str, Any], source: str, prefix: str) -> None:
        for name, value in table.items():
            key = f"{prefix}{name}"
            if not isinstance(value, Mapping):
                tree[name] = value
                self.origins[key] = source
                continue
            if not isinstance(tree.get(name), dict):
                tree[name] = {}
                self.origins[key] = source
            self._merge(tree[name], value, source, f"{key}.")


def source_of(key: str, origins: Mapping[str, str]) -> str:
    """Name the source of *key*, of its nearest parent, or of the first key below it."""
    parts = key.split(".")
    for end in range(len(parts), 0, -1):
        if (source := origins.get(".".join(parts[:end]))) is not None:
            return source
    return next((source for leaf, source in origins.items() if leaf.startswith(f"{key}.")), "default")


def gather(
    start_dir: Path,
    *,
    known: Sequence[str],
    env: Mapping[str, str],
    environment: str | None,
    overrides: Mapping[str, Any],
) -> Layers:
    """
    Lay files, their tables for the environment, variables and flags over each other, in this order.

    Args:
        start_dir: Folder from which files are looked for, upwards.
        known: Top-level keys, by which a misspelt variable is recognised.
        env: Environment variables.
        environment: Name of the environment, over what a file or a variable says.
        overrides: Dotted key -> value.
    """
    layers = Layers()
    files = _files(start_dir)
    later = [
        *_variables(env, known, layers.faults),
        *(Source("flag", _nested(key, overrides[key])) for key in overrides),
    ]
    if environment is not None:
        later.append(Source("flag", {"environment": environment}))
    for name, table in files:
        layers.add(Source(name, {key: value for key, value in table.items() if key != "env"}))
    chosen = next((source for source in reversed([*files, *later]) if "environment" in source.table), None)
    if chosen is not None and chosen.table["environment"]:
        _add_environment(layers, chosen, files)
    for source in later:
        layers.add(source)
    return layers


def _add_environment(layers: Layers, chosen: Source, files: Sequence[Source]) -> None:
    """Lay the tables ``[env.NAME]`` over the rest; an environment that no file describes is a fault."""
    name = str(chosen.table["environment"])
    described = {other: table for source in files for other, table in source.table.get("env", {}).items()}
    if name not in described:
        fault = f"the environment {name!r} {unknown_key(name, described)}"
        layers.faults.append(SettingsFault("environment", chosen.name, fault))
    for source in files:
        layers.add(Source(f"{source.name} [env.{name}]", source.table.get("env", {}).get(name, {})))


def _files(start_dir: Path) -> list[Source]:
    """Read the settings of the nearest folder that has some: ``plait.toml``, then ``[tool.plait]``."""
    folder = start_dir.absolute()
    for candidate in (folder, *folder.parents):
        if sources := [*_plait_toml(candidate / "plait.toml"), *_pyproject(candidate / "pyproject.toml")]:
            return sources
    return []


def _plait_toml(path: Path) -> Iterator[Source]:
    if (text := _text(path)) is not None:
        yield Source(str(path), _anchored(_parse(path, text), path.parent))


def _pyproject(path: Path) -> Iterator[Source]:
    """Parse a pyproject.toml only when it mentions plait's table: tomllib takes longer to import than all else here."""
    text = _text(path)
    if text is None or "tool.plait" not in text:
        return
    table = _parse(path, text).get("tool", {}).get("plait")
    if table is not None:
        yield Source(f"{path} [tool.plait]", _anchored(table, path.parent))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise UnreadableSettings(path=str(path), reason=str(problem)) from problem


def _parse(path: Path, text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UnreadableSettings(path=str(path), reason=str(problem)) from problem


def _anchored(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read a relative ``home`` in a file from where the file is."""
    for part in (table, *table.get("env", {}).values()):
        if isinstance(part.get("home"), str):
            part["home"] = str(folder / os.path.expanduser(part["home"]))  # noqa: PTH111  # `Path` cannot expand what is not first
    return table


def _variables(env: Mapping[str, str], known: Sequence[str], faults: list[SettingsFault]) -> Iterator[Source]:
    """Yield the settings among the variables. Other ``PLAIT_*`` exist; one that is nearly a key is a misspelt key."""
    for variable in sorted(name for name in env if name.startswith(_PREFIX)):
        key = variable.removeprefix(_PREFIX).lower().replace("__", ".")
        top = key.partition(".")[0]
        if top in known:
            yield Source(variable, _nested(key, env[variable]))
        elif near := _misspelt(top, known):
            faults.append(SettingsFault(key, variable, f"is not known; did you mean {_PREFIX}{near.upper()}?"))


def _misspelt(name: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1, cutoff=0.85)), None)


def _nested(key: str, value: Any) -> dict[str, Any]:
    """Turn a dotted key into nested tables."""
    for name in reversed(key.split(".")):
        value = {name: value}
    table: dict[str, Any] = value
    return table
