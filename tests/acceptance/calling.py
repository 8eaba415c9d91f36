"""Calling ``plait`` the way people do: as a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from tests.architecture.layout import ROOT

PLAIT = Path(sys.executable).with_name("plait")
EXAMPLES = ROOT / "examples"


@attrs.frozen
class Called:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> list[str]:
        """The lines after the first, which says where the run takes place."""
        first, *rest = self.out.splitlines()
        assert first == "Running Execution on local."
        return rest


@attrs.frozen
class Desk:
    """A folder to work in; records go to the home of the test."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        """Put a file there."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def plait(
        self,
        *words: str | Path,
        typed: str = "",
        env: Mapping[str, str] | None = None,
        in_child: Callable[[], None] | None = None,
    ) -> Called:
        """Call ``plait`` with *words*, and *typed* on its standard input; the new process calls *in_child* first."""
        done = subprocess.run(
            [PLAIT, *map(str, words)],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            timeout=120,
            preexec_fn=in_child,
        )
        return Called(done.returncode, done.stdout, done.stderr)
