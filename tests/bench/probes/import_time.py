"""Print how long ``import NAME`` takes in a fresh interpreter. Usage: ``import_time.py NAME``."""

import json
import sys
from importlib import import_module
from time import perf_counter

started = perf_counter()
import_module(sys.argv[1])
print(json.dumps({"seconds": perf_counter() - started}))
