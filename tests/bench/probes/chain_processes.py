"""The chain of ints again, each task in a warm worker process: what a round trip to one costs."""

import asyncio
import os
from contextlib import AsyncExitStack
from importlib import import_module

from plait_core.engine import Engine
from plait_core.plugins import Settings

STORE = f"sqlite:///{os.environ['PLAIT_HOME']}/chain.db"

chain_ints = import_module("chain_ints")
runner = asyncio.Runner()
opened = AsyncExitStack()
engines: list[Engine] = []


def prepare() -> None:
    """Open an engine and let it start its workers."""
    settings = Settings.discover(overrides={"executors": ["process"], "store": STORE})
    engines.append(runner.run(opened.enter_async_context(Engine(settings=settings))))
    run()


def run() -> None:
    """Run the chain once and check its answer."""
    assert runner.run(engines[0].call(chain_ints.chain, (), {"x": 0})) == chain_ints.N_TASKS


def finish() -> None:
    """Close the engine, and with it the workers."""
    runner.run(opened.aclose())
    runner.close()
