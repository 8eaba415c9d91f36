"""plait_datatypes: pydantic models, numpy arrays and protobuf messages as values that tasks exchange."""
