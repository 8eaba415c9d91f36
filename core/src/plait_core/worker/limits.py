"""
Limits: how much of a machine one attempt may take, set on the worker's process while the attempt runs and lifted afterwards.

Memory and ephemeral storage are the ``limits`` of the task's ``Resources``; time on a processor, open files and processes are settings of
whoever starts workers. Only soft limits move, so that they can be lifted again; children of the task inherit them.
"""

import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from plait_core.ir.tasks import Container, ResourceEntry, ResourceName
from plait_core.ir.units import Unit

CPU_SECONDS, OPEN_FILES, PROCESSES = "cpu_s", "open_files", "processes"


def requested_bytes(unit: Unit) -> int:
    """Return how much memory *unit* asks for: its request, or else its limit; 0 for none."""
    return _bytes(unit, ResourceName.MEMORY, is_request=True) or memory_limit(unit)


def memory_limit(unit: Unit) -> int:
    """Return how many bytes of memory *unit* may take at most; 0 for no limit."""
    return _bytes(unit, ResourceName.MEMORY)


@contextmanager
def limited(unit: Unit, allowances: Mapping[str, int]) -> Iterator[None]:
    """Hold this process to the limits of *unit*, and to *allowances*: ``cpu_s``, ``open_files`` and ``processes``, each if it is given."""
    limits = dict(_limits(unit, allowances))
    if not limits:
        yield
        return
    before = {kind: resource.getrlimit(kind) for kind in limits}
    for kind, amount in limits.items():
        _, hard = before[kind]
        resource.setrlimit(kind, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))
    try:
        yield
    finally:
        for kind, limit in before.items():
            resource.setrlimit(kind, limit)


def _limits(unit: Unit, allowances: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    if memory := memory_limit(unit):
        yield resource.RLIMIT_AS, memory + _address_space()
    if storage := _bytes(unit, ResourceName.EPHEMERAL_STORAGE):
        yield resource.RLIMIT_FSIZE, storage
    if seconds := allowances.get(CPU_SECONDS):
        used = resource.getrusage(resource.RUSAGE_SELF)
        yield resource.RLIMIT_CPU, seconds + int(used.ru_utime + used.ru_stime) + 1
    if files := allowances.get(OPEN_FILES):
        yield resource.RLIMIT_NOFILE, files
    if processes := allowances.get(PROCESSES):
        yield resource.RLIMIT_NPROC, processes


def _address_space() -> int:
    """Return the bytes of addresses in use, which say nothing about memory: most of them were never touched."""
    try:
        pages = Path("/proc/self/statm").read_text().split(maxsplit=1)[0]
    except FileNotFoundError:
        return 0
    return int(pages) * resource.getpagesize()


def _bytes(unit: Unit, name: ResourceName, *, is_request: bool = False) -> int:
    entries = _entries(unit, is_request=is_request)
    if not entries:
        return 0
    from plait_core.compiler.quantities import parse_quantity

    return next((int(parse_quantity(entry.quantity)) for entry in entries if entry.name is name), 0)


def _entries(unit: Unit, *, is_request: bool) -> tuple[ResourceEntry, ...]:
    target = unit.template.target
    if not isinstance(target, Container):
        return ()
    return target.resources.requests if is_request else target.resources.limits
