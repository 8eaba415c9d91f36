"""
Entities that are registered, as ``plait run`` sees them: found by name on the server, each with the inputs that it still takes.

Their types are those that plait guesses from the registered interface, so that no code of theirs is needed here.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from plait.control.plane import ControlPlane, parameters_of, resolved
from plait.remote.executions import RemoteEntity
from plait_core.authoring.documentation import Described
from plait_core.authoring.interfaces import REQUIRED, PythonInput, PythonInterface
from plait_core.authoring.typesystem import process_types
from plait_core.errors import UserError
from plait_core.errors.stores import EntityUnknown
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import Parameter, TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import TaskTemplate
from plait_core.types.contexts import DETACHED


@attrs.frozen
class Registered:
    """An entity of the server that is to run; ``parameters`` are the inputs that it takes, with their defaults."""

    remote: RemoteEntity
    parameters: Sequence[Parameter]

    @property
    def name(self) -> str:
        """Its registered name."""
        return self.remote.name

    @property
    def kind(self) -> EntityKind:
        """Whether it is a task, a workflow or a launch plan."""
        return self.remote.id.kind

    @cached_property
    def interface(self) -> TypedInterface:
        """What may be given, and what comes out."""
        inputs = tuple(parameter.variable for parameter in self.parameters)
        return TypedInterface(inputs=inputs, outputs=self.remote.interface.outputs)

    @cached_property
    def python_interface(self) -> PythonInterface:
        """The same as Python types."""
        guess = process_types().guess
        return PythonInterface(
            {it.variable.name: PythonInput(guess(it.variable.type), _default(it)) for it in self.parameters},
            {variable.name: guess(variable.type) for variable in self.interface.outputs},
        )

    @property
    def input_types(self) -> Mapping[str, Any]:
        """Input name -> Python type."""
        return {name: declared.type for name, declared in self.python_interface.inputs.items()}

    @property
    def described(self) -> Described:
        """What its docstring says; that of a launch plan says nothing."""
        template = self.remote.template
        if isinstance(template, LaunchPlanTemplate):
            return Described()
        about = template.metadata if isinstance(template, TaskTemplate) else template
        return Described(short=about.short_description, long=about.long_description)


async def find_registered(plane: ControlPlane, kind: EntityKind, text: str, project: str, domain: str) -> Registered:
    """
    Return what ``NAME`` or ``NAME:VERSION`` names; without a version the active one of a launch plan, or else the newest.

    Raises:
        EntityUnknown: nothing is registered under the name.
        NotOnServer: the version is not.
    """
    name, _, version = text.partition(":")
    wanted = EntityId(kind=kind, project=project, domain=domain, name=name, version=version)
    found = await resolved(plane, wanted)
    if found is None:
        raise EntityUnknown(id=str(wanted).removesuffix("@"))
    remote = RemoteEntity(id=found, closure=await plane.closure(found))
    return Registered(remote, await parameters_of(plane, remote.closure))


def _default(parameter: Parameter) -> Any:
    """Return a default as the help shows it; what is kept as a file is not fetched for that, and shown by its place."""
    from plait.cli.documents import of_value

    if parameter.default is None:
        return REQUIRED if parameter.is_required else None
    try:
        python_type = process_types().guess(parameter.variable.type)
        return process_types().converter(python_type).to_python(parameter.default, DETACHED)
    except UserError:
        return of_value(parameter.default)
