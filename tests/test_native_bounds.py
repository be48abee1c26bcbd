"""Rounding: actual errors of every kernel lie below bounds that are derived, for many sizes, in float32 and float64.

The direct kernels sum n products in some order, with fused multiply-adds or without, then add the bias. So
|error| <= gamma_n (sum |x||w| + |bias|), gamma_n = n u / (1 - n u), with n one more than the terms
(Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1).

Toom-Cook computes y = A^T [ sum over channels of (G w) * (B^T x) ], per axis with the matrices below, nested over axes.
Every step is a short sum of such sums, and to first order the relative errors of a product or sum add up along the way
from an input to the result; Lemma 3.1 of Higham makes that rigorous: each computed term is the exact one times
(1 + theta), |theta| <= gamma_n, n the roundings on its way. So

    |error| <= gamma_n |A^T| [ sum over channels of (|G||w|) * (|B^T||x|) ] + gamma_1 |bias|

as Theorem 1 of Barabasz, Anderson, Soodhalter and Gregg 2020 (Error Analysis and Improving the Accuracy of Winograd
Convolution for Deep Neural Networks) has it componentwise. The roundings on the way:
G: T^d taps are summed, at most T^d (factors are powers of two, which round nothing); B^T: one subtraction an axis, d;
products and channels: C + 1; A^T: at most two additions an axis, 2 d; the bias: 1.

The coefficient of |w_u||x_r| in that bound is K[u][r] = max over places i in a tile of sum_p |A_ip||G_pu||B_p,r+i|,
per axis: the bound itself is a transposed convolution with larger, positive kernels. `magnitude` computes it so.
"""

from __future__ import annotations

import itertools
from math import prod

import numpy as np
import pytest

import deconvs as dc

from .native_cases import FEWER, ISAS, NEEDS_CORE, Array, prepared, random_choices, scattered

pytestmark = NEEDS_CORE

B = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]])
"""|B^T|: from four inputs to the points 0, 1, -1 and infinity."""
G = {
    1: np.array([[1]]),
    2: np.array([[1, 0], [0.5, 0.5], [0.5, 0.5], [0, 1]]),
    3: np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0, 0, 1]]),
}
"""|G| for T taps."""
A = {
    1: np.array([[1]]),
    2: np.array([[1, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 1]]),
    3: np.array([[1, 1, 1, 0], [0, 1, 1, 1]]),
}
"""|A^T|: back to three positions for two taps, to two positions for three taps."""


def spread(taps: int) -> Array:
    """K[u][v] for one axis: what |w| of place u and |x|, v - (m - 1) full positions back, contribute at most."""
    if taps == 1:
        return np.ones((1, 1))
    m = len(A[taps])
    found = np.zeros((taps, m + 3))
    for i, u, place in itertools.product(range(m), range(taps), range(4)):
        back = taps - 1 + i - place  # x lies so many positions before the output
        value = (A[taps][i] * G[taps][:, u] * B[:, place]).sum()
        found[u, back + m - 1] = max(found[u, back + m - 1], value)
    return found


def magnitude(g: dc.ConvTranspose, x: Array, w: Array) -> Array:
    """The bound without its gamma and bias, for all kernels: sum |x||w| spread out as Toom-Cook's transforms do it."""
    w = np.abs(w).astype(np.float64)
    crop = []
    for axis, (k, s, (begin, end)) in enumerate(zip(g.kernel_size, g.stride, g.crop, strict=True)):
        taps = -(-k // s)
        table = spread(taps)
        before = len(A[taps]) - 1
        wide = np.zeros((*w.shape[: 2 + axis], table.shape[1] * s, *w.shape[3 + axis :]))
        lead: tuple[slice, ...] = (slice(None),) * (2 + axis)
        for j in range(k):
            residue, number = j % s, j // s
            for v in range(table.shape[1]):
                wide[(*lead, v * s + residue)] += table[taps - 1 - number, v] * w[(*lead, j)]
        w = wide
        crop.append((begin + before * s, end + wide.shape[2 + axis] - k - before * s))
    larger = dc.ConvTranspose(w.shape[2:], g.stride, tuple(crop), groups=g.groups)
    return scattered(larger, np.abs(x).astype(np.float64), w)


LAYERS = [
    (dc.ConvTranspose((4, 4), 2, 1), (24, 6)),
    (dc.ConvTranspose((3, 3), 2, 1, 1), (17, 5)),
    (dc.ConvTranspose((3, 3), 1, 1), (33, 4)),
    (dc.ConvTranspose((6, 5), 2, ((2, 1), (0, 3))), (9, 7)),
    (dc.ConvTranspose((4, 3), 2, ((-2, 5), (1, -3)), groups=3), (6, 9)),
    (dc.ConvTranspose((4,), 2, 1), (257, 8)),
    (dc.ConvTranspose((9,), 3, 3), (40, 3)),
    (dc.ConvTranspose((5,), 4, 1), (64, 3)),
    (dc.ConvTranspose((4, 3, 3), (2, 1, 2), 1), (8, 3)),
    (dc.ConvTranspose((2, 3, 4), (2, 2, 2), (0, 1, 1)), (5, 4)),
    (dc.ConvTranspose((5, 5), 2, 2), (12, 6)),
    (dc.ConvTranspose((16,), 8, 4), (30, 3)),
]


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 2.0**-24), ("float64", 2.0**-53)])
@pytest.mark.parametrize("isa", ISAS)
def test_errors_lie_below_the_bound(isa: str, dtype: str, unit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_ISA", isa)
    rng = np.random.default_rng(12)
    closest = dict.fromkeys(("phase", "union", "gemm", "toom"), 0.0)
    for number, (g, channels) in enumerate(LAYERS[:: 1 if FEWER == 1 else 4]):
        for _ in range(3):
            size = rng.integers(1, {1: 90, 2: 14, 3: 6}[g.ndim], g.ndim)
            shapes = (2, channels[0], *size), (channels[0], channels[1] // g.groups, *g.kernel_size), (channels[1],)
            x, w, bias = (
                (rng.standard_normal(shape) * 2.0 ** rng.integers(-6, 7, shape)).astype(dtype) for shape in shapes
            )
            # More precise than either type: 64 bits where the processor has them, else no more than float64.
            truth = scattered(g, *(a.astype(np.longdouble) for a in (x, w, bias)))
            terms = channels[0] // g.groups
            offsets = np.abs(bias.astype(np.float64)).reshape(-1, *(1,) * g.ndim)
            direct = scattered(g, np.abs(x).astype(np.float64), np.abs(w).astype(np.float64)) + offsets
            spread_out = magnitude(g, x, w) + offsets
            assert (spread_out >= direct * (1 - 1e-12)).all()
            own = float(np.finfo(np.longdouble).eps) * (terms * prod(g.kernel_size) + 2) * direct
            taps = prod(-(-k // s) for k, s in zip(g.kernel_size, g.stride, strict=True))
            for kernel in closest:
                if kernel == "toom":
                    n, above = taps + g.ndim + terms + 1 + 2 * g.ndim + 1, spread_out
                else:
                    n, above = terms * prod(g.kernel_size) + 1, direct
                bound = n * unit / (1 - n * unit) * above + own
                with random_choices(number):
                    op = prepared(g, w, bias, kernel)
                    assert op is not None, "every layer here has two taps or three in some phase"
                    error = np.abs(op(x).astype(np.longdouble) - truth)
                assert (error <= bound).all(), (g, size, kernel)
                if bound.size:
                    closest[kernel] = max(closest[kernel], float((error / np.maximum(bound, 1e-300)).max()))
    # The bounds say something: errors come within a factor of ten or so of them.
    assert all(0.02 < share < 1 for share in closest.values()), closest
