"""
What tests stand on: in-memory twins of the ports, conformance suites, a virtual clock, fakes.

For plait's own tests and for those of plugins and of platforms that embed plait. Import from the modules.
"""
