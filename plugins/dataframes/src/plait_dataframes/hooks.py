"""
What plait_dataframes hands to plait.

Offers an encoder and a decoder per dataframe library and storage format. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""
