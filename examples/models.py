"""
Pydantic models as values: validated wherever they arrive.

    plait run examples/models.py wf
    plait run examples/models.py announce --event '{"title": "Tea", "guests": 3}'
"""

from pydantic import BaseModel, Field

from plait import task, workflow


class Event(BaseModel):
    """Something to invite people to."""

    title: str = Field(min_length=1)
    guests: int = Field(ge=0)


@task
def plan(title: str, tables: int) -> Event:
    """Make a model."""
    return Event(title=title, guests=4 * tables)


@task
def announce(event: Event) -> str:
    """Receive one."""
    return f"{event.title} for {event.guests}"


@workflow
def wf(title: str = "Tea", tables: int = 3) -> str:
    """Plan an event and tell people."""
    return announce(event=plan(title=title, tables=tables))
