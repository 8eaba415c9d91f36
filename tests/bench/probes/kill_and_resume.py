"""
Kill ``plait run`` of a map at half, resume it, and print how many elements ran twice.

Usage: ``kill_and_resume.py N_ELEMENTS``. What ran is counted from outside, in the lines that the
elements of ``map_traced.py`` leave in ``elements.log``.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter, sleep

PLAIT = str(Path(sys.executable).parent / "plait")
LOG = Path("elements.log")
LINE_BYTES = 8


def wait_until_half_ran(run: "subprocess.Popen[bytes]", n_elements: int) -> None:
    while not LOG.exists() or LOG.stat().st_size < n_elements // 2 * LINE_BYTES:
        if run.poll() is not None:
            sys.exit(f"plait run ended with {run.returncode} before half of its elements ran")
        sleep(0.005)


def interrupted_execution() -> str:
    """The name of the only execution in this home."""
    listing = subprocess.run([PLAIT, "get", "executions", "--json"], check=True, capture_output=True)
    (execution,) = json.loads(listing.stdout)
    return str(execution["name"])


n_elements = int(sys.argv[1])
started = perf_counter()
run = subprocess.Popen([PLAIT, "run", "map_traced.py", "wf", "--n", str(n_elements)], stdout=subprocess.DEVNULL)
wait_until_half_ran(run, n_elements)
run.kill()
run.wait()
subprocess.run([PLAIT, "run", "--resume", interrupted_execution()], check=True, stdout=subprocess.DEVNULL)
seconds = perf_counter() - started

runs = Counter(LOG.read_text().split())
if len(runs) != n_elements:
    sys.exit(f"{n_elements - len(runs)} of {n_elements} elements never ran")
print(json.dumps({"seconds": seconds, "repeated": runs.total() - n_elements}))
