"""
The budgets, by the name under which ``poe bench NAME`` measures them.

One section per thing that must stay fast. A budget is a ratio against a peer measured in the same
run, against plait itself at another size, or an absolute limit.
"""

from tests.bench.report import Budget, Figure, Probe


def _probe(side: str, *command: object, durability: str | None = None) -> Probe:
    return Probe(side=side, command=tuple(map(str, command)), durability=durability)


def _figure(key: str, side: str, *command: object, durability: str | None = None) -> Figure:
    return Figure(probe=_probe(side, *command, durability=durability), key=key)


def _chain(side: str, module: str, n_tasks: int = 1000, *, durability: str | None = None) -> Figure:
    return _figure("s_per_item", side, "time_calls.py", module, n_tasks, durability=durability)


def _map(key: str, module: str, n_elements: int = 100_000) -> Figure:
    return _figure(key, "plait", "time_calls.py", module, n_elements, durability="normal")


def _per_item(what: str, figure: Figure, peer: Figure, limit: float) -> Budget:
    return Budget(what=what, figure=figure, peer=peer, limit=limit, unit="µs", scale=1e6)


BUDGETS: dict[str, tuple[Budget, ...]] = {
    "import": (
        Budget(
            what="`import plait` : `import flytekit`",
            figure=_figure("seconds", "plait", "import_time.py", "plait"),
            peer=_figure("seconds", "flytekit", "import_time.py", "flytekit"),
            limit=1 / 5,
            unit="ms",
            scale=1e3,
        ),
        Budget(
            what="the same for a file with one task and one workflow",
            figure=_figure("seconds", "plait", "import_time.py", "hello"),
            peer=_figure("seconds", "flytekit", "import_time.py", "hello"),
            limit=1 / 5,
            unit="ms",
            scale=1e3,
        ),
    ),
    "run": (
        Budget(
            what="`plait run hello.py`, recorded : `pyflyte run hello.py`",
            figure=_figure("seconds", "plait", "whole_process.py", "plait", "run", "hello.py", "wf", "--x", 3),
            peer=_figure("seconds", "flytekit", "whole_process.py", "pyflyte", "run", "hello.py", "wf", "--x", 3),
            limit=1 / 4,
        ),
    ),
    "chain": (
        _per_item(
            "chain of ints, in memory, per task : flytekit",
            _chain("plait", "chain_ints"),
            _chain("flytekit", "chain_ints"),
            1 / 20,
        ),
        _per_item(
            "chain of list and dataclass, in memory, per task : flytekit",
            _chain("plait", "chain_records"),
            _chain("flytekit", "chain_records"),
            1 / 10,
        ),
        _per_item(
            "chain of ints, in memory, per task, 20 000 tasks : 100 tasks",
            _chain("plait", "chain_ints", 20_000),
            _chain("plait", "chain_ints", 100),
            1.3,
        ),
    ),
    "durable": (
        _per_item(
            "chain of ints on SQLite, `normal`, per task : DBOS per step",
            _chain("plait", "chain_ints", durability="normal"),
            _chain("dbos", "chain_dbos"),
            1 / 10,
        ),
        _per_item(
            "chain of ints on SQLite, `full`, per task : DBOS per step",
            _chain("plait", "chain_ints", durability="full"),
            _chain("dbos", "chain_dbos"),
            1 / 3,
        ),
    ),
    "processes": (
        Budget(
            what="chain of ints in warm processes, SQLite, `normal`, per task",
            figure=_chain("plait", "chain_processes", 200, durability="normal"),
            limit=1,
            unit="ms",
            scale=1e3,
        ),
    ),
    "map": (
        Budget(
            what="map of 100 000 on SQLite, `normal`",
            figure=_map("seconds", "map_plain"),
            limit=20,
        ),
        Budget(
            what="the same, peak memory of the process",
            figure=_map("peak_mb", "map_plain"),
            limit=500,
            unit="MB",
        ),
        _per_item(
            "the same, per element, 100 000 : 1 000",
            _map("first_s_per_item", "map_plain"),
            _map("s_per_item", "map_plain", 1000),
            1.3,
        ),
        Budget(
            what="map of 100 000, half cached, 1 % failing once",
            figure=_map("seconds", "map_flaky"),
            limit=40,
        ),
        Budget(
            what="map of 100 000 killed at half and resumed: elements run twice",
            figure=_figure("repeated", "plait", "kill_and_resume.py", 100_000, durability="normal"),
            limit=1000,
            unit="elements",
        ),
    ),
}
