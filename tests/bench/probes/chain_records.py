"""A chain of tasks, each handing on a list of 100 integers and a dataclass of five fields."""

import os
from dataclasses import dataclass

from plait import task, workflow

N_TASKS = int(os.environ["N_ITEMS"])


@dataclass
class Reading:
    """What a sensor reported."""

    sensor: str
    serial: int
    celsius: float
    is_valid: bool
    note: str


NUMBERS = list(range(100))
READING = Reading(sensor="roof", serial=7, celsius=21.5, is_valid=True, note="calm")


@task
def pass_on(numbers: list[int], reading: Reading) -> tuple[list[int], Reading]:
    """Hand on both values."""
    return numbers, reading


@workflow
def chain(numbers: list[int], reading: Reading) -> tuple[list[int], Reading]:
    """Hand on both values, N_TASKS times."""
    for _ in range(N_TASKS):
        numbers, reading = pass_on(numbers=numbers, reading=reading)
    return numbers, reading


def run() -> None:
    """Run the chain once and check its answer."""
    numbers, reading = chain(numbers=NUMBERS, reading=READING)
    assert (numbers, reading) == (NUMBERS, READING)
