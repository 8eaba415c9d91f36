"""
Image specifications: what an image holds, declared beside the task that needs it.

The tag follows from the content, so the same specification is built once. Builders are plugins.
"""

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import attrs

from plait_core.errors.authoring import InvalidOption

IMAGE_VARIABLE = "PLAIT_IMAGE"
"""Set in every attempt's container to the image it was started from."""


def _list_of_texts(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if value is not None and (isinstance(value, str) or not isinstance(value, Sequence)):
        raise InvalidOption(
            declaration="ImageSpec", option=attribute.name, detail=f"is {value!r}", expected="give a list of strings"
        )


def _without_scheme(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if "://" in str(value):
        raise InvalidOption(
            declaration="ImageSpec",
            option=attribute.name,
            detail=f"is {value!r}",
            expected='leave out the scheme, as in "ghcr.io/team"',
        )


def _texts() -> "Sequence[str] | None":
    value: Sequence[str] | None = attrs.field(default=None, validator=_list_of_texts)
    return value


@attrs.frozen
class ImageSpec:
    """
    An image by its content. Everything is optional; what is not given is the builder's choice.

    ``requirements`` names a file: ``requirements.txt``, ``uv.lock`` or ``poetry.lock``. ``tag_format`` may embed ``{spec_hash}``.
    """

    name: str = "plait"
    python_version: str | None = None
    builder: str | None = None
    source_root: str | None = None
    env: Mapping[str, str] | None = None
    registry: str | None = attrs.field(default=None, validator=_without_scheme)
    packages: "Sequence[str] | None" = _texts()
    requirements: str | None = None
    apt_packages: "Sequence[str] | None" = _texts()
    conda_packages: "Sequence[str] | None" = _texts()
    conda_channels: "Sequence[str] | None" = _texts()
    cuda: str | None = None
    cudnn: str | None = None
    base_image: "str | ImageSpec | None" = None
    platform: str = "linux/amd64"
    pip_index: str | None = None
    pip_extra_index_url: "Sequence[str] | None" = _texts()
    pip_secret_mounts: Sequence[tuple[str, str]] | None = None
    pip_extra_args: str | None = None
    registry_config: str | None = None
    entrypoint: "Sequence[str] | None" = _texts()
    commands: "Sequence[str] | None" = _texts()
    copy: "Sequence[str] | None" = _texts()
    source_copy_mode: str | None = None
    tag_format: str | None = None
    python_exec: str | None = None
    runtime_packages: "Sequence[str] | None" = _texts()
    builder_options: Mapping[str, Any] | None = None

    @property
    def tag(self) -> str:
        """What the content digests to, in the format that was asked for."""
        return (self.tag_format or "{spec_hash}").format(spec_hash=self._digest())

    def image_name(self) -> str:
        """Name the image: registry, name and tag."""
        return f"{f'{self.registry}/' if self.registry else ''}{self.name}:{self.tag}"

    def is_container(self) -> bool:
        """Whether this process runs in the image; always true where no image was started."""
        return os.environ.get(IMAGE_VARIABLE, self.image_name()) == self.image_name()

    def with_packages(self, packages: str | Sequence[str]) -> Self:
        """Add Python packages."""
        return self._with(packages=packages)

    def with_apt_packages(self, packages: str | Sequence[str]) -> Self:
        """Add Debian packages."""
        return self._with(apt_packages=packages)

    def with_commands(self, commands: str | Sequence[str]) -> Self:
        """Add commands that are run last."""
        return self._with(commands=commands)

    def with_copy(self, sources: str | Sequence[str]) -> Self:
        """Add files of the source root."""
        return self._with(copy=sources)

    def with_runtime_packages(self, packages: str | Sequence[str]) -> Self:
        """Add packages that are installed when a container starts."""
        return self._with(runtime_packages=packages)

    def with_builder_options(self, options: Mapping[str, Any]) -> Self:
        """Add options for the builder."""
        return attrs.evolve(self, builder_options={**(self.builder_options or {}), **options})

    def _with(self, **added: str | Sequence[str]) -> Self:
        (name, values), *_ = added.items()
        more = [values] if isinstance(values, str) else values
        changes: dict[str, Any] = {name: (*(getattr(self, name) or ()), *more)}
        return attrs.evolve(self, **changes)

    def _digest(self) -> str:
        content = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        where = {"name", "registry", "builder", "tag_format", "registry_config", "source_root"}
        parts = [f"{name}={_content(value)}" for name, value in sorted(content.items()) if value and name not in where]
        if self.requirements:
            parts.append(Path(self.requirements).read_text())
        return sha256("\n".join(parts).encode()).hexdigest()[:22]


def _content(value: Any) -> str:
    if isinstance(value, ImageSpec):
        return value._digest()
    return (
        repr(sorted(value.items()))
        if isinstance(value, Mapping)
        else repr(value if isinstance(value, str) else list(value))
    )
