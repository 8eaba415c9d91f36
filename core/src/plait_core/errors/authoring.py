"""What goes wrong while workflows are declared, called and traced; all of it is the user's to fix."""

from plait_core.errors import UserError


class PromiseMisuse(UserError):
    """A promise was used as if its value were known while the workflow is being traced."""

    promise: str
    operation: str
    instead: str
    file: str
    line: int

    @property
    def problem(self) -> str:
        """What was attempted, and where."""
        return f"{self.file}:{self.line}: {self.operation} needs a value, but {self.promise} has none until the workflow runs"

    @property
    def remedy(self) -> str:
        """What to write instead."""
        return self.instead


class NotAwaited(UserError):
    """What a call in an eager task returns was used as if it were the result."""

    entity: str
    operation: str
    file: str
    line: int

    @property
    def problem(self) -> str:
        """What was attempted, and where the call is."""
        return f"{self.file}:{self.line}: {self.operation} needs the result of {self.entity}, which is not awaited"

    @property
    def remedy(self) -> str:
        """What to write instead."""
        return f"write `await {self.entity.rpartition('.')[2]}(…)`: in the body of an eager task every call is awaited"


class UnknownField(UserError):
    """A path into a promise names something that its type does not have."""

    promise: str
    step: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What was asked for."""
        return f"{self.promise} has no {self.step}"

    @property
    def remedy(self) -> str:
        """What there is."""
        return (
            f"use one of: {', '.join(self.known)}"
            if self.known
            else "pass the whole value to a task and look inside it there"
        )


class ForeignPromise(UserError):
    """A promise was used outside the workflow, or the arm of a conditional, that made it."""

    promise: str
    workflow: str

    @property
    def problem(self) -> str:
        """Which promise, and where it turned up."""
        return f"{self.promise} was made elsewhere and cannot be used in {self.workflow}"

    @property
    def remedy(self) -> str:
        """How values cross the border."""
        return "hand values over as inputs and outputs; what an arm of a conditional computes leaves it as the result of the conditional"


class MissingAnnotation(UserError):
    """A parameter or the return value has no type."""

    entity: str
    parameter: str

    @property
    def problem(self) -> str:
        """Which one."""
        return f"{self.entity}: {self.parameter!r} has no type annotation"

    @property
    def remedy(self) -> str:
        """How to give it one."""
        return f"annotate it, as in `{self.parameter}: int`; or pass `pickle_untyped=True` to accept anything that can be pickled"


class UnresolvableAnnotation(UserError):
    """An annotation written as text names something that cannot be found."""

    entity: str
    detail: str

    @property
    def problem(self) -> str:
        """What could not be evaluated."""
        return f"the annotations of {self.entity} cannot be read: {self.detail}"

    @property
    def remedy(self) -> str:
        """Where names must be."""
        return "define or import the name at the top of the module, outside `if TYPE_CHECKING`"


class UnsupportedParameter(UserError):
    """A parameter that cannot be handed over by name."""

    entity: str
    parameter: str

    @property
    def problem(self) -> str:
        """Which one."""
        return f"{self.entity}: the parameter {self.parameter} cannot become an input, because inputs are handed over by name"

    @property
    def remedy(self) -> str:
        """What to declare."""
        return "declare ordinary named parameters; take a list or a dict where their number varies"


class NestedFunction(UserError):
    """A task is defined inside a function, where no worker can find it again."""

    entity: str

    @property
    def problem(self) -> str:
        """Which one."""
        return f"{self.entity} is defined inside another function, so a worker cannot import it"

    @property
    def remedy(self) -> str:
        """Where to put it."""
        return "move it to the top level of the module; a decorator around it must use `functools.wraps`"


class MissingReturn(UserError):
    """A function promises a value and never returns one."""

    entity: str
    declared: str

    @property
    def problem(self) -> str:
        """Which one."""
        return f"{self.entity} declares that it returns {self.declared}, but it has no `return` with a value"

    @property
    def remedy(self) -> str:
        """Either side may be wrong."""
        return "return the value, or annotate the function with `-> None`"


class UnknownOptions(UserError):
    """A declaration was given keyword arguments that it does not know."""

    declaration: str
    unknown: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """Which ones."""
        return f"{self.declaration} does not know {', '.join(map(repr, self.unknown))}"

    @property
    def remedy(self) -> str:
        """What is meant, or all that there is."""
        from difflib import get_close_matches

        near = [match for name in self.unknown for match in get_close_matches(name, self.known, n=1)]
        return f"did you mean {', '.join(near)}?" if near else f"it knows: {', '.join(self.known)}"


class InvalidOption(UserError):
    """A declaration was given an argument it cannot use."""

    declaration: str
    option: str
    detail: str
    expected: str

    @property
    def problem(self) -> str:
        """What was given."""
        return f"{self.declaration}: {self.option} {self.detail}"

    @property
    def remedy(self) -> str:
        """What is accepted."""
        return self.expected


class WrongArguments(UserError):
    """A call does not fit the inputs of what it calls."""

    entity: str
    detail: str
    inputs: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What does not fit."""
        return f"{self.entity}() {self.detail}"

    @property
    def remedy(self) -> str:
        """What it takes."""
        return f"its inputs are: {', '.join(self.inputs) or 'none'}"


class WrongOutputs(UserError):
    """What was returned does not fit the declared outputs."""

    entity: str
    declared: tuple[str, ...]
    returned: str

    @property
    def problem(self) -> str:
        """Both sides."""
        return f"{self.entity} declares {_count(len(self.declared), 'output')} and returned {self.returned}"

    @property
    def remedy(self) -> str:
        """What to return."""
        match self.declared:
            case ():
                return "return nothing, or annotate the function with the type it returns"
            case (name,):
                return f"return one value ({name}); several outputs are declared as `-> tuple[A, B]`"
            case names:
                return f"return a tuple with one value each for: {', '.join(names)}"


class MutableDefault(UserError):
    """A task was called without an input whose default could be changed by whoever receives it."""

    entity: str
    parameter: str
    kind: str

    @property
    def problem(self) -> str:
        """Which default."""
        return f"{self.entity}: the default of {self.parameter!r} is a {self.kind}, which calls would share"

    @property
    def remedy(self) -> str:
        """What to write."""
        return f"pass {self.parameter!r} in the call, or default to None and make the {self.kind} inside the task"


class OutsideWorkflow(UserError):
    """Something that only makes sense while a workflow is traced was used elsewhere."""

    construct: str

    @property
    def problem(self) -> str:
        """What it was."""
        return f"{self.construct} has a meaning only inside a workflow or a dynamic task"

    @property
    def remedy(self) -> str:
        """Where to use it."""
        return "call it in the body of a function decorated with @workflow or @dynamic"


class InvalidConditional(UserError):
    """A conditional is incomplete or put together wrongly."""

    name: str
    detail: str
    instead: str
    file: str
    line: int

    @property
    def problem(self) -> str:
        """What is wrong."""
        return f"{self.file}:{self.line}: conditional {self.name!r} {self.detail}"

    @property
    def remedy(self) -> str:
        """How to complete it."""
        return self.instead


class InvalidMap(UserError):
    """Something cannot be mapped, or is mapped over lists that do not fit together."""

    entity: str
    detail: str
    instead: str

    @property
    def problem(self) -> str:
        """What is wrong."""
        return f"map over {self.entity}: {self.detail}"

    @property
    def remedy(self) -> str:
        """What can be mapped."""
        return self.instead


class InvalidWorkflow(UserError):
    """A workflow is declared in a way that cannot run."""

    workflow: str
    detail: str
    instead: str

    @property
    def problem(self) -> str:
        """What is wrong."""
        return f"{self.workflow}: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to change."""
        return self.instead


class InvalidLaunchPlan(UserError):
    """A launch plan does not fit its workflow, or another plan of the same name."""

    plan: str
    detail: str
    instead: str

    @property
    def problem(self) -> str:
        """What is wrong."""
        return f"launch plan {self.plan!r}: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to change."""
        return self.instead


class ReferenceCalled(UserError):
    """An entity that is only declared here was asked to run here."""

    entity: str

    @property
    def problem(self) -> str:
        """Which one."""
        return f"{self.entity} is a reference to something registered elsewhere; its code is not here"

    @property
    def remedy(self) -> str:
        """How to go on."""
        return "run the workflow where the entity is registered, or call an entity of your own in its place"


class NoLocalRunner(UserError):
    """An entity was called outside of workflows in a process that has no engine at hand."""

    entity: str

    @property
    def problem(self) -> str:
        """Which one."""
        return f"{self.entity} was called, but nothing in this process runs workflows"

    @property
    def remedy(self) -> str:
        """What installs one."""
        return "import plait first; it brings the embedded engine"


class CalledAtImport(UserError):
    """A module calls an entity while a worker imports it, and would so start a run in every worker of that run."""

    entity: str

    @property
    def problem(self) -> str:
        """Which one."""
        return f"{self.entity} is called while a worker imports the code of a task"

    @property
    def remedy(self) -> str:
        """Where such calls belong."""
        return 'put the call under `if __name__ == "__main__":`'


class ChildFailed(UserError):
    """An entity called by an eager task failed for good."""

    entity: str
    code: str
    message: str

    @property
    def problem(self) -> str:
        """Which one, and why."""
        return f"{self.entity} failed: {self.code}: {self.message}"

    @property
    def remedy(self) -> str:
        """How to deal with it."""
        return "catch this error around the `await` to go on without it, or give the task retries"


def _count(n: int, noun: str) -> str:
    return f"{n or 'no'} {noun}{'' if n == 1 else 's'}"
