"""plait_dataframes: dataframes as values that tasks exchange."""
