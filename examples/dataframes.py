"""
Dataframes: pass them as they are, or as a ``StructuredDataset`` that says which columns it has.

    plait run examples/dataframes.py wf
"""

from typing import Annotated

import pandas as pd

from plait import StructuredDataset, kwtypes, task, workflow

Sales = Annotated[StructuredDataset, kwtypes(town=str, amount=int)]
"""A table with two columns at least; a task that receives it reads no others."""


@task
def load_sales() -> Sales:
    """Store a dataframe; the format is parquet unless the annotation asks for another."""
    dataframe = pd.DataFrame({"town": ["Bonn", "Oslo", "Bonn"], "amount": [3, 5, 4], "clerk": ["Ada", "Bob", "Ada"]})
    return StructuredDataset(dataframe=dataframe)


@task
def per_town(sales: Sales) -> pd.DataFrame:
    """Open the table as the class of dataframe that suits; ``.iter()`` would read it in parts."""
    dataframe: pd.DataFrame = sales.open(pd.DataFrame).all()
    return dataframe.groupby("town", as_index=False).sum()


@task
def best(totals: pd.DataFrame) -> tuple[str, int]:
    """Receive a dataframe as such."""
    first = totals.sort_values("amount", ascending=False).iloc[0]
    return str(first["town"]), int(first["amount"])


@workflow
def wf() -> tuple[str, int]:
    """Find the town that sold most."""
    return best(totals=per_town(sales=load_sales()))
