"""
Files and directories with a promised format, by the names that Flyte's users know.

``CSVFile`` says the same as ``File["csv"]``, in a form that static checkers follow.
"""

from plait_core.types.files import Directory, File


class HDF5EncodedFile(File, format="hdf5"):
    """An HDF5 file."""


class HTMLPage(File, format="html"):
    """A web page."""


class JoblibSerializedFile(File, format="joblib"):
    """An object that joblib stored."""


class JPEGImageFile(File, format="jpeg"):
    """A JPEG image."""


class PDFFile(File, format="pdf"):
    """A PDF document."""


class PNGImageFile(File, format="png"):
    """A PNG image."""


class PythonPickledFile(File, format="python_pickle"):
    """An object that pickle stored."""


class PythonNotebook(File, format="ipynb"):
    """A notebook."""


class SVGImageFile(File, format="svg"):
    """An SVG image."""


class CSVFile(File, format="csv"):
    """Comma-separated values."""


class ONNXFile(File, format="onnx"):
    """An ONNX model."""


class TFRecordFile(File, format="tfrecord"):
    """A file of TensorFlow records."""


class TFRecordsDirectory(Directory, format="tfrecords_dir"):
    """A directory of TensorFlow records."""


class JSONLFile(File, format="jsonl"):
    """JSON, one object per line."""
