"""NumPy's gemm view over BLAS: columns Wᵀ x, then overlap-add, tap by tap. And the convolution, tap by tap."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dtypes import Arithmetic, refuse_overflow
from ..geometry import Conv, ConvTranspose, Geometry
from ..plan import Plan
from .border import Weights
from .interpret import on_space, prepare_weight

Array = NDArray[Any]

_EXACT_IN_DOUBLE = 2**53
COLUMN_BYTES = 32 * 2**20
"""Column buffer that a batch may take at once; more images than fit are computed in turns."""


def packed(plan: Plan, weights: Weights, compute: np.dtype[Any]) -> Array:
    """The matrix Wᵀ of the gemm view, (groups, C_out/groups * prod(k), C_in/groups)."""
    return next(
        prepare_weight(recipe, weights.weight.astype(compute, copy=False)) for recipe in plan.recipes() if recipe
    )


def scattered(geometry: ConvTranspose, x: Array, matrix: Array, bias: Array | None, y: Array) -> None:
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


def gathered(geometry: Conv, x: Array, weight: Array, size: tuple[int, ...]) -> Array:
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


def compute_type(types: Arithmetic, x: Array, weights: Weights, groups: int, *, transposed: bool) -> np.dtype[Any]:
    """The type to sum in: integers whose every partial sum stays below 2^53 are exact in float64, BLAS being fast."""
    if not types.exact:
        return types.compute
    bound = refuse_overflow(x, weights.weight, weights.bias, groups=groups, transposed=transposed)
    return np.dtype(np.float64) if bound <= _EXACT_IN_DOUBLE else types.compute


@contextmanager
def blas_threads(limit: int | None) -> Iterator[None]:
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
            stacklevel=6,  # the caller of conv_transpose or of the operator
        )
        yield
        return
    with threadpool_limits(limits=limit):
        yield
