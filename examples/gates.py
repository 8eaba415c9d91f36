"""
Gates wait for people and for time; no task runs meanwhile.

    plait run examples/gates.py wf --amount 3

asks in the terminal. Elsewhere the execution waits until ``plait approve`` or ``plait signal`` answers.
"""

from datetime import timedelta

from plait import approve, sleep, task, wait_for_input, workflow


@task
def price(amount: int) -> float:
    """Work out a price."""
    return amount * 9.5


@task
def confirm(total: float, address: str) -> str:
    """Write the confirmation."""
    return f"{total:.2f} to be paid, delivery to {address}"


@workflow
def wf(amount: int = 2) -> str:
    """Order something: the price must be approved, the address supplied, and a moment must pass."""
    total = approve(price(amount=amount), "price", timeout=timedelta(days=1))
    address = wait_for_input("address", timeout=timedelta(hours=1), expected_type=str)
    sleep(timedelta(milliseconds=50))
    return confirm(total=total, address=address)
