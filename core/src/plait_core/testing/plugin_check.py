"""
The check of a plugin: does it load, is it light, can what it offers be imported, and is each offer proved?

Called by ``plait plugins check NAME``. The proof is the plugin's own module ``conformance`` beside its hooks, in
which each port that it offers has a class derived from the port's suite; pytest runs it in a process of its own.
"""

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from plait_core.errors import PlaitError
from plait_core.errors.plugins import UnknownOffer
from plait_core.hookspecs import PLUGIN_API
from plait_core.plugins.registry import Plugins
from plait_core.plugins.roster import Member
from plait_core.ports.specs import HealthCheck

IMPORT_LIMIT_MS = 5.0
"""What importing the hooks of a plugin may take: every command of plait pays for it."""

SUITES: Mapping[str, tuple[str, ...]] = {
    "plait_task_kinds": ("TaskKindConformance",),
    "plait_connectors": ("ConnectorConformance",),
    "plait_executors": ("ExecutorConformance",),
    "plait_type_transformers": ("TypeTransformerConformance",),
    "plait_blob_stores": ("BlobStoreConformance",),
    "plait_stores": (
        "AccountsConformance",
        "CacheIndexConformance",
        "EventLogConformance",
        "InboxConformance",
        "LeasesConformance",
        "RegistryConformance",
        "SchedulesConformance",
        "ViewsConformance",
    ),
    "plait_secret_providers": ("SecretProviderConformance",),
    "plait_schedules": ("ScheduleConformance",),
}
"""Provider hook -> the suites of ``plait_core.testing`` that what it offers has to pass."""

_FREE_TO_IMPORT = {*sys.stdlib_module_names, "attr", "attrs", "plait_core", "pluggy"}
_IMPORT_HOOKS = """
import json, sys, time
import plait_core.hookspecs
before, started = set(sys.modules), time.process_time()
__import__(sys.argv[1])
print(json.dumps([(time.process_time() - started) * 1000, sorted(set(sys.modules) - before)]))
"""


def check_plugin(plugins: Plugins, name: str) -> Sequence[HealthCheck]:
    """
    Check plugin *name* and return what was found, in order; later checks are left out when it does not load.

    Raises:
        UnknownOffer: no plugin of this name is installed and in use.
    """
    for rejected in plugins.quarantined():
        if rejected.plugin == name:
            return [_failed("loads", rejected.reason, rejected.remedy)]
    members = {member.found.name: member for member in plugins.members()}
    if name not in members:
        raise UnknownOffer(what="plugin", name=name, known=tuple(members))
    member = members[name]
    offered = _importable(plugins, member)
    if quarantined := [error for error in plugins.quarantined() if error.plugin == name]:
        return [_failed("loads", quarantined[0].reason, quarantined[0].remedy)]
    return [
        _passed("loads", f"{member.found.distribution} {member.found.version}"),
        _api(member),
        *_light(member),
        *offered,
        *_proved(plugins, member),
    ]


def _api(member: Member) -> HealthCheck:
    """Check that the plugin states the API it was written for: without, it breaks when the API moves on."""
    stated = getattr(member.hooks, "PLAIT_PLUGIN_API", None)
    if stated is None:
        return _failed(
            "states its plugin API", "it does not", f"write `PLAIT_PLUGIN_API = {PLUGIN_API}` in {member.found.module}"
        )
    return _passed("states its plugin API", str(stated))


def _light(member: Member) -> Iterator[HealthCheck]:
    """Import the hooks in fresh processes; the quickest counts, for the machine may be busy."""
    command = [sys.executable, "-c", _IMPORT_HOOKS, member.found.module]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3)]
    quickest_ms, loaded = min(runs)
    own = member.found.module.split(".")[0]
    foreign = sorted({module.split(".")[0] for module in loaded} - {own, *_FREE_TO_IMPORT})
    if foreign:
        remedy = f"import {', '.join(foreign)} on first use, in a module that only a factory names"
        yield _failed("hooks import no vendor package", f"they import {', '.join(foreign)}", remedy)
    else:
        yield _passed("hooks import no vendor package", "they do not")
    found = f"{quickest_ms:.1f} ms of {IMPORT_LIMIT_MS:.0f} ms"
    if quickest_ms > IMPORT_LIMIT_MS:
        yield _failed("hooks import quickly", found, "move what is slow to modules that only factories name")
    else:
        yield _passed("hooks import quickly", found)


def _importable(plugins: Plugins, member: Member) -> Sequence[HealthCheck]:
    """Import every factory, and the class of the settings."""
    found = []
    for offer in plugins.offers():
        if offer.member is not member:
            continue
        title = f"offers the {offer.what} {offer.name}"
        try:
            plugins.resolve(offer.spec.factory)
            found.append(_passed(title, offer.spec.factory))
        except PlaitError as error:
            found.append(_failed(title, error.problem, error.remedy))
    return found


def _proved(plugins: Plugins, member: Member) -> Iterator[HealthCheck]:
    """Look for a suite per port that is offered, and run what is there."""
    hooks = {offer.hook for offer in plugins.offers() if offer.member is member}
    wanted = {suite for hook in hooks for suite in SUITES.get(hook, ())}
    module = ".".join([*member.found.module.split(".")[:-1], "conformance"])
    try:
        suites = _suites(importlib.import_module(module))
    except ImportError as problem:
        if problem.name == "pytest":
            yield _without_pytest("proves what it offers")
        elif wanted:
            remedy = f"write {module} with a class derived from each of: {', '.join(sorted(wanted))}"
            yield _failed("proves what it offers", str(problem), remedy)
        return
    for missing in sorted(wanted - suites):
        remedy = f"derive a class from plait_core.testing’s {missing} in {module}"
        yield _failed(f"proves itself by {missing}", "no class does", remedy)
    yield _run(module)


def _suites(module: Any) -> set[str]:
    """Return the names of the suites of plait that classes of *module* are derived from."""
    classes = [
        value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__
    ]
    bases = {base for cls in classes for base in cls.__mro__[1:]}
    return {base.__name__ for base in bases if base.__module__.startswith("plait_core.testing")}


def _run(module: str) -> HealthCheck:
    """Let pytest run the classes of *module* from a folder of its own, out of reach of any configuration."""
    with TemporaryDirectory() as folder:
        tests = Path(folder, "test_conformance.py")
        tests.write_text(f"from {module} import *\n")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            f"--rootdir={folder}",
            str(tests),
        ]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    lines = (ended.stdout or ended.stderr).strip().splitlines() or ["no output"]
    if ended.returncode == 0:
        return _passed("passes conformance", lines[-1])
    if "No module named pytest" in ended.stderr:
        return _without_pytest("passes conformance")
    return _failed("passes conformance", "\n".join(lines[-40:]), "make the plugin do what the failing tests say")


def _without_pytest(name: str) -> HealthCheck:
    return _failed(name, "pytest is not installed", "pip install pytest")


def _passed(name: str, detail: str) -> HealthCheck:
    return HealthCheck(name=name, is_ok=True, detail=detail)


def _failed(name: str, detail: str, remedy: str) -> HealthCheck:
    return HealthCheck(name=name, is_ok=False, detail=detail, remedy=remedy)
