"""
The launch form: of a version of an entity, or of what an execution ran, filled with the inputs it had.

With ``?from=EXECUTION`` that of a version is filled, too, as far as the inputs fit it: so an execution is repeated in another version.
"""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from urllib.parse import urlencode
from uuid import uuid4

import attrs
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from plait_core.compiler.values import misfit
from plait_core.errors import UserError
from plait_core.ir.executions import Closure, ExecutionMode
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.interfaces import Parameter, TypedInterface
from plait_core.ir.launch_plans import ExecutionOptions, LaunchPlanTemplate
from plait_core.ir.literals import LiteralMap
from plait_core.ports.databases import Page
from plait_server.api.launching import check_launch, find_target
from plait_server.console.entities import interface_of, template_of
from plait_server.console.forms import Field, fields_of, read_fields
from plait_server.console.options import INTERRUPTIBLE, OptionFields, option_fields, read_options
from plait_server.console.rendering import crumbs_of, page, place_of
from plait_server.console.values import show_all
from plait_server.console.visits import SECTIONS, Visit
from plait_server.places import input_uri
from plait_server.trust import open_to_start

VERSIONS = 10
"""How many of the newest versions a form offers."""
MAX_FILENAME = 50
"""In characters, which take up to four bytes each."""


@attrs.frozen(kw_only=True)
class Subject:
    """
    What is to be launched.

    ``reference`` is the execution that is repeated, ``given`` the inputs it had, ``fixed`` what a launch plan does not leave open.
    """

    id: EntityId
    closure: Closure
    parameters: tuple[Parameter, ...]
    fixed: LiteralMap
    given: LiteralMap
    options: ExecutionOptions
    reference: ExecutionId | None = None


async def launch_form(visit: Visit) -> Response:
    """Show the form of a version of an entity."""
    return await _filled(visit, await _registered(visit))


async def launch(visit: Visit) -> Response:
    """Launch what the form of a version of an entity asks for."""
    return await _launched(visit, await _registered(visit))


async def relaunch_form(visit: Visit) -> Response:
    """Show the form of what an execution ran, with its inputs."""
    return await _filled(visit, await _repeated(visit))


async def relaunch(visit: Visit) -> Response:
    """Launch what the form of an execution asks for."""
    return await _launched(visit, await _repeated(visit))


async def _filled(visit: Visit, subject: Subject) -> Response:
    fields = fields_of(subject.parameters, subject.given)
    return await _form(visit, subject, fields, option_fields(subject.options))


async def _registered(visit: Visit) -> Subject:
    closure = await find_target(visit.server.database.registry, visit.entity)
    if not (name := visit.query("from")):
        return _subject(closure, closure.main, {}, ExecutionOptions(), None)
    earlier = ExecutionId(project=visit.project, domain=visit.domain, name=name)
    spec = await visit.server.inspector.spec(earlier)
    subject = _subject(closure, closure.main, {}, spec.options, earlier)
    types = {it.variable.name: it.variable.type for it in subject.parameters}
    fitting = {
        var: literal
        for var, literal in spec.user_inputs.items()
        if var in types and not misfit(literal, types[var], var)
    }
    return attrs.evolve(subject, given=fitting)


async def _repeated(visit: Visit) -> Subject:
    inspector, execution = visit.server.inspector, visit.execution
    spec, closure = await inspector.spec(execution), await inspector.closure(execution)
    return _subject(closure, spec.target, spec.user_inputs, spec.options, execution)


def _subject(
    closure: Closure, target: EntityId, given: LiteralMap, options: ExecutionOptions, reference: ExecutionId | None
) -> Subject:
    template = template_of(closure, target)
    if isinstance(template, LaunchPlanTemplate):
        parameters, fixed = template.parameters, template.fixed_inputs
    else:
        parameters, fixed = _parameters(closure, target, interface_of(closure, target)), {}
    return Subject(
        id=target,
        closure=attrs.evolve(closure, main=target),
        parameters=tuple(parameter for parameter in parameters if parameter.variable.name not in fixed),
        fixed=fixed,
        given=given,
        options=attrs.evolve(options, overwrite_cache=None),  # which is asked for each time
        reference=reference,
    )


def _parameters(closure: Closure, target: EntityId, interface: TypedInterface) -> tuple[Parameter, ...]:
    """Return the inputs of an entity; a workflow has the defaults of its own launch plan."""
    plan = closure.launch_plan_by_id.get(attrs.evolve(target, kind=EntityKind.LAUNCH_PLAN))
    known = {it.variable.name: it for it in plan.parameters} if plan is not None else {}
    return tuple(known.get(it.name, Parameter(variable=it)) for it in interface.inputs)


async def _launched(visit: Visit, subject: Subject) -> Response:
    typed = visit.typed()
    uploads = await _uploads(visit)
    inputs_typed = {name.removeprefix("input-"): text for name, text in typed.items() if name.startswith("input-")}
    fields, inputs = read_fields(fields_of(subject.parameters, {}), inputs_typed, uploads)
    options, asked = read_options(typed, subject.options)
    if options.faults or any(field.fault for field in fields):
        return await _form(visit, subject, fields, options, status=422)
    try:
        await open_to_start(visit.server, visit.project, visit.principal)
        check_launch(options.name, asked)
        execution = await visit.server.engine.launch(
            subject.closure,
            inputs,
            options=asked,
            name=options.name,
            mode=ExecutionMode.RELAUNCH if subject.reference else ExecutionMode.MANUAL,
            principal=visit.principal.name,
            reference=subject.reference,
            project=visit.project,
            domain=visit.domain,
            audit=visit.line_of_start,
        )
    except UserError as error:
        return await _form(visit, subject, fields, options, status=422, problem=f"{error.problem}; {error.remedy}")
    return RedirectResponse(visit.execution_url(execution), status_code=303)


async def _uploads(visit: Visit) -> dict[str, str]:
    """Store the files of a form; returns the URI of each by the name of its input."""
    uris = {}
    for name, value in visit.form.items():
        if isinstance(value, UploadFile) and value.filename and name.startswith("file-"):
            place = (visit.server.blobs_root, visit.project, visit.domain, uuid4().hex)
            uri = input_uri(*place, _plain_name(value.filename))
            await _store(visit, value, uri)
            uris[name.removeprefix("file-")] = uri
    return uris


def _plain_name(filename: str) -> str:
    """Return the name of a file on somebody's machine without its folders and without what means something in a URI."""
    name = re.sub(r"[^\w .,=@()+-]", "_", filename.replace("\\", "/").rpartition("/")[2])
    return name.lstrip(". ")[-MAX_FILENAME:] or "file"


async def _store(visit: Visit, file: UploadFile, uri: str) -> None:
    """Store a file, however large, by way of one that has a name."""
    with NamedTemporaryFile() as named:
        await asyncio.to_thread(copyfileobj, file.file, named)
        named.flush()
        await visit.server.engine.blobs(uri).upload(Path(named.name), uri)


async def _form(
    visit: Visit,
    subject: Subject,
    fields: Sequence[Field],
    options: OptionFields,
    *,
    status: int = 200,
    problem: str = "",
) -> Response:
    id_, reference = subject.id, subject.reference
    section = "executions" if reference else SECTIONS[id_.kind]
    back = visit.execution_url(reference) if reference else visit.version_url(id_)
    name = reference.name if reference else id_.name
    return page(
        visit,
        "launch.html",
        status=status,
        place=await place_of(visit, section),
        crumbs=crumbs_of(visit, section, (name, back), ("Relaunch" if reference else "Launch", "")),
        id=id_,
        reference=reference,
        fields=fields,
        fixed=show_all(subject.fixed),
        options=options,
        interruptible=INTERRUPTIBLE,
        versions=await _versions(visit, subject),
        problem=problem,
        back=back,
    )


async def _versions(visit: Visit, subject: Subject) -> list[tuple[str, str]]:
    """Return the newest versions of what is launched, each with the address of its form filled like this one."""
    id_, page_ = subject.id, Page(limit=VERSIONS)
    found, _ = await visit.server.database.registry.list(
        id_.kind, project=id_.project, domain=id_.domain, name=id_.name, page=page_
    )
    query = f"?{urlencode({'from': subject.reference.name})}" if subject.reference else ""
    return [(version.version, f"{visit.version_url(version)}/launch{query}") for version in found]
