"""Which arrays are taken, and in which type they are computed. NumPy is imported only when an array arrives."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import GeometryError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]

_CPU = 1  # kDLCPU in DLPack's dlpack.h


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``compute``: the type the sums are made in; ``result``: the type that is returned."""

    compute: np.dtype[Any]
    result: np.dtype[Any]

    @property
    def exact(self) -> bool:
        """Integers: every sum is exact."""
        return self.result.kind == "i"


def as_array(name: str, value: object) -> Array:
    """``value`` as a NumPy array of a type that can be computed with; no copy where there need not be one.

    Takes NumPy arrays, nested lists, and CPU arrays of any library that speaks DLPack.
    """
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        raise GeometryError(
            f"{name} is a masked array", "a convolution has no meaning for masked elements", "fill it: array.filled(0)"
        )

    if isinstance(value, np.ndarray) or not hasattr(value, "__dlpack__"):
        array = _from_python(name, value)
    else:
        array = _from_dlpack(name, value)
    if not computable(array.dtype):
        raise GeometryError(
            f"{name} has a type that cannot be computed with",
            f"{name} is {array.dtype}",
            "use integers, float16, bfloat16, float32 or float64",
        )
    return array


def computable(dtype: np.dtype[Any]) -> bool:
    """Integers, and the floating-point types that have a defined result here."""
    return dtype.kind in "iu" or dtype.char in "efd" or dtype.name == "bfloat16"  # a name takes longer than a layer


def _from_python(name: str, value: object) -> Array:
    import numpy as np

    try:
        return np.asarray(value)
    except ValueError as error:  # ragged lists
        raise GeometryError(
            f"{name} is not an array", str(error).splitlines()[0].rstrip("."), "give every row the same length"
        ) from None


def _from_dlpack(name: str, value: Any) -> Array:
    import numpy as np

    try:
        device = int(value.__dlpack_device__()[0])
    except (BufferError, RuntimeError, TypeError, ValueError) as error:  # a tensor without data has no device
        raise GeometryError(f"{name} is not in CPU memory", str(error).rstrip("."), "copy it to the CPU") from None
    if device != _CPU:
        raise GeometryError(f"{name} is not in CPU memory", f"DLPack device type {device}", "copy it to the CPU")
    try:
        return _from_bits(value) if _is_bfloat16(value) else np.from_dlpack(value)
    except (BufferError, ImportError, RuntimeError, TypeError) as error:
        raise GeometryError(
            f"{name} cannot be shared with NumPy",
            str(error).rstrip("."),
            "pass a detached array in a type that NumPy has, such as float32",
        ) from None


def library_of(value: Any) -> Any:
    """The module that an array which speaks DLPack comes from; it is loaded already, or there were no such array."""
    if hasattr(value, "__array_namespace__"):
        return value.__array_namespace__()
    return sys.modules.get(type(value).__module__.partition(".")[0])


def _is_bfloat16(value: Any) -> bool:
    return str(getattr(value, "dtype", "")).endswith("bfloat16")


def _from_bits(value: Any) -> Array:
    """NumPy's DLPack does not know bfloat16, so that its bits travel as int16."""
    import numpy as np

    try:
        import ml_dtypes
    except ImportError:
        raise ImportError("bfloat16 needs the package ml_dtypes") from None
    bits: Array = np.from_dlpack(value.view(library_of(value).int16))
    return bits.view(ml_dtypes.bfloat16)


def to_library(library: Any, array: Array) -> Any:
    """``array`` as an array of another library, sharing memory."""
    import numpy as np

    if array.dtype.char not in "efd" and array.dtype.name == "bfloat16":
        return library.from_dlpack(array.view(np.int16)).view(library.bfloat16)
    return library.from_dlpack(array)


def arithmetic(arrays: Sequence[tuple[str, Array]]) -> Arithmetic:
    """Integers in int64 exactly; float16 and bfloat16 in float32; the rest as NumPy promotes them."""
    import numpy as np

    if all(array.dtype.kind in "iu" for _, array in arrays):
        return Arithmetic(np.dtype(np.int64), np.dtype(np.int64))
    try:
        result = np.result_type(*(array.dtype for _, array in arrays))
    except TypeError:
        raise GeometryError(
            "the arrays have no common type",
            ", ".join(f"{name} is {array.dtype}" for name, array in arrays),
            "convert them to one type",
        ) from None
    return Arithmetic(np.dtype(np.float32) if result.itemsize < 4 else result, result)


def refuse_overflow(x: Array, weight: Array, bias: Array | None, *, groups: int, transposed: bool) -> int:
    """The largest magnitude that any sum of these integers can reach; an error where int64 could not hold it.

    ``weight`` is (C_in, C_out/groups, *k) where ``transposed``, else (C_out, C_in/groups, *k). The bound is the
    largest |x| times the sum of |weight| over all that one output channel can read, plus the largest |bias|.
    """
    import numpy as np

    limit = int(np.iinfo(np.int64).max)
    magnitudes = _exact_magnitudes(weight)
    by_group = magnitudes.reshape(groups, weight.shape[0] // groups, weight.shape[1], -1)
    per_output = int(by_group.sum(axis=(1, 3) if transposed else (2, 3)).max(initial=0))
    bound = _magnitude(x) * per_output + (0 if bias is None else _magnitude(bias))
    if bound > limit:
        raise GeometryError(
            "the integer result might not fit in 64 bits",
            f"|x| up to {_magnitude(x)}, |weight| summing to at most {per_output} in one output: at most {bound}",
            "use smaller integers, or floating point",
        )
    return bound


def refuse_unsigned(name: str, array: Array) -> None:
    """An error where an unsigned integer is beyond int64, in which integers are computed."""
    if array.dtype.kind == "u" and _magnitude(array) >= 2**63:
        raise GeometryError(
            f"{name} does not fit in 64 bits with a sign", f"{name} holds {_magnitude(array)}", "use smaller integers"
        )


def _magnitude(array: Array) -> int:
    return max(abs(int(array.max(initial=0))), abs(int(array.min(initial=0))))


def _exact_magnitudes(weight: Array) -> Array:
    """|weight| in a type in which all of it can be summed: int64, or Python integers where that might overflow."""
    import numpy as np

    if _magnitude(weight) * max(1, weight.size) <= np.iinfo(np.int64).max:
        small: Array = np.abs(weight.astype(np.int64))
        return small
    large: Array = np.abs(weight.astype(object))
    return large
