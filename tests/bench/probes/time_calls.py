"""
Print how long ``run()`` of a workload module takes, and the most memory this process ever held.

Usage: ``time_calls.py MODULE N_ITEMS``. The workload reads its size from ``N_ITEMS`` in the
environment; its ``prepare()`` and ``finish()``, where it has them, are not timed. The first call is reported apart,
because it alone pays for tracing, compiling and deferred imports; the later ones, made for about a
second, are summed up by their median. A call that takes very long is not repeated and stands for
the later ones, too.
"""

import json
import os
import resource
import sys
from importlib import import_module
from statistics import median
from time import perf_counter
from types import ModuleType

ENOUGH_S = 1.0
FEWEST_CALLS = 1 if "BENCH_QUICK" in os.environ else 3


def call_s(workload: ModuleType) -> float:
    started = perf_counter()
    workload.run()
    return perf_counter() - started


name, n_items = sys.argv[1], int(sys.argv[2])
os.environ["N_ITEMS"] = str(n_items)
workload = import_module(name)
if hasattr(workload, "prepare"):
    workload.prepare()

first = call_s(workload)
later: list[float] = []
while first < 10 * ENOUGH_S and (len(later) < FEWEST_CALLS or sum(later) < ENOUGH_S):
    later.append(call_s(workload))

if hasattr(workload, "finish"):
    workload.finish()
print(
    json.dumps(
        {
            "seconds": first,
            "first_s_per_item": first / n_items,
            "s_per_item": median(later or [first]) / n_items,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
