"""
Shell tasks: a script with typed inputs, whose values are quoted.

    plait run examples/shell_scripts.py wf --text "it's; rm -rf /tmp/x"
"""

from plait import File, kwtypes, task, workflow
from plait_shell import OutputLocation, ShellTask

count_words = ShellTask(
    "count_words",
    script="""
    set -e
    printf '%s' {inputs.text} | wc -w > {outputs.count}
    """,
    inputs=kwtypes(text=str),
    output_locs=[OutputLocation("count", File, "count.txt")],
)


@task
def read_number(count: File) -> int:
    """Read what the script wrote."""
    with count.open() as text:
        return int(text.read())


@workflow
def wf(text: str = "it's $HOME; no more, no less") -> int:
    """Count words; whatever stands in *text*, it stays one text to the shell."""
    return read_number(count=count_words(text=text))
