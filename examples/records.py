"""
Records as values: dataclasses, nested as you like.

    plait run examples/records.py wf
    plait run examples/records.py total --items '[{"name": "tea", "price": 4.5, "n": 2}]'
"""

from dataclasses import dataclass, field

from plait import task, workflow


@dataclass
class Item:
    """One line of an order."""

    name: str
    price: float
    n: int = 1


@dataclass
class Order:
    """An order; records nest, and travel as they are, checked field by field."""

    customer: str
    items: list[Item] = field(default_factory=list)


@dataclass
class Receipt:
    """What the customer gets."""

    customer: str
    total: float


@task
def example_order() -> Order:
    """Make up an order."""
    return Order(customer="Ada", items=[Item("tea", 4.5, n=2), Item("scone", 3.0)])


@task
def total(items: list[Item]) -> float:
    """Add the items up."""
    return sum(item.price * item.n for item in items)


@task
def write_receipt(customer: str, total: float) -> Receipt:
    """Write down what is due."""
    return Receipt(customer=customer, total=total)


@workflow
def wf() -> Receipt:
    """Hand parts of a record on: ``order.items`` is a promise of that field."""
    order = example_order()
    return write_receipt(customer=order.customer, total=total(items=order.items))
