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
from ..geometry import Conv, ConvTranspose, Geometry, Padding, Sizes
from ..memory import require_bytes
from ..plan import Plan
from .border import Weights, own_kind, read_input, read_out, read_weights
from .interpret import on_space, prepare_weight

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
    computed in float32. ``threads`` limits the threads of NumPy's BLAS and needs threadpoolctl for that; the limit is
    the process's while the call runs. Errors: GeometryError.
    """

    def __init__(self, geometry: ConvTranspose, weight: object, bias: object = None) -> None:
        read = read_weights(geometry, weight, bias)
        # Copies: changing the caller's arrays later must not change the operator.
        self._weights = Weights(
            read.weight.copy(), None if read.bias is None else read.bias.copy(), read.c_in, read.c_out
        )
        self._plan = geometry.plan("gemm")
        self._packed: dict[np.dtype[Any], Array] = {}

    @property
    def geometry(self) -> ConvTranspose:
        """The geometry it was prepared for."""
        return self._plan.geometry

    def __call__(self, x: Any, out: Any = None, threads: int | None = None) -> Any:
        return _conv_transpose(self.geometry, self._weights, self._pack, x, out, threads)

    def _pack(self, compute: np.dtype[Any]) -> Array:
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
    return _conv_transpose(geometry, weights, lambda compute: _packed(plan, weights, compute), x, out, threads)


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
    item = types.compute.itemsize
    # The output with one tap's products and result, the input converted, one tap's window of it, the weights.
    window = data.shape[0] * weights.c_in * prod(min(n, m) for n, m in zip(size, data.shape[2:], strict=True))
    needed = item * (3 * prod(shape) + data.size + window + 2 * weights.weight.size)
    require_bytes("the convolution", f"output {shape}", needed)
    compute = _compute_type(types, data, weights, groups, transposed=False)
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
    geometry: ConvTranspose, weights: Weights, pack: Callable[[np.dtype[Any]], Array], x: Any, out: Any, threads: Any
) -> Any:
    limit = None if threads is None else integer("threads", threads, minimum=1)
    restore = own_kind(x)
    data, batched = read_input(x, geometry.ndim, weights.c_in)
    types = arithmetic([("x", data), *weights.named()])
    size = geometry.output_size(data.shape[2:])
    shape = (data.shape[0], weights.c_out, *size)
    target = None if out is None else read_out(out, shape if batched else shape[1:], types.result)
    shared = target is not None and any(np.may_share_memory(target, array) for array in (data, *weights.arrays()))

    item = types.compute.itemsize
    column = item * weights.c_out * prod(geometry.kernel_size) * prod(data.shape[2:])
    images = max(1, min(data.shape[0], _COLUMN_BYTES // column))
    # Besides its columns, a turn holds its input, converted or made contiguous, and its output where types differ.
    turn = images * (column + item * (prod(data.shape[1:]) + prod(shape[1:])))
    output = 0 if target is not None and not shared else types.result.itemsize * prod(shape)
    packed_weight = 2 * item * weights.weight.size
    require_bytes("the transposed convolution", f"output {shape}", output + turn + packed_weight)

    compute = _compute_type(types, data, weights, geometry.groups, transposed=True)
    if target is None or shared:
        result = np.empty(shape, types.result)
    else:
        result = target if batched else target[None]
    matrix = pack(compute)
    bias = None if weights.bias is None else weights.bias.astype(compute)
    with _blas_threads(limit), np.errstate(all="ignore"):  # infinities and NaN are data here, not accidents
        for start in range(0, data.shape[0], images):
            part = data[start : start + images].astype(compute, copy=False)
            y = result[start : start + images]
            if result.dtype == compute:
                _scattered(geometry, part, matrix, bias, y)
            else:
                own = np.empty(y.shape, compute)
                _scattered(geometry, part, matrix, bias, own)
                y[...] = own
    if target is None:
        return restore(result if batched else result[0])
    if shared:
        target[...] = result if batched else result[0]
    return out


def _packed(plan: Plan, weights: Weights, compute: np.dtype[Any]) -> Array:
    """The matrix Wᵀ of the gemm view, (groups, C_out/groups * prod(k), C_in/groups)."""
    return next(
        prepare_weight(recipe, weights.weight.astype(compute, copy=False)) for recipe in plan.recipes() if recipe
    )


def _scattered(geometry: ConvTranspose, x: Array, matrix: Array, bias: Array | None, y: Array) -> None:
    """Fill ``y`` by the gemm view: columns Wᵀ x, then y[i*s + j*d - b] += columns[j, i], tap by tap.

    Unlike the view's own steps it never forms the full output: what is cropped is not added up in the first place.
    """
    batch, c_in, *n = x.shape
    groups, rows, _ = matrix.shape
    columns = matrix @ x.reshape(batch, groups, c_in // groups, prod(n))
    columns = columns.reshape(batch, groups * rows // prod(geometry.kernel_size), *geometry.kernel_size, *n)
    y[...] = 0 if bias is None else bias.reshape(-1, *(1,) * geometry.ndim)
    for j, inputs, outputs in _taps(geometry, tuple(n), y.shape[2:]):
        tap: Any = (slice(None), slice(None), *j)
        y[on_space(outputs)] += columns[tap][on_space(inputs)]


def _gathered(geometry: Conv, x: Array, weight: Array, size: tuple[int, ...]) -> Array:
    """y[i] += w[j] @ x[i*s + j*d - b], tap by tap; taps that meet only padding are passed over."""
    batch, c_in, *m = x.shape
    c_out, per_group, *k = weight.shape
    groups = geometry.groups
    kernel = weight.reshape(groups, c_out // groups, per_group, *k)
    y = np.zeros((batch, groups, c_out // groups, *size), x.dtype)
    for j, short, long in _taps(geometry, size, tuple(m)):
        window = x[on_space(long)]
        products = kernel[on_space(j)] @ window.reshape(batch, groups, c_in // groups, prod(window.shape[2:]))
        y[on_space(short)] += products.reshape(batch, groups, c_out // groups, *window.shape[2:])
    return y.reshape(batch, c_out, *size)


def _taps(
    geometry: Geometry, short: tuple[int, ...], long: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], list[slice], list[slice]]]:
    """Every tap that joins the short side to the long one, and the slices of both that it joins."""
    sides = list(zip(geometry.axes, short, long, strict=True))
    for j in product(*(axis.taps_in_reach(n, m) for axis, n, m in sides)):
        joined = [axis.inputs_of_tap(n, m, tap) for (axis, n, m), tap in zip(sides, j, strict=True)]
        if all(first < last for first, last in joined):
            yield (
                j,
                [slice(first, last) for first, last in joined],
                [
                    axis.outputs_of_tap(tap, first, last)
                    for axis, tap, (first, last) in zip(geometry.axes, j, joined, strict=True)
                ],
            )


def _compute_type(types: Arithmetic, x: Array, weights: Weights, groups: int, *, transposed: bool) -> np.dtype[Any]:
    """The type to sum in: integers whose every partial sum stays below 2^53 are exact in float64, BLAS being fast."""
    if not types.exact:
        return types.compute
    bound = refuse_overflow(x, weights.weight, weights.bias, groups=groups, transposed=transposed)
    return np.dtype(np.float64) if bound <= _EXACT_IN_DOUBLE else types.compute


@contextmanager
def _blas_threads(limit: int | None) -> Iterator[None]:
    """At most so many BLAS threads inside; a hint that cannot be followed is said, not dropped."""
    if limit is None:
        yield
        return
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        warnings.warn(
            f"threads={limit} is not in force: NumPy's BLAS takes it through threadpoolctl; "
            "pip install 'deconvs[threads]'",
            RuntimeWarning,
            stacklevel=5,  # the caller of conv_transpose or of the operator
        )
        yield
        return
    with threadpool_limits(limits=limit):
        yield
