"""
Listing: what ``plait plugins list`` and ``plait plugins show`` tell, as data.

Called by the CLI. Looking at a plugin makes nothing: descriptors are collected, factories are not imported.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import attrs

from plait_core.errors.plugins import PluginRejected, UnknownOffer
from plait_core.plugins.discovery import Found
from plait_core.plugins.registry import Plugins
from plait_core.plugins.structuring import keys_of
from plait_core.ports.urls import shown_url


class PluginState(Enum):
    """Whether a plugin takes part."""

    LOADED = "loaded"
    QUARANTINED = "quarantined"
    LEFT_OUT = "left out"


@attrs.frozen(kw_only=True)
class PluginLine:
    """
    One line of the list.

    ``offers`` maps what is offered to names (``executor`` -> ``inline``, ``process``); ``import_ms`` is what importing the
    hooks took; ``problem`` and ``remedy`` are empty unless the plugin is quarantined.
    """

    name: str
    distribution: str
    version: str = ""
    state: PluginState
    offers: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    import_ms: float = 0.0
    problem: str = ""
    remedy: str = ""


@attrs.frozen(kw_only=True)
class SettingLine:
    """One key of a plugin's settings; passwords in URLs are hidden. ``origin`` says where the value was set, ``default`` if it was not."""

    key: str
    type: str
    value: Any
    origin: str


@attrs.frozen(kw_only=True)
class FactoryLine:
    """One thing that a plugin offers, and the factory that makes it."""

    what: str
    name: str
    factory: str


@attrs.frozen(kw_only=True)
class PluginDetails:
    """All there is to say about one plugin."""

    line: PluginLine
    module: str = ""
    factories: tuple[FactoryLine, ...] = ()
    settings: tuple[SettingLine, ...] = ()


def list_plugins(plugins: Plugins) -> Sequence[PluginLine]:
    """Return every plugin that is installed or was handed over, ordered by name."""
    offers: dict[str, dict[str, tuple[str, ...]]] = {}
    for offer in plugins.offers():
        names = offers.setdefault(offer.member.found.name, {})
        names[offer.what] = (*names.get(offer.what, ()), offer.name)
    loaded = [
        _line(member.found, PluginState.LOADED, offers.get(member.found.name, {}), import_ms=member.import_s * 1000)
        for member in plugins.members()
    ]
    left_out = [_line(found, PluginState.LEFT_OUT, {}) for found in plugins.left_out()]
    rejected = [_rejected(error) for error in plugins.quarantined()]
    return sorted([*loaded, *left_out, *rejected], key=lambda line: line.name)


def show_plugin(plugins: Plugins, name: str) -> PluginDetails:
    """
    Return the details of plugin *name*.

    Raises:
        UnknownOffer: there is no such plugin.
    """
    lines = {line.name: line for line in list_plugins(plugins)}
    if name not in lines:
        raise UnknownOffer(what="plugin", name=name, known=tuple(lines))
    line = lines[name]
    if line.state is not PluginState.LOADED:
        return PluginDetails(line=line)
    [member] = [member for member in plugins.members() if member.found.name == name]
    factories = tuple(
        FactoryLine(what=offer.what, name=offer.name, factory=offer.spec.factory)
        for offer in plugins.offers()
        if offer.member is member
    )
    return PluginDetails(
        line=line, module=member.found.module, factories=factories, settings=tuple(_settings(plugins, name))
    )


def _line(
    found: Found, state: PluginState, offers: Mapping[str, tuple[str, ...]], *, import_ms: float = 0.0
) -> PluginLine:
    return PluginLine(
        name=found.name,
        distribution=found.distribution,
        version=found.version,
        state=state,
        offers=offers,
        import_ms=import_ms,
    )


def _rejected(error: PluginRejected) -> PluginLine:
    return PluginLine(
        name=error.plugin,
        distribution=error.distribution,
        state=PluginState.QUARANTINED,
        problem=error.reason,
        remedy=error.remedy,
    )


def _settings(plugins: Plugins, name: str) -> Sequence[SettingLine]:
    settings = plugins.settings_for(name)
    if settings is None:
        return []
    lines = []
    for alias, field in keys_of(type(settings)).items():
        key, kind, value = f"plugins.{name}.{alias}", field.type, getattr(settings, field.name)
        lines.append(
            SettingLine(
                key=key,
                type=kind.__name__ if isinstance(kind, type) else str(kind),
                value=shown_url(value) if isinstance(value, str) else value,
                origin=plugins.settings.origin(key),
            )
        )
    return lines
