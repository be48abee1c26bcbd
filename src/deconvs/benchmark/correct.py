"""Whether a contender computes the layer at all, and in the precision that is asked for, before it is timed."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from .layer import Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

CERTAINTY = 8.0
"""Standard deviations: beyond this, one output in 10^15 would be off by rounding alone."""
_COLUMN_BYTES = 2**28
"""The gemm view's columns are larger than its output: a batch is computed in parts."""


def exact(layer: Layer, x: NDArray[Any], w: NDArray[Any], bias: NDArray[Any]) -> NDArray[Any]:
    """The layer in float64, by NumPy's steps of the gemm view: none of the code that is timed.

    >>> from deconvs import ConvTranspose
    >>> import numpy as np
    >>> layer = Layer("up", "an example", 1, 1, 1, (2,), ConvTranspose((2,), stride=2))
    >>> exact(layer, np.array([[[1, 2]]]), np.array([[[10, 1]]]), np.array([5.0]))
    array([[[15.,  6., 25.,  7.]]])
    """
    import numpy as np

    plan = layer.geometry.plan("gemm")
    wide = [array.astype(np.float64) for array in (w, bias)]
    column = 8 * layer.c_out * prod(layer.geometry.kernel_size) * prod(layer.size)
    images = max(1, _COLUMN_BYTES // column)
    parts = [plan.run(x[start : start + images].astype(np.float64), *wide) for start in range(0, len(x), images)]
    result: NDArray[Any] = np.concatenate(parts)
    return result


def tolerances(layer: Layer) -> tuple[float, float]:
    """How far the largest error and the root mean square of all errors may go; for data within (-1, 1).

    Largest: n products and a bias, rounded in any order, are off by at most gamma = n u / (1 - n u) times the sum of
    their sizes, which is at most n + 1, and with probability practically 1 by CERTAINTY sqrt(n) u times it (Higham and
    Mary 2019, theorem 2.4). The smaller one counts. That would let half-precision inputs pass: their error is of the
    same kind. Root mean square: the partial sums of i products that vary by 1/3 each are about sqrt(i) / 3, and n
    roundings of them make n u / (3 sqrt 2); four times that is n u, far below what eleven bits of an input leave,
    sqrt(n) 2**-12 / 3. Algorithms with fewer products stay inside both, because they round fewer times.
    """
    unit = 2.0**-24 if layer.dtype == "float32" else 2.0**-53
    n = layer.terms + 1
    largest = n * min(CERTAINTY * n**0.5 * unit, n * unit / (1 - n * unit))
    # In float64 the result that is compared with is itself rounded so.
    own = 2 if layer.dtype == "float64" else 1
    return own * largest, own * (n + 4) * unit


def error_of(layer: Layer, found: NDArray[Any], expected: NDArray[Any]) -> tuple[float, str]:
    """The largest error, and what is wrong; nothing wrong is the empty text."""
    import numpy as np

    if found.shape != expected.shape:
        return float("inf"), f"its result has shape {found.shape}, not {expected.shape}"
    if found.dtype != np.dtype(layer.dtype):
        return float("inf"), f"its result is {found.dtype}, not {layer.dtype}"
    # In place: these arrays may be hundreds of megabytes.
    difference = found - expected
    np.abs(difference, out=difference)
    worst = float(difference.max(initial=0.0))
    np.square(difference, out=difference)
    middle = float(difference.mean()) ** 0.5 if difference.size else 0.0
    largest, usual = tolerances(layer)
    if not worst <= largest:  # also where it is NaN
        return worst, f"its result is wrong: off by {worst:.2g}, where rounding makes at most {largest:.2g}"
    if not middle <= usual:
        return worst, f"its result is not {layer.dtype}: off by {middle:.2g} on average, rounding makes {usual:.2g}"
    return worst, ""
