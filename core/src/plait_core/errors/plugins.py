"""What can go wrong between plait and its settings and plugins."""

from typing import NamedTuple

from plait_core.errors._root import PluginError, UserError


class SettingsFault(NamedTuple):
    """One thing that is wrong with one key: where the key was set, and what is the matter with it."""

    key: str
    origin: str
    problem: str


class InvalidSettings(UserError):
    """Settings could not be understood; every fault that was found is listed."""

    faults: tuple[SettingsFault, ...]

    @property
    def problem(self) -> str:
        """One line per fault."""
        lines = [f"{fault.origin}: {fault.key}: {fault.problem}" for fault in self.faults]
        return lines[0] if len(lines) == 1 else "\n  ".join(["the settings have these faults:", *lines])

    @property
    def remedy(self) -> str:
        """Where the keys are explained."""
        return "correct the keys above, or take them out; then `plait config show` shows every setting and where it came from"


class UnreadableSettings(UserError):
    """A settings file is there and cannot be read as TOML."""

    path: str
    reason: str

    @property
    def problem(self) -> str:
        """The file and the parser's words."""
        return f"{self.path} cannot be read: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do about the file."""
        return "correct the file, or move it away to run with the defaults"


class PluginRejected(PluginError):
    """A plugin cannot be used: it failed to import, does not fit this plait, or one of its hooks raised."""

    plugin: str
    reason: str
    advice: str

    @property
    def problem(self) -> str:
        """Which plugin, and why."""
        return f"plugin {self.plugin!r} of {self.distribution} is not used: {self.reason}"

    @property
    def remedy(self) -> str:
        """What the plugin's user can do."""
        return self.advice


class PluginClash(UserError):
    """Two plugins offer the same thing under the same name."""

    what: str
    name: str
    distributions: tuple[str, str]
    plugins: tuple[str, str]

    @property
    def problem(self) -> str:
        """What is claimed twice, and by whom."""
        return f"the {self.what} {self.name!r} is offered by both {self.distributions[0]} and {self.distributions[1]}"

    @property
    def remedy(self) -> str:
        """How to choose one."""
        first, second = self.plugins
        if first == second:
            return f"uninstall {self.distributions[0]} or {self.distributions[1]}"
        return f"uninstall one of them, or leave one out with `-p no:{first}` or `-p no:{second}`"


class UnknownOffer(UserError):
    """Something was asked for by a name that no usable plugin offers."""

    what: str
    name: str
    known: tuple[str, ...]
    quarantined: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """What was asked for."""
        return f"there is no {self.what} {self.name!r}"

    @property
    def remedy(self) -> str:
        """What there is instead, and which plugins failed."""
        there_is = f"install what offers it, or use one of: {', '.join(self.known) or 'none'}"
        if not self.quarantined:
            return there_is
        return f"{there_is}; not loaded, see `plait plugins list`: {', '.join(self.quarantined)}"


class FactoryFailed(PluginError):
    """What a plugin offers could not be made."""

    factory: str
    reason: str

    @property
    def problem(self) -> str:
        """Which factory, and why."""
        return f"{self.factory} of {self.distribution} could not be made: {self.reason}"

    @property
    def remedy(self) -> str:
        """Whose move it is."""
        return f"check that {self.distribution} is whole and has what it needs installed, then report it to its authors"


class PluginNameUnfit(UserError):
    """A new plugin cannot have this name."""

    name: str

    @property
    def problem(self) -> str:
        """The name."""
        return f"a plugin cannot be called {self.name!r}"

    @property
    def remedy(self) -> str:
        """What names look like."""
        return "use lower-case letters and digits, words joined by `-` or `_`, beginning with a letter"


class PluginFolderInUse(UserError):
    """A new plugin would be written over something."""

    folder: str

    @property
    def problem(self) -> str:
        """The folder."""
        return f"{self.folder} is there already and is not empty"

    @property
    def remedy(self) -> str:
        """Where to write instead."""
        return "name another folder, or move away what is in this one"
