"""
What plait_local hands to plait.

Offers the Python-function task kind, the inline and process executors, file blobs and two secret providers. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""
