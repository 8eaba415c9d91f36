"""Virtual environments for tests to install into, made by uv, which the README's test command brings, in a fraction of pip's time."""

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.layout import ROOT

UV = Path(os.environ.get("UV") or ROOT / ".venv-uv/bin/uv")


def environment(folder: Path, *packages: str | Path, python: str | Path = sys.executable) -> Path:
    """Make an environment in *folder* with those packages; returns where its commands are."""
    _uv("venv", "-q", "--no-project", "--python", python, folder)
    install(folder, *packages)
    return folder / "bin"


def install(folder: Path, *packages: str | Path) -> None:
    """Install packages, folders or wheels into the environment in *folder*; a folder that changes later changes nothing there."""
    _uv("pip", "install", "-q", "--python", folder / "bin/python", *packages)


def wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of the package in *source*, as it would be published, into *folder*."""
    before = {*folder.glob("*.whl")}
    _uv("build", "-q", "--wheel", "-o", folder, source)
    (built,) = {*folder.glob("*.whl")} - before
    return built


def _uv(*words: str | Path) -> None:
    subprocess.run([UV, *words], check=True, cwd=ROOT, umask=0o022)
