"""Print how much memory a server has some seconds after it is ready, without workers."""

import json
from time import sleep

from tests.bench.probes.serving import serving

SETTLED_S = 5.0

with serving() as server:
    sleep(SETTLED_S)
    print(json.dumps({"resident_mb": server.resident_mb()}))
