"""
plait_dataframes: dataframes as values that tasks exchange.

Nothing here is called by users: they annotate with ``pandas.DataFrame``, ``pyarrow.Table``, ``polars.DataFrame`` or
``plait.StructuredDataset``, and the handlers of this package store what their tasks return.
"""
