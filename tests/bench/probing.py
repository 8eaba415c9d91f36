"""
Running probes: each in a fresh folder, in the interpreter and environment of its side.

Called by the command. Peers live in environments of their own under ``.bench/``, made by uv on
first use and kept; nothing is ever installed beside plait. Databases on PostgreSQL belong to a cluster of
our own, which starts when the first probe asks for one.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tests.bench.report import Probe
from tests.postgres import PACKAGE, Cluster, postgres_binaries, postgres_cluster

PROBES = Path(__file__).parent / "probes"
CACHE = Path(__file__).parents[2] / ".bench"
PEERS = {
    "flytekit": ("flytekit==1.16.*", "click==8.1.8", "pandas"),  # flytekit 1.16 breaks with later clicks
    "dbos": ("dbos",),
    "prefect": ("prefect<3.9", "fastapi<0.120"),  # its server breaks with later ones
}
LONGEST_PROBE_S = 600
LONGEST_INSTALL_S = 300


class ProbeFailed(Exception):
    """A probe did not print its figures; the text is the end of what it said instead."""


class Probing(ExitStack):
    """
    Runs probes, and keeps the PostgreSQL that they share until it is closed.

    Args:
        is_quick: Probes do less of what they repeat: their environment has ``BENCH_QUICK``.
    """

    def __init__(self, *, is_quick: bool = False) -> None:
        super().__init__()
        self._is_quick = is_quick
        self._cluster: Cluster | None = None
        self._numbers = count()

    def __enter__(self) -> Self:
        CACHE.mkdir(exist_ok=True)
        return self

    def run(self, probe: Probe) -> Mapping[str, float | None]:
        """
        Run *probe* once and return what it printed.

        Raises:
            ProbeFailed: It exited with a failure, took too long, or what it needs is missing.
        """
        python = interpreter(probe.side)
        variables = {"BENCH_QUICK": "1"} if self._is_quick else {}
        if probe.on_postgresql:
            variables["DATABASE_URL"] = self._empty_database()
        # beside the checkout, not in the system's temporary folder, which is often in memory and so never syncs
        with TemporaryDirectory(dir=CACHE) as scratch:
            _lay_out(Path(scratch), side=probe.side)
            try:
                run = subprocess.run(
                    [python, *probe.command],
                    cwd=scratch,
                    env=_environment(probe, Path(scratch)) | variables,
                    capture_output=True,
                    text=True,
                    timeout=LONGEST_PROBE_S,
                    check=False,
                )
            except subprocess.TimeoutExpired as late:
                raise ProbeFailed(f"not done after {LONGEST_PROBE_S} s") from late
        if run.returncode != 0:
            raise ProbeFailed("\n".join(run.stderr.splitlines()[-15:]))
        figures: dict[str, float | None] = json.loads(run.stdout.splitlines()[-1])
        return figures

    def _empty_database(self) -> str:
        if postgres_binaries() is None:
            raise ProbeFailed(f"it needs PostgreSQL: install the package {PACKAGE}")
        if self._cluster is None:
            self._cluster = self.enter_context(postgres_cluster(is_safe=True))
        return self._cluster.url(f"bench{next(self._numbers)}")


def interpreter(side: str) -> str:
    """The Python of *side*; a peer's environment is installed when it does not exist yet. Raises ``ProbeFailed``."""
    if side == "plait":
        return sys.executable
    if reason := _missing(side):
        raise ProbeFailed(reason)
    return _python_of(side)


def version(side: str) -> str:
    """The version of a peer, as ``name 1.2.3``, or that there is none."""
    if _missing(side):
        return f"no {side}"
    ask = f"from importlib.metadata import version; print({side!r}, version({side!r}))"
    return subprocess.run([_python_of(side), "-c", ask], check=True, capture_output=True, text=True).stdout.strip()


@cache
def _missing(peer: str) -> str:
    """Install *peer* unless it is there, and say why it is not; tried once."""
    python, home = _python_of(peer), CACHE / peer
    if Path(python).exists():
        return ""
    uv = os.environ.get("UV", "uv")
    try:
        for arguments in (
            ["venv", "--python", sys.executable, str(home)],
            ["pip", "install", "--python", python, *PEERS[peer]],
        ):
            command = [uv, *arguments, "--quiet"]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=LONGEST_INSTALL_S)
    except (OSError, subprocess.SubprocessError) as failure:
        shutil.rmtree(home, ignore_errors=True)
        said = getattr(failure, "stderr", None) or str(failure)
        return f"{peer} cannot be installed: {str(said).strip()}"
    return ""


def _python_of(peer: str) -> str:
    return str(CACHE / peer / "bin" / "python")


def _lay_out(scratch: Path, *, side: str) -> None:
    """Copy the probes, as modules side by side; what is written for plait becomes a peer's by its import line."""
    changes = {
        "from plait import": f"from {side} import",
        "from tests.bench.probes import": "import",
        "from tests.bench.probes.": "from ",
    }
    for script in PROBES.glob("*.py"):
        text = script.read_text()
        for ours, theirs in changes.items():
            text = text.replace(ours, theirs)
        (scratch / script.name).write_text(text)


def _environment(probe: Probe, scratch: Path) -> dict[str, str]:
    """The caller's environment without its own settings, and with the probe's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLAIT_", "PYTHON", "VIRTUAL_"))}
    return kept | {"PLAIT_HOME": str(scratch / "home")} | _recording(probe.durability)


def _recording(durability: str | None) -> dict[str, str]:
    """What makes plain Python record on SQLite, with *durability*; nothing when none."""
    return {"PLAIT_RECORD": "1", "PLAIT_DURABILITY": durability} if durability else {}
