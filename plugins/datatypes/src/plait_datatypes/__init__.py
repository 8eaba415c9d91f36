"""
plait_datatypes: pydantic models, numpy arrays and protobuf messages as values that tasks exchange.

Nothing here is called by users: they annotate with the classes of those libraries, and the transformers of this package convert them.
"""
