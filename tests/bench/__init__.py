"""
Benchmarks: plait against its peers and its own budgets (``poe bench``).

Probes are small scripts that run alone in the interpreter they measure and print one JSON line;
this package schedules them and compares what they print. Nothing here imports plait or a peer.
"""
