"""
What a task needs from the place where it runs: secrets, resources, an image. Said here, honoured by executors that can.

    GREETING_TOKEN=hush plait run examples/declarations.py wf
"""

from plait import Environment, ImageSpec, Resources, Secret, current_context, task, workflow

image = ImageSpec(name="greeter", python_version="3.12", packages=["httpx"], apt_packages=["git"])
"""An image by its content; its tag follows from that, so an unchanged one is never built again."""

token = Secret(group="greeting", key="token")
"""A request. On this machine the variable ``GREETING_TOKEN``, or the file ``/etc/secrets/greeting/token``, has the value."""

team = Environment(container_image=image, resources=Resources(cpu="500m", mem=("256Mi", "1Gi")))
"""Arguments that several tasks share; a pair is (request, limit), a single value is both."""


@team.task(secret_requests=[token], environment={"TONE": "warm"})
def sign(text: str) -> str:
    """Read a secret that the task asks for; any other is refused."""
    secret = current_context().secrets.get("greeting", "token")
    return f"{text} ({len(secret)} letters of proof)"


@task(retries=1)
def shorten(text: str) -> str:
    """Keep the beginning."""
    return text[:16]


@workflow
def wf(text: str = "hello") -> str:
    """Change what one call asks for, and leave the task as it is."""
    signed = sign.with_overrides(resources=Resources(cpu=2, mem="2Gi"), name="sign with care")(text=text)
    return shorten(text=signed)
