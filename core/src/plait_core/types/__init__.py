"""
The type engine: Python types and values to literal types and literals, and back.

``TypeEngine.converter(type)`` compiles a ``Converter`` once per type; converters do the work. Writers of plugins
subclass ``TypeTransformer``. What users annotate with lives in ``files``, ``datasets`` and ``annotations``.
"""

from plait_core.types.contexts import ConversionContext
from plait_core.types.converters import Converter
from plait_core.types.engine import TypeEngine
from plait_core.types.transformers import TypeTransformer

__all__ = ["ConversionContext", "Converter", "TypeEngine", "TypeTransformer"]
