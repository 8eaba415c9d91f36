"""
What plait_dataframes hands to plait.

Offers a handler per class of dataframe and storage format. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import DatasetFormatSpec

PLAIT_PLUGIN_API = 1

HANDLERS = {
    "pandas:DataFrame": "plait_dataframes.pandas_frames:Pandas",
    "pyarrow:Table": "plait_dataframes.arrow_tables:Arrow",
    "polars:DataFrame": "plait_dataframes.polars_frames:Polars",
    "polars:LazyFrame": "plait_dataframes.polars_frames:LazyPolars",
    "duckdb:DuckDBPyRelation": "plait_dataframes.duckdb_relations:Duckdb",
}
"""Class of dataframe -> where its handlers are; ``Parquet`` or ``Csv`` completes the name."""


@hookimpl
def plait_dataset_formats() -> Sequence[DatasetFormatSpec]:
    """Offer parquet, which is the default, and csv for every class."""
    parquet = [
        DatasetFormatSpec(python_type=kind, format="parquet", factory=f"{handlers}Parquet", is_default=True)
        for kind, handlers in HANDLERS.items()
    ]
    csv = [
        DatasetFormatSpec(python_type=kind, format="csv", factory=f"{handlers}Csv")
        for kind, handlers in HANDLERS.items()
    ]
    return parquet + csv
