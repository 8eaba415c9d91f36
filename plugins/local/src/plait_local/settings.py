"""Settings of this plugin: the table ``[plugins.local]``."""

import os
from collections.abc import Mapping
from typing import Any

import attrs

from plait_core.plugins.settings import EVERY_PROJECT


def _positive(_: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    if value <= 0:
        raise ValueError(f"{attribute.name} must be more than 0")


def _quantity(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if value in {"", attribute.default}:
        return
    from plait_core.compiler.quantities import parse_quantity  # imports `fractions`: start-up is a budget

    try:
        parse_quantity(value)
    except ValueError:
        raise ValueError(f"{attribute.name} must be an amount such as 8Gi") from None


def _users(_: object, attribute: "attrs.Attribute[str]", value: str | Mapping[str, str]) -> None:
    if not value:
        return
    from plait_local.rights import can_act_as_others, user_of  # imports `ctypes`

    table = {EVERY_PROJECT: value} if isinstance(value, str) else value
    if EVERY_PROJECT not in table:
        raise ValueError(f"{attribute.name} must name a user for '{EVERY_PROJECT}', all projects that it does not name")
    for project, name in table.items():
        key = attribute.name if isinstance(value, str) else f"{attribute.name}.{project}"
        try:
            user = user_of(name)
        except KeyError:
            raise ValueError(f"{key} names no user of this machine") from None
        if user.pw_uid != os.geteuid() and not can_act_as_others():
            raise ValueError(f"{key} can name another user only when plait runs as root, on Linux")


def _cores() -> int:
    return os.cpu_count() or 1


@attrs.frozen(kw_only=True)
class LocalSettings:
    """
    How this machine runs attempts and where its secrets are.

    Attributes:
        concurrency: Attempts that the process executor runs at once; by default as many as there are processors.
        memory: Memory that running attempts may ask for together, such as ``8Gi``; empty for no limit.
        run_as: Name or number of the user whose rights workers have, and to whom the files of the blob store belong, or a table of
            such users by project, with ``*`` for all that it does not name; only root can choose others.
        nice: By how much workers give way to the engine and to other processes, 0 to 19.
        cpu_s: Seconds on a processor after which an attempt is stopped; ``None`` for no limit.
        open_files: Files that an attempt may have open; ``None`` for the system's limit.
        processes: How many processes and threads the workers' user may have on this machine for an attempt to start another; ``None``
            for the system's limit. Root has none.
        attempts_per_worker: Attempts after which a worker process is replaced.
        idle_s: Seconds without an attempt after which a worker process ends.
        worker_memory: Memory above which a worker is replaced after its attempt, such as ``2Gi``; empty for no limit.
        frozen_s: Seconds that a worker may stand still, stopped by a signal, before it is killed.
        orphan_s: Seconds that a worker goes on with its attempt while no engine looks for it; then it is ended.
        log_limit: How much is kept of what one attempt prints.
        timeout_grace_s: Seconds between asking a process whose time is up to end, and killing it.
        secrets_env_prefix: What a variable that holds a secret begins with; the bare name is looked up after it.
        secrets_dir: The folder of secret files, ``<folder>/<group>/<key>``.
        secrets_file_prefix: What the name of a secret file begins with.
    """

    concurrency: int = attrs.field(factory=_cores, validator=_positive)
    memory: str = attrs.field(default="", validator=_quantity)
    run_as: str | Mapping[str, str] = attrs.field(default="", validator=_users)
    nice: int = attrs.field(default=5, validator=[attrs.validators.ge(0), attrs.validators.le(19)])
    cpu_s: int | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))
    open_files: int | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))
    processes: int | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))
    attempts_per_worker: int = attrs.field(default=10_000, validator=_positive)
    idle_s: float = attrs.field(default=60.0, validator=_positive)
    worker_memory: str = attrs.field(default="", validator=_quantity)
    frozen_s: float = attrs.field(default=30.0, validator=_positive)
    orphan_s: float = attrs.field(default=14_400.0, validator=_positive)
    log_limit: str = attrs.field(default="16Mi", validator=_quantity)
    timeout_grace_s: float = 5.0
    secrets_env_prefix: str = "_PSEC_"
    secrets_dir: str = "/etc/secrets"
    secrets_file_prefix: str = ""

    @property
    def users(self) -> Mapping[str, str]:
        """Whom ``run_as`` names: project, or ``*`` -> user; empty where it names nobody."""
        if isinstance(self.run_as, str):
            return {EVERY_PROJECT: self.run_as} if self.run_as else {}
        return self.run_as


def in_bytes(quantity: str) -> int:
    """Return the bytes that a setting names; 0 where it is empty."""
    from plait_core.compiler.quantities import parse_quantity

    return int(parse_quantity(quantity)) if quantity else 0
