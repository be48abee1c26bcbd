"""The operator as callers use it: weights packed once, then any number of inputs. NumPy's gemm view over BLAS."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import integer
from ..dtypes import Arithmetic, arithmetic, as_array, refuse_overflow
from ..errors import GeometryError
from ..geometry import Conv, ConvTranspose, Padding, Sizes
from ..memory import require_bytes
from ..plan import Plan
from .border import Weights, own_kind, read_input, read_out, read_weights
from .interpret import interpret, on_space, prepare

Array = NDArray[Any]

_EXACT_IN_DOUBLE = 2**53
_COLUMN_BYTES = 32 * 2**20
"""Column buffer that a batch may take at once; more images than fit are computed in turns."""


class Operator:
    """A ConvTranspose with its weights, ready to be called; made by ``g.prepare(weight, bias)``.

    >>> import numpy as np
    >>> from deconvs import ConvTranspose
    >>> op = ConvTranspose((2,), stride=2).prepare(np.array([[[1.0, -1.0]]]), bias=np.array([0.5]))
    >>> op(np.array([[3.0, 4.0]]))
    array([[ 3.5, -2.5,  4.5, -3.5]])
    >>> print(op)
    ConvTranspose(kernel_size=(2,), stride=(2,)), channels 1 -> 1, float64, by NumPy's gemm view

    x: (N, C_in, *input) or (C_in, *input). Every call returns an array of its own unless ``out`` is given.
    Integers are computed exactly and give int64 (an overflow is refused by a bound); float16 and bfloat16 are
    computed in float32. ``threads`` limits the threads of NumPy's BLAS and needs threadpoolctl for that.
    """

    def __init__(self, geometry: ConvTranspose, weight: object, bias: object = None) -> None:
        read = read_weights(geometry, weight, bias)
        # Copies: changing the caller's arrays later must not change the operator.
        self._weights = Weights(
            read.weight.copy(), None if read.bias is None else read.bias.copy(), read.c_in, read.c_out
        )
        self._plan = geometry.plan("gemm")
        self._packed: dict[np.dtype[Any], tuple[Any, ...]] = {}

    @property
    def geometry(self) -> ConvTranspose:
        """The geometry it was prepared for."""
        return self._plan.geometry

    def __call__(self, x: Any, out: Any = None, threads: int | None = None) -> Any:
        return _conv_transpose(self._plan, self._weights, self._pack, x, out, threads)

    def _pack(self, compute: np.dtype[Any]) -> tuple[Any, ...]:
        if compute not in self._packed:
            self._packed[compute] = _packed(self._plan, self._weights, compute)
        return self._packed[compute]

    def __repr__(self) -> str:
        w = self._weights
        return f"{self.geometry}, channels {w.c_in} -> {w.c_out}, {w.weight.dtype}, by NumPy's gemm view"


def conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    out: Any = None,
    threads: int | None = None,
) -> Any:
    """Transposed convolution over any number of axes; the number is that of the weight's kernel axes.

    >>> import numpy as np
    >>> x = np.array([[[1, 2], [3, 4]]])                         # (C_in, 2, 2)
    >>> w = np.arange(1, 10).reshape(1, 1, 3, 3)                  # (C_in, C_out, 3, 3)
    >>> conv_transpose(x, w)[0]
    array([[ 1,  4,  7,  6],
           [ 7, 23, 33, 24],
           [19, 53, 63, 42],
           [21, 52, 59, 36]])

    x: (N, C_in, *input) or (C_in, *input); weight: (C_in, C_out/groups, *kernel_size); bias: (C_out,). Parameters are
    those of `ConvTranspose`. NumPy in, NumPy out; any CPU array with DLPack in, its own kind out. Types, ``out`` and
    ``threads`` are those of `Operator`; to use the same weights again, ``ConvTranspose(...).prepare(weight, bias)``.
    Errors: GeometryError. Source: Dumoulin & Visin 2018, chapter 4.
    """
    kernels = kernel_array(weight)
    geometry = ConvTranspose(kernels.shape[2:], stride, padding, output_padding, dilation, groups)
    weights = read_weights(geometry, kernels, bias)
    plan = geometry.plan("gemm")
    return _conv_transpose(plan, weights, lambda compute: _packed(plan, weights, compute), x, out, threads)


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Any:
    """Convolution (cross-correlation) over any number of axes: the operator C whose transpose is conv_transpose.

    >>> import numpy as np
    >>> conv(np.arange(5).reshape(1, 5), np.array([[[1, 10]]]), stride=2)
    array([[10, 32]])

    x: (N, C_in, *input) or (C_in, *input); weight: (C_out, C_in/groups, *kernel_size); bias: (C_out,). Parameters are
    those of `Conv`, types those of `Operator`. Errors: GeometryError. Source: Dumoulin & Visin 2018, chapter 2.
    """
    kernels = kernel_array(weight)
    geometry = Conv(kernels.shape[2:], stride, padding, dilation, groups)
    weights = read_weights(geometry, kernels, bias)
    restore = own_kind(x)
    data, batched = read_input(x, geometry.ndim, weights.c_in)
    types = arithmetic([("x", data), *weights.named()])
    size = geometry.output_size(data.shape[2:])
    shape = (data.shape[0], weights.c_out, *size)
    converted = 0 if data.dtype == types.compute else data.size
    require_bytes("the convolution", f"output {shape}", types.compute.itemsize * (3 * prod(shape) + converted))
    compute = _compute_type(types, data, weights, transposed=False)
    with np.errstate(all="ignore"):
        y = _gathered(geometry, data.astype(compute, copy=False), weights.weight.astype(compute, copy=False), size)
        if weights.bias is not None:
            y += weights.bias.astype(compute).reshape(-1, *(1,) * geometry.ndim)
        y = y.astype(types.result, copy=False)
    return restore(y if batched else y[0])


def kernel_array(weight: Any) -> Array:
    """A weight whose own shape tells the kernel size, so it must have two channel axes and at least one more."""
    array = as_array("weight", weight)
    if array.ndim < 3:
        raise GeometryError(
            "weight has too few axes",
            f"weight has shape {array.shape}",
            "give it two channel axes and at least one kernel axis",
        )
    return array


def _conv_transpose(
    plan: Plan, weights: Weights, pack: Callable[[np.dtype[Any]], tuple[Any, ...]], x: Any, out: Any, threads: Any
) -> Any:
    geometry = plan.geometry
    restore = own_kind(x)
    data, batched = read_input(x, geometry.ndim, weights.c_in)
    types = arithmetic([("x", data), *weights.named()])
    size = geometry.output_size(data.shape[2:])
    shape = (data.shape[0], weights.c_out, *size)
    target = None if out is None else read_out(out, shape if batched else shape[1:], types.result)
    in_place = target is not None and not np.may_share_memory(target, data)

    item = types.compute.itemsize
    column = item * weights.c_out * prod(geometry.kernel_size) * prod(data.shape[2:])
    full = prod(axis.full(n) for axis, n in zip(geometry.axes, data.shape[2:], strict=True))
    largest = item * weights.c_out * max(full, prod(size))
    images = max(1, min(data.shape[0], _COLUMN_BYTES // column))
    output = 0 if in_place else types.result.itemsize * prod(shape)
    require_bytes("the transposed convolution", f"output {shape}", output + images * (column + 2 * largest))

    compute = _compute_type(types, data, weights, transposed=True)
    if target is None or not in_place:
        result = np.empty(shape, types.result)
    else:
        result = target if batched else target[None]
    packed = pack(compute)
    bias = None if weights.bias is None else weights.bias.astype(compute)
    with _blas_threads(threads), np.errstate(all="ignore"):  # infinities and NaN are data here, not accidents
        for start in range(0, data.shape[0], images):
            part = data[start : start + images].astype(compute, copy=False)
            result[start : start + images] = interpret(plan, part, packed, weights.c_out, bias)
    if target is None:
        return restore(result if batched else result[0])
    if not in_place:
        target[...] = result if batched else result[0]
    return out


def _packed(plan: Plan, weights: Weights, compute: np.dtype[Any]) -> tuple[Any, ...]:
    return prepare(plan, weights.weight.astype(compute, copy=False))


def _gathered(geometry: Conv, x: Array, weight: Array, size: tuple[int, ...]) -> Array:
    """y[i] += w[j] @ x[i*s + j*d - b], tap by tap; taps that meet only padding are passed over."""
    batch, c_in, *m = x.shape
    c_out, per_group, *k = weight.shape
    groups = geometry.groups
    kernel = weight.reshape(groups, c_out // groups, per_group, *k)
    y = np.zeros((batch, groups, c_out // groups, *size), x.dtype)
    for j in product(*(axis.taps_in_reach(n, p) for axis, n, p in zip(geometry.axes, size, m, strict=True))):
        reached = [axis.inputs_of_tap(n, p, t) for axis, n, p, t in zip(geometry.axes, size, m, j, strict=True)]
        if any(first == last for first, last in reached):
            continue
        read = tuple(
            slice(
                first * axis.stride + tap * axis.dilation - axis.crop[0],
                (last - 1) * axis.stride + tap * axis.dilation - axis.crop[0] + 1,
                axis.stride,
            )
            for axis, (first, last), tap in zip(geometry.axes, reached, j, strict=True)
        )
        window = x[on_space(read)]
        products = kernel[on_space(j)] @ window.reshape(batch, groups, c_in // groups, prod(window.shape[2:]))
        where = on_space(slice(first, last) for first, last in reached)
        y[where] += products.reshape(batch, groups, c_out // groups, *window.shape[2:])
    return y.reshape(batch, c_out, *size)


def _compute_type(types: Arithmetic, x: Array, weights: Weights, *, transposed: bool) -> np.dtype[Any]:
    """The type to sum in: integers whose every partial sum stays below 2^53 are exact in float64, BLAS being fast."""
    if not types.exact:
        return types.compute
    bound = refuse_overflow(x, weights.weight, weights.bias, transposed=transposed)
    return np.dtype(np.float64) if bound <= _EXACT_IN_DOUBLE else types.compute


@contextmanager
def _blas_threads(threads: object) -> Iterator[None]:
    """At most so many BLAS threads inside; a hint that cannot be followed is said, not dropped."""
    if threads is None:
        yield
        return
    limit = integer("threads", threads, minimum=1)
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        warnings.warn(
            f"threads={limit} is not in force: NumPy's BLAS takes it through threadpoolctl; "
            "pip install 'deconvs[threads]'",
            RuntimeWarning,
            stacklevel=4,
        )
        yield
        return
    with threadpool_limits(limits=limit):
        yield
