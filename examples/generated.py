"""
Imperative workflows: put together call by call, for programs that generate them.

    plait run examples/generated.py wf --x 5
"""

from plait import Workflow, task


@task
def add(x: int, n: int) -> int:
    """Add."""
    return x + n


@task
def multiply(x: int, n: int) -> int:
    """Multiply."""
    return x * n


recipe = [(add, 1), (multiply, 10), (add, 2)]
"""In earnest, this would come from a file or a user interface."""

wf = Workflow("generated.wf")
value = wf.add_workflow_input("x", int)
for step, n in recipe:
    value = wf.add_entity(step, x=value, n=n).o0
wf.add_workflow_output("y", value, int)
