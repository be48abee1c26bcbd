"""How near CCᵀ and CᵀC come to a multiple of the identity: whether convolving undoes deconvolving."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isqrt, prod, sqrt
from typing import TYPE_CHECKING, Any

from .axis import Axis
from .dtypes import as_array
from .errors import GeometryError
from .geometry import ConvTranspose
from .operator import matrix
from .words import size_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAX_MEASURED = 2**24
"""A matrix with more products or positions than this is refused: it would take minutes and gigabytes."""
MAX_PER_AXIS = 2**20
"""The same for the matrix of one axis, of which a table of names needs many; beyond, nothing is measured."""

_EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


@dataclass(frozen=True, slots=True)
class Inverse:
    """How far convolving after deconvolving (CCᵀ), or the other way round (CᵀC), is from c times the identity.

    ``distance`` is ||CCᵀ - cI|| / ||cI|| in the Frobenius norm with the best c, the mean of the diagonal. For integers
    of moderate size ``is_identity`` says whether it is zero, else whether it is as small as rounding makes it.
    """

    scale: float
    distance: float
    is_identity: bool


@dataclass(frozen=True, slots=True)
class _Gram:
    """What is needed of G, the smaller one of CCᵀ and CᵀC: both have its trace and its norm.

    ``spread`` is size * ||G - cI||², summed so that differences are not lost in rounding; of integers it is exact. The
    larger one has no more rank than this one has rows, so that it is never a multiple of the identity.
    """

    rows: int
    columns: int
    trace: Any
    square: Any
    spread: Any
    tolerance: float


def measured(g: ConvTranspose, sizes: tuple[int, ...], weight: ArrayLike | None) -> tuple[Inverse, Inverse] | None:
    """(CCᵀ, CᵀC) against the identity, at one input size.

    Without a weight: with the outer product of 1, 2, 3, ... per axis. Nothing positive cancels, so it is the identity
    only if no stamps overlap (`Axis.stamps_apart`); and CCᵀ is then the Kronecker product of the axes' own, which stay
    small. None where they do not.
    """
    if weight is None:
        sides = list(zip(g.axes, sizes, strict=True))
        if any(max(axis.output_growth()(n), n * axis.kernel_size) > MAX_PER_AXIS for axis, n in sides):
            return None
        along = [_along(axis, n) for axis, n in sides]
        scale = 1.0
    else:
        full, scale = _of_weight(g, sizes, weight)
        along = [full]
    forward, backward = [gram.columns for gram in along], [gram.rows for gram in along]
    return _inverse(along, forward, scale), _inverse(along, backward, scale)


def _along(axis: Axis, n: int) -> _Gram:
    import numpy as np

    one = ConvTranspose((axis.kernel_size,), axis.stride, (axis.crop,), 0, axis.dilation)
    return _gram(matrix(one, (n,), np.arange(1, axis.kernel_size + 1).reshape(1, 1, -1)), "float64")


def _of_weight(g: ConvTranspose, sizes: tuple[int, ...], weight: ArrayLike) -> tuple[_Gram, float]:
    """The measurement with the caller's own weight, and the factor that was taken out of CCᵀ."""
    import numpy as np

    array = as_array("weight", weight)
    g.channels(array.shape)
    products = prod(array.shape[:2]) * prod(axis.products(n) for axis, n in zip(g.axes, sizes, strict=True))
    positions = prod(g.output_size(sizes))
    if max(products, positions) > MAX_MEASURED:
        raise GeometryError(
            "too much to measure the names on",
            f"{products:,} products and {positions:,} positions at input {size_text(sizes)}",
            f"use a smaller kernel, stride, dilation or input: at most {MAX_MEASURED:,} of each",
        )
    if array.dtype.kind in "iu":
        return _gram(matrix(g, sizes, array), "float64"), 1.0
    exact = array.astype(np.float64)
    if not np.isfinite(exact).all():
        raise GeometryError(
            "the names cannot be measured", "weight holds NaN or infinity", "use finite weights, or none at all"
        )
    # Squares of squares are summed: without this, weights of 1e100 or 1e-100 would overflow or vanish.
    largest = float(np.abs(exact).max(initial=0)) or 1.0
    return _gram(matrix(g, sizes, exact / largest), array.dtype.name), largest


def _gram(transposed: Any, precision: str) -> _Gram:
    """``precision`` is the type that floating-point weights came in."""
    import numpy as np

    rows, columns = transposed.shape
    thin = transposed.tocsr() if columns <= rows else transposed.T.tocsr()
    size = thin.shape[1]
    terms = int(np.bincount(thin.indices, minlength=1).max())
    exact = thin.dtype.kind == "i" and _magnitude(thin.data) <= isqrt(2**62 // max(1, terms))
    thin = thin if exact else thin.astype(np.float64)
    gram = (thin.T @ thin).tocoo()
    on = gram.row == gram.col
    diagonal, beside = gram.data[on], gram.data[~on]
    trace, square = sum(diagonal.tolist()), _squares(gram.data)
    if exact or not trace:
        return _Gram(rows, columns, trace, square, size * square - trace * trace, 0.0)
    mean = trace / size
    missing = size - len(diagonal)
    spread = size * (_squares(beside) + _squares(diagonal - mean) + missing * mean**2)
    # An element of G sums ``terms`` rounded products of rounded weights; a row of G has so many elements on average.
    tolerance = 2 * _EPS.get(precision, _EPS["float64"]) * (terms + 4) * sqrt(gram.nnz / size)
    return _Gram(rows, columns, trace, square, spread, tolerance)


def _inverse(along: list[_Gram], sizes: list[int], scale: float) -> Inverse:
    """CCᵀ or CᵀC, of these sizes, from what is known of its factors: c is the mean of the diagonal."""
    size, trace = prod(sizes), prod(gram.trace for gram in along)
    if size == 0 or trace == 0:
        return Inverse(0.0, 1.0, False)
    smaller = all(own == min(gram.rows, gram.columns) for gram, own in zip(along, sizes, strict=True))
    # A Kronecker product is a multiple of the identity just where each factor is.
    identity = smaller and all(gram.spread <= (gram.tolerance * gram.trace) ** 2 for gram in along)
    if smaller and len(along) == 1:
        excess = along[0].spread
    else:
        excess = max(0, size * prod(gram.square for gram in along) - trace * trace)
    return Inverse(_ratio(trace, size) * scale * scale, sqrt(_ratio(excess, trace * trace)), identity)


def _ratio(part: Any, whole: Any) -> float:
    try:
        return float(part / whole)
    except OverflowError:
        return inf


def _squares(values: NDArray[Any]) -> Any:
    """The sum of squares; in Python's integers where the values are integers."""
    import numpy as np

    return (
        sum(value * value for value in values.tolist()) if values.dtype.kind == "i" else float(np.dot(values, values))
    )


def _magnitude(values: NDArray[Any]) -> int:
    return max(abs(int(values.max(initial=0))), abs(int(values.min(initial=0))))
