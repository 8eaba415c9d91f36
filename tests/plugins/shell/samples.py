"""Shell tasks that the tests run, at the top level of a module, where workers find them."""

from plait_core.authoring.tasks import task
from plait_core.authoring.workflows import workflow
from plait_core.types.datasets import kwtypes
from plait_core.types.files import Directory, File
from plait_shell import OutputLocation, ShellTask, get_raw_shell_task

greet = ShellTask(
    name="greet",
    script='echo "Hello, {inputs.name}!" > {outputs.greeting}',
    inputs=kwtypes(name=str),
    output_locs=[OutputLocation("greeting", File, "greetings/{inputs.name}.txt")],
)

copy = ShellTask(
    name="copy",
    script="cp {inputs.source} {outputs.file}; mkdir {outputs.folder}; cp {inputs.source} {outputs.folder}/again",
    inputs=kwtypes(source=File),
    output_locs=[OutputLocation("file", File, "copied"), OutputLocation("folder", Directory, "folder")],
)

show = ShellTask(
    name="show",
    script="printenv COLOUR; pwd; echo {ctx.attempt} {ctx.task_id.name}",
    environment={"COLOUR": "blue"},
)

fail = ShellTask(name="fail", script="touch trace; echo said; echo why >&2; exit 3")

raw = get_raw_shell_task(name="raw")


@task
def read(file: File) -> str:
    """Return the content."""
    with file.open() as stream:
        text: str = stream.read()
    return text


@task
def listing(folder: Directory) -> list[str]:
    """Return the names of the files."""
    return [name for _, name in folder.crawl()]


@workflow
def greeted(name: str) -> str:
    """Greet by a script and read what it wrote."""
    return read(file=greet(name=name))


@workflow
def copied(source: File) -> tuple[str, list[str]]:
    """Use both outputs of a script."""
    outputs = copy(source=source)
    return read(file=outputs.file), listing(folder=outputs.folder)


@workflow
def ran_raw(script: File) -> list[str]:
    """Run a script file with a variable and two arguments."""
    return listing(folder=raw(env={"COLOUR": "blue"}, script_args="one 'two three'", script_file=script))
