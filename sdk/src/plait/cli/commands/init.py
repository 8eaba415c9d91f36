"""
``plait init``: the skeleton of a project.

Exit codes: 0 made, 2 usage: the folder is there already.
"""

import re
from pathlib import Path
from shlex import quote

import click

from plait.cli import documents

_FILES = {
    "workflows.py": '''"""The first workflow of {name}; run it with `plait run workflows.py greet --name you`."""

from plait import task, workflow


@task
def greeting(name: str) -> str:
    """Greet *name*."""
    return f"Hello, {{name}}!"


@task
def count(text: str) -> int:
    """Count the letters of *text*."""
    return sum(letter.isalpha() for letter in text)


@workflow
def greet(name: str = "world") -> tuple[str, int]:
    """Greet somebody, and measure the greeting."""
    text = greeting(name=name)
    return text, count(text=text)
''',
    "test_workflows.py": '''"""Tests call workflows like functions; nothing is recorded."""

from workflows import greet


def test_greet() -> None:
    assert tuple(greet(name="Ada")) == ("Hello, Ada!", 8)
''',
    "plait.toml": """# Settings of {name}. `plait run --env NAME` adds those of [env.NAME].

project = "{project}"

[env.dev]
executors = ["inline"]
""",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was made as one JSON document.")
@click.argument("name")
def command(name: str, as_json: bool) -> None:
    """Start a project in a new folder: a workflow, its test, and settings."""
    folder = Path(name)
    if folder.exists():
        raise click.UsageError(f"{folder} is there already; choose another name")
    folder.mkdir(parents=True)
    for file, text in _FILES.items():
        (folder / file).write_text(text.format(name=folder.name, project=_project_id(folder.name)), encoding="utf-8")
    if as_json:
        documents.show({"folder": str(folder), "files": list(_FILES)})
        return
    click.echo(
        f"made {folder}/ with {', '.join(_FILES)}\n  → cd {quote(str(folder))} && plait run workflows.py greet --name you"
    )


def _project_id(name: str) -> str:
    """Return *name* as a server takes it for a project: lower-case letters, digits and hyphens, at most 63."""
    return re.sub("[^a-z0-9]+", "-", name.lower())[:63].strip("-") or "default"
