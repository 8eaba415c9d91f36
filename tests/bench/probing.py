"""
Running probes: each in a fresh folder, in the interpreter and environment of its side.

Called by the command. Peers live in environments of their own under ``.bench/``, made by uv on
first use and kept; nothing is ever installed beside plait.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.report import Probe

PROBES = Path(__file__).parent / "probes"
CACHE = Path(__file__).parents[2] / ".bench"
PEERS = {
    "flytekit": ("flytekit==1.16.*", "click==8.1.8", "pandas"),  # flytekit 1.16 breaks with later clicks
    "dbos": ("dbos",),
}
LONGEST_PROBE_S = 600


class ProbeFailed(Exception):
    """A probe did not print its figures; the text is the end of what it said instead."""


def run_probe(probe: Probe) -> Mapping[str, float | None]:
    """
    Run *probe* once and return what it printed.

    Raises:
        ProbeFailed: It exited with a failure, took too long, or its interpreter is missing.
    """
    python = interpreter(probe.side)
    # beside the checkout, not in the system's temporary folder, which is often in memory and so never syncs
    with TemporaryDirectory(dir=CACHE) as scratch:
        _lay_out(Path(scratch), side=probe.side)
        try:
            run = subprocess.run(
                [python, *probe.command],
                cwd=scratch,
                env=_environment(probe, Path(scratch)),
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


def interpreter(side: str) -> str:
    """The Python of *side*; a peer's environment is installed when it does not exist yet."""
    if side == "plait":
        return sys.executable
    home = CACHE / side
    python = home / "bin" / "python"
    if not python.exists():
        uv = os.environ.get("UV", "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, home], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *PEERS[side]], check=True)
    return str(python)


def version(side: str) -> str:
    """The version of a peer that is installed, as ``name 1.2.3``."""
    ask = f"from importlib.metadata import version; print({side!r}, version({side!r}))"
    return subprocess.run([interpreter(side), "-c", ask], check=True, capture_output=True, text=True).stdout.strip()


def _lay_out(scratch: Path, *, side: str) -> None:
    """Copy the probes, written for plait, with the one change that makes them a peer's: the import line."""
    for script in PROBES.glob("*.py"):
        (scratch / script.name).write_text(script.read_text().replace("from plait import", f"from {side} import"))


def _environment(probe: Probe, scratch: Path) -> dict[str, str]:
    """The caller's environment without its own settings, and with the probe's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLAIT_", "PYTHON", "VIRTUAL_"))}
    return kept | {"PLAIT_HOME": str(scratch / "home")} | _recording(probe.durability)


def _recording(durability: str | None) -> dict[str, str]:
    """What makes plain Python record on SQLite, with *durability*; nothing when none."""
    return {"PLAIT_RECORD": "1", "PLAIT_DURABILITY": durability} if durability else {}
