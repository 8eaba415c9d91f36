"""Settings of this plugin: the table ``[plugins.local]``."""

import attrs


def _positive(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if value < 1:
        raise ValueError(f"{attribute.name} must be at least 1")


@attrs.frozen(kw_only=True)
class LocalSettings:
    """
    How this machine runs attempts and where its secrets are.

    Attributes:
        max_processes: Attempts that the process executor runs at once.
        timeout_grace_s: Seconds between asking a process whose time is up to end, and killing it.
        secrets_env_prefix: What a variable that holds a secret begins with; the bare name is looked up after it.
        secrets_dir: The folder of secret files, ``<folder>/<group>/<key>``.
        secrets_file_prefix: What the name of a secret file begins with.
    """

    max_processes: int = attrs.field(default=8, validator=_positive)
    timeout_grace_s: float = 5.0
    secrets_env_prefix: str = "_PSEC_"
    secrets_dir: str = "/etc/secrets"
    secrets_file_prefix: str = ""
