"""
What plait_datatypes hands to plait.

Offers one type transformer per library it serves. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""
