"""
Two tasks and a workflow: the smallest thing worth running.

    plait run examples/hello.py wf --who Ada
"""

from plait import task, workflow


@task
def greet(who: str) -> str:
    """Greet; a task is a function whose annotations are its interface."""
    return f"Hello, {who}!"


@task
def letters(text: str) -> int:
    """Count the letters of *text*."""
    return sum(character.isalpha() for character in text)


@workflow
def wf(who: str = "world") -> tuple[str, int]:
    """
    Greet someone, and measure the greeting.

    The body runs once, to be read: calls return promises, and what is left is a graph of two nodes. Wrong
    types between them are found before anything runs.
    """
    greeting = greet(who=who)
    return greeting, letters(text=greeting)
