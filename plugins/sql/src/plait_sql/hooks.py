"""
What plait_sql hands to plait.

Offers one database per URL scheme it serves. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""
