"""
Tables: what settings say to each plugin, in the plugin's own class.

Used by ``Plugins`` alone. The tables that are written are checked together, when plugins are loaded; a plugin
without one is not even asked for its class until somebody wants its settings.
"""

from collections.abc import Container
from typing import Any

from plait_core.errors.plugins import InvalidSettings, SettingsFault, UnknownOffer
from plait_core.plugins.roster import Roster
from plait_core.plugins.settings import Settings
from plait_core.plugins.structuring import Structuring, unknown_key


class PluginTables:
    """The tables ``[plugins.NAME]`` of *settings*, read with the classes that the members of *roster* name."""

    def __init__(self, roster: Roster, settings: Settings) -> None:
        self._roster = roster
        self._settings = settings
        self._structured: dict[str, Any] = {}

    def check(self, unwanted: Container[str]) -> None:
        """
        Read every table, but those of plugins that are left out or *unwanted*.

        Raises:
            InvalidSettings: a table is for no plugin that is in use, or does not fit its class; lists all faults.
        """
        reading = Structuring(self._origin)
        left_out = {found.name for found in self._roster.left_out}
        for name in self._settings.plugins:
            if name in left_out or name in unwanted:
                continue
            if name not in self._roster.members:
                problem = f"the plugin {name!r} {unknown_key(name, list(self._roster.members))}"
                reading.faults.append(SettingsFault(f"plugins.{name}", self._origin(f"plugins.{name}"), problem))
            else:
                self._structured[name] = self._structure(name, reading)
        if reading.faults:
            raise InvalidSettings(faults=tuple(reading.faults))

    def structured(self, name: str) -> Any:
        """
        Return the settings of plugin *name*; ``None`` when it has no class for them.

        Raises:
            UnknownOffer: the plugin is not in use.
            InvalidSettings: a required key is missing.
        """
        if name not in self._roster.members:
            raise UnknownOffer(what="plugin", name=name, known=tuple(self._roster.members))
        if name not in self._structured:
            reading = Structuring(self._origin)
            self._structured[name] = self._structure(name, reading)
            if reading.faults:
                raise InvalidSettings(faults=tuple(reading.faults))
        return self._structured[name]

    def _structure(self, name: str, reading: Structuring) -> Any:
        cls = self._roster.settings_class(name)
        table = self._settings.plugins.get(name, {})
        if cls is not None:
            return reading.structure(table, cls, f"plugins.{name}")
        for key in table:
            path = f"plugins.{name}.{key}"
            reading.faults.append(SettingsFault(path, self._origin(path), f"{name} has no settings"))
        return None

    def _origin(self, key: str) -> str:
        return self._settings.origin(key)
