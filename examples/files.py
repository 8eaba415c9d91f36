"""
Files and directories are passed by reference: nothing is downloaded before somebody looks inside.

    plait run examples/files.py wf
"""

from pathlib import Path

from plait import Directory, File, current_context, task, workflow


@task
def write_poem(lines: list[str]) -> File:
    """Return a local file; its content is uploaded under the execution's prefix."""
    path = current_context().working_directory / "poem.txt"
    path.write_text("\n".join(lines))
    return File(path)


@task
def split(poem: File) -> Directory:
    """Read a file by ``open()``, which streams; return a directory of several."""
    folder = current_context().working_directory / "lines"
    folder.mkdir()
    with poem.open() as text:
        for number, line in enumerate(text):
            Path(folder, f"{number}.txt").write_text(line.strip())
    return Directory(folder)


@task
def longest(lines: Directory) -> str:
    """Look through a directory without downloading it, then open what is in it."""
    texts = [Path(file).read_text() for file in lines.listdir()]
    return max(texts, key=len)


@workflow
def wf(lines: list[str] = ["The fog comes", "on little cat feet."]) -> str:  # noqa: B006  # a constant
    """Write, split and search a poem."""
    return longest(lines=split(poem=write_poem(lines=lines)))
