"""
The budgets, by the name under which ``poe bench NAME`` measures them.

One section per thing that must stay fast. A budget is a ratio against a peer measured in the same
run, against plait itself at another size, or an absolute limit.
"""

from typing import Any

from tests.bench.report import Budget, Figure, Probe


def _probe(side: str, *command: object, **how: Any) -> Probe:
    return Probe(side=side, command=tuple(map(str, command)), **how)


def _figure(key: str, side: str, *command: object, **how: Any) -> Figure:
    return Figure(probe=_probe(side, *command, **how), key=key)


def _chain(side: str, module: str, n_tasks: int = 1000, **how: Any) -> Figure:
    return _figure("s_per_item", side, "time_calls.py", module, n_tasks, **how)


def _served(module: str, workflow: str, **how: Any) -> Figure:
    return _figure("s_per_item", "plait", "time_served.py", module, workflow, 200, **how)


def _map(key: str, module: str, n_elements: int = 100_000) -> Figure:
    return _figure(key, "plait", "time_calls.py", module, n_elements, durability="normal")


def _per_item(what: str, figure: Figure, peer: Figure, limit: float) -> Budget:
    return Budget(what=what, figure=figure, peer=peer, limit=limit, unit="µs", scale=1e6)


def _fair(tasks: str, task_s: float) -> Budget:
    return Budget(
        what=f"one task on 4 slots, beside ten executions of 1 000 tasks {tasks} : alone",
        figure=_figure("crowded_s", "plait", "fairness.py", 1000, task_s),
        peer=_figure("alone_s", "plait", "fairness.py", 1000, task_s),
        limit=3,
        unit="ms",
        scale=1e3,
    )


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
    "server": (
        _per_item(
            "chain of ints through a server, per task : Prefect with its server",
            _served("chain_ints", "chain"),
            _chain("prefect", "chain_prefect", 50),
            1,
        ),
        _per_item(
            "fan-out through a server, per task : Prefect with its server",
            _served("fan_ints", "fan"),
            _chain("prefect", "fan_prefect", 50),
            1,
        ),
        _per_item(
            "chain of ints through a server, per task : DBOS per step",
            _served("chain_ints", "chain"),
            _chain("dbos", "chain_dbos", 200),
            1,
        ),
        _per_item(
            "fan-out through a server, per task : DBOS per step",
            _served("fan_ints", "fan"),
            _chain("dbos", "fan_dbos", 200),
            1,
        ),
    ),
    "postgresql": (
        _per_item(
            "chain of ints through a server on PostgreSQL, per task : DBOS per step",
            _served("chain_ints", "chain", on_postgresql=True),
            _chain("dbos", "chain_dbos", 200, on_postgresql=True),
            1,
        ),
        _per_item(
            "fan-out through a server on PostgreSQL, per task : DBOS per step",
            _served("fan_ints", "fan", on_postgresql=True),
            _chain("dbos", "fan_dbos", 200, on_postgresql=True),
            1,
        ),
    ),
    "restart": (
        Budget(
            what="restart with 10 000 live nodes, until something is submitted",
            figure=_figure("seconds", "plait", "restart.py", 10_000),
            limit=2,
        ),
    ),
    "many": (
        Budget(
            what="1 000 executions in flight in one server, until all have ended",
            figure=_figure("seconds", "plait", "in_flight.py", 1000),
            limit=60,
        ),
        Budget(
            what="the same, peak memory of the server",
            figure=_figure("peak_mb", "plait", "in_flight.py", 1000),
            limit=250,
            unit="MB",
        ),
        _fair("of 100 ms", 0.1),
        _fair("that do nothing", 0),
        Budget(
            what="growth of a server's memory with each 1 000 executions",
            figure=_figure("growth_mb", "plait", "soak.py", 3000),
            limit=2,
            unit="MB",
        ),
        Budget(
            what="page of a list with 100 000 executions stored",
            figure=_figure("seconds", "plait", "lists.py", 100_000),
            limit=50,
            unit="ms",
            scale=1e3,
        ),
        Budget(
            what="page of a map of 100 000 in a browser, until there is something to see",
            figure=_figure("seconds", "plait", "first_paint.py", 100_000),
            limit=1,
            needs="browser",
        ),
        Budget(
            what="idle server without workers, memory",
            figure=_figure("resident_mb", "plait", "idle.py"),
            limit=120,
            unit="MB",
        ),
    ),
}
