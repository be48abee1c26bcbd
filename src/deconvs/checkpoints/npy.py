"""Arrays of .npy files, read without pickle: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"""

from __future__ import annotations

import tokenize
import warnings
from io import BytesIO
from math import prod
from typing import IO, TYPE_CHECKING, Any

from ..errors import GeometryError
from .tensors import broken, misshapen, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BAD_HEADER = (ValueError, SyntaxError, TypeError, KeyError, EOFError, MemoryError, RecursionError, tokenize.TokenError)
"""What NumPy's header reader raises on damaged headers: it parses Python."""


def read_array(data: bytes, name: str) -> NDArray[Any]:
    """The array that a .npy file holds, sharing its memory; ``name`` is said in errors.

    Errors: GeometryError for damaged contents, and for Python objects, which only pickle could load.
    """
    import numpy as np
    from numpy.lib import format as npy

    stream = BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old or odd headers, which are either read or refused
            version = npy.read_magic(stream)
            if version == (1, 0):
                shape, column_major, dtype = npy.read_array_header_1_0(stream)
            elif version == (2, 0):
                shape, column_major, dtype = npy.read_array_header_2_0(stream)
            else:
                raise broken(name, f"version {version[0]}.{version[1]} of .npy, which is for records")
    except GeometryError:
        raise
    except _BAD_HEADER:
        raise broken(name, "it has no .npy header") from None
    if dtype.hasobject:
        raise GeometryError(
            "Python objects are not read, because pickle can run any code",
            f"{quoted(name)} has dtype {dtype}",
            "save it as numbers",
        )
    if (why := misshapen(shape)) is not None:
        raise broken(name, f"its shape has {why}")
    if dtype.itemsize == 0:
        # No bytes would be enough for any number of them, which are then written one by one.
        raise GeometryError(
            "elements of no bytes are not read", f"{quoted(name)} has dtype {dtype.str}", "save it without this array"
        )
    needed, found = prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if needed != found:
        raise broken(name, f"shape {shape} of {dtype} needs {needed} bytes, {found} are there")
    try:
        return np.ndarray(shape, dtype, data, stream.tell(), order="F" if column_major else "C")
    except (ValueError, TypeError, OverflowError) as error:  # no elements, but axes whose product NumPy cannot count
        raise broken(name, f"{error}") from None


def write_array(array: NDArray[Any], file: IO[bytes]) -> None:
    """``array`` as a .npy file."""
    from numpy.lib import format as npy

    npy.write_array(file, array, allow_pickle=False)
