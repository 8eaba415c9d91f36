"""
Settings: what this process should use, and where each value was set.

``Settings.discover`` is called once by the CLI, the server or the first use of a plugin. Later sources win:
``plait.toml``, ``[tool.plait]`` of the ``pyproject.toml`` beside it, ``PLAIT_*`` variables, flags; in a file,
``[env.NAME]`` of the chosen environment wins over the rest. Every fault is reported at once.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

import attrs

from plait_core.errors.plugins import InvalidSettings
from plait_core.ir.ids import DEFAULT_DOMAIN, DEFAULT_PROJECT
from plait_core.ir.shapes import Shape
from plait_core.plugins._layers import gather, source_of
from plait_core.plugins.structuring import DERIVED, Structuring, keys_of

EVERY_PROJECT = "*"
"""What stands for all projects where something is said by project."""
RETENTION_KINDS = ("executions", "snapshots", "logs", "raw_data")
"""What is kept of an execution for some time after its end."""


def _check_retention(_: object, __: object, tables: Mapping[str, Mapping[str, str]]) -> None:
    for project, table in tables.items():
        from plait_core.types.time_texts import parse_duration

        for kind, text in table.items():
            if kind not in RETENTION_KINDS:
                raise ValueError(f"retention.{project}.{kind} is not known; known here: {', '.join(RETENTION_KINDS)}")
            if parse_duration(text) < timedelta():
                raise ValueError(f"retention.{project}.{kind} is less than nothing: {text!r}")


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  # text in, text out


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Settings(Shape):
    """
    One process's settings.

    Attributes:
        environment: The ``[env.NAME]`` tables in force; empty for none.
        home: Absolute path of the folder for what plait keeps on this machine.
        executors: Names of executors, in order of preference.
        store: URL of the database: ``sqlite:///…``, ``postgresql://…``, ``memory://``.
        blobs: URI prefix under which values, logs and results are kept.
        durability: ``normal`` survives kill -9, ``full`` a power cut too.
        project: Project of entities and executions that name none.
        domain: Domain of the same.
        default_image: Image of tasks that name none, on executors that use images.
        max_parallelism: Attempts of one execution that may run at once; ``None`` for no limit.
        endpoint: URL of the server that ``--remote`` and ``Remote`` talk to.
        token: What identifies this process there; by default the one kept for the endpoint under ``home``/tokens.
        cache: Whether cached outputs are used, ignored, or replaced.
        retention: Project, or ``*`` -> how long its executions, snapshots, logs and raw_data are kept after the end, as durations.
        allow_plugins: The only plugins to load; empty for all that are installed.
        block_plugins: Plugins not to load.
        strict: Whether a plugin that fails is fatal.
        plugins: The table of each plugin, as written; ``Plugins.settings_for`` has the plugin's own class.
        origins: Dotted key -> where it was set; absent keys are at their default.
    """

    environment: str = ""
    home: str = attrs.field(default="~/.plait", converter=_absolute)
    executors: tuple[str, ...] = ("inline",)
    store: str = attrs.field(default=attrs.Factory(lambda self: f"sqlite:///{self.home}/plait.db", takes_self=True))
    blobs: str = attrs.field(default=attrs.Factory(lambda self: f"file://{self.home}/blobs", takes_self=True))
    durability: Literal["normal", "full"] = "normal"
    project: str = DEFAULT_PROJECT
    domain: str = DEFAULT_DOMAIN
    default_image: str = ""
    max_parallelism: int | None = None
    endpoint: str = "http://localhost:30080"
    token: str = attrs.field(default="", repr=False)
    cache: Literal["on", "off", "overwrite"] = "on"
    retention: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict, validator=_check_retention)
    allow_plugins: tuple[str, ...] = ()
    block_plugins: tuple[str, ...] = ()
    strict: bool = False
    plugins: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    origins: Mapping[str, str] = attrs.field(factory=dict, eq=False, repr=False, metadata={DERIVED: True})

    @classmethod
    def discover(
        cls,
        start_dir: Path | str | None = None,
        *,
        env: Mapping[str, str] = os.environ,
        environment: str | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Self:
        """
        Read the settings that hold in *start_dir* (the working directory by default).

        Args:
            start_dir: Where to look for files, upwards; the first folder that has settings is the only one read.
            env: Environment variables: ``PLAIT_STORE`` is ``store``, ``PLAIT_PLUGINS__K8S__NAMESPACE`` is
                ``plugins.k8s.namespace``; lists are comma-separated.
            environment: Name of the environment, over what files and variables say.
            overrides: Dotted key -> value, from flags.

        Raises:
            InvalidSettings: keys are unknown or values do not fit; lists every fault.
            UnreadableSettings: a file is no TOML.
        """
        layers = gather(
            Path(start_dir or Path.cwd()),
            known=tuple(keys_of(cls)),
            env=env,
            environment=environment,
            overrides=overrides or {},
        )
        reading = Structuring(lambda key: source_of(key, layers.origins), list(layers.faults))
        settings = reading.structure(layers.tree, cls)
        if settings is None or reading.faults:
            raise InvalidSettings(faults=tuple(reading.faults))
        return attrs.evolve(settings, origins=layers.origins)

    def plain(self) -> dict[str, Any]:
        """Return the settings as a table of plain values that a worker can be given; the token stays here."""
        return attrs.asdict(self, filter=lambda field, _: field.name not in {"token", "origins"})

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """Make settings of what ``plain`` returned, however it was carried."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()
        }
        return cls(**values)

    def origin(self, key: str) -> str:
        """Say where the dotted *key* was set: a file, a variable, ``flag`` or ``default``."""
        return source_of(key, self.origins)

    def names_plugin(self, name: str) -> bool:
        """Whether these settings rely on the plugin, so that running without it would not be what was asked for."""
        return name in self.plugins or name in self.allow_plugins or name in self.executors
