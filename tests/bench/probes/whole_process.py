"""
Print how long a command installed beside this interpreter takes from start to exit.

Usage: ``whole_process.py COMMAND ARGUMENT...``. It runs twice and the second run counts: the first
one makes the command's home folder, which happens once in a user's life.
"""

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

command = [str(Path(sys.executable).parent / sys.argv[1]), *sys.argv[2:]]
seconds = 0.0
for _ in range(2):
    started = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = perf_counter() - started
print(json.dumps({"seconds": seconds}))
