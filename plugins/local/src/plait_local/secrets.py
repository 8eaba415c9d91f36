"""
Secret providers of a laptop: environment variables and files.

Names are upper-cased for variables and lower-cased for files; values are stripped, because files end in a newline.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from plait_core.errors.running import SecretDenied
from plait_core.ir.tasks import SecretRequest
from plait_core.ports.secrets import PodInjection
from plait_local.settings import LocalSettings


class EnvSecrets:
    """
    ``SecretProvider`` over variables: ``_PSEC_GROUP_KEY``, then ``GROUP_KEY``.

    After that, both with ``_`` for what names of variables have no room for in shells.
    """

    def __init__(self, settings: LocalSettings) -> None:
        self._prefix = settings.secrets_env_prefix

    async def resolve(self, request: SecretRequest) -> str | None:
        for name in self._names(request):
            if (value := os.environ.get(name)) is not None:
                return value.strip()
        return None

    def places(self, request: SecretRequest) -> tuple[str, ...]:
        return tuple(f"environment variable {name}" for name in self._names(request))

    def injection(self, request: SecretRequest) -> PodInjection | None:
        return None

    def _names(self, request: SecretRequest) -> tuple[str, ...]:
        bare = "_".join(_parts(request, str.upper))
        in_shells = re.sub(r"\W", "_", bare, flags=re.ASCII)  # which cannot set `USER-INFO_TOKEN`
        return tuple(dict.fromkeys(f"{prefix}{name}" for name in (bare, in_shells) for prefix in (self._prefix, "")))


class FileSecrets:
    """``SecretProvider`` over files: ``/etc/secrets/group/key``."""

    def __init__(self, settings: LocalSettings) -> None:
        self._folder = Path(settings.secrets_dir)
        self._prefix = settings.secrets_file_prefix

    async def resolve(self, request: SecretRequest) -> str | None:
        path = self._path(request)
        if ".." in path.parts or not path.is_relative_to(self._folder):
            raise SecretDenied(place=f"file {path}", reason=f"it is outside of {self._folder}")
        try:
            return path.read_text().strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise SecretDenied(place=f"file {path}", reason=error.strerror or str(error)) from error

    def places(self, request: SecretRequest) -> tuple[str, ...]:
        return (f"file {self._path(request)}",)

    def injection(self, request: SecretRequest) -> PodInjection | None:
        return None

    def _path(self, request: SecretRequest) -> Path:
        *folders, name = _parts(request, str.lower) or [""]
        return self._folder.joinpath(*folders, f"{self._prefix}{name}")


def _parts(request: SecretRequest, spell: Callable[[str], str]) -> list[str]:
    """Spell the parts of a secret's name: group, its version if there is one, key."""
    return [spell(part) for part in (request.group, request.group_version, request.key) if part]
