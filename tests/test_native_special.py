"""Numbers that are not finite, or hardly any; and what is done to outputs before they are stored."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import deconvs as dc

from .native_cases import CORE, FEWER, ISAS, KERNELS, NEEDS_CORE, Array, assert_same, data, prepared, scattered

pytestmark = [NEEDS_CORE, pytest.mark.parametrize("isa", ISAS)]


@pytest.fixture(autouse=True)
def forced(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_ISA", isa)


LAYERS = [
    (dc.ConvTranspose((4, 4), 2, 1), (4, 5), (9, 23)),
    (dc.ConvTranspose((3, 3), 2, 1, 1), (3, 9), (11, 12)),
    (dc.ConvTranspose((3, 3), 1, 1), (3, 4), (12, 13)),
    (dc.ConvTranspose((5, 4), (2, 3), ((3, 1), (-2, 0))), (2, 3), (9, 8)),
    (dc.ConvTranspose((4, 4), 2, ((5, 2), (1, 4)), groups=2), (4, 6), (9, 10)),
    (dc.ConvTranspose((6,), 2, 2), (5, 3), (70,)),
    (dc.ConvTranspose((4, 3, 4), (2, 1, 2), 1), (2, 3), (5, 4, 6)),
    (dc.ConvTranspose((3, 3), 2, 1, dilation=2), (3, 4), (8, 9)),
]


def reads(kernel: str, k: int, s: int, d: int, begin: int, m: int, n: int, last: bool) -> Array:
    """[output, input] of one axis: what the computation of an output may read, all by the bare definition."""
    outputs = np.arange(m + s)  # some behind the end, which phases of the last position have
    exact = np.zeros((m + s, n), bool)
    for j in range(k):
        at, rest = np.divmod(outputs + begin - j * d, s)
        inside = (rest == 0) & (at >= 0) & (at < n)
        exact[outputs[inside], at[inside]] = True
    if kernel == "union" and last:
        together = exact.copy()
        for o in range(m):  # all phases of a position, which are neighbours in the output
            together[o] = exact[o // s * s : o // s * s + s].any(0)
        exact = together
    if kernel == "toom":
        taps = -(-k // s)
        size = {1: 1, 2: 3, 3: 2}[taps]
        exact[:] = False
        for o in range(m):
            first = begin // s + ((o + begin) // s - begin // s) // size * size
            exact[o, max(0, first - taps + 1) : max(0, first + size)] = True
    return exact[:m]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_not_finite_inputs_spread_no_further_than_promised(isa: str, dtype: str) -> None:
    """phase: as the definition says; union: within a row's position; toom: within a tile. They never vanish."""
    rng = np.random.default_rng(6)
    untouched = dict.fromkeys(KERNELS, 0)
    for (g, channels, size), count in itertools.product(LAYERS[::FEWER], (1, 2, 5)):
        x, w, bias = data(g, 2, channels, size, dtype)
        w[w == 0] = 1
        for poison in rng.choice([math.nan, math.inf, -math.inf], count):
            x[tuple(rng.choice([0, -1, rng.integers(0, length)]) for length in x.shape)] = poison
        with np.errstate(invalid="ignore"):
            expected = scattered(g, x, w, bias)
        spoilt = ~np.isfinite(x).reshape(2, g.groups, -1, *size).all(2)
        for kernel in KERNELS:
            if (op := prepared(g, w, bias, kernel)) is None:
                continue
            reach: Any = spoilt
            sides = zip(g.kernel_size, g.stride, g.dilation, g.crop, expected.shape[2:], size, strict=True)
            for axis, (k, s, d, (begin, _), m, n) in enumerate(sides):
                table = reads(kernel, k, s, d, begin, m, n, axis == g.ndim - 1)
                reach = np.moveaxis(np.tensordot(table.astype(int), reach, (1, 2 + axis)), 0, 2 + axis)
            may = np.repeat(reach > 0, channels[1] // g.groups, axis=1)
            y = op(x)
            assert not np.isfinite(y[~np.isfinite(expected)]).any(), (kernel, g)
            assert_same(y[~may], expected[~may], (kernel, g))
            if kernel == "phase":
                assert np.array_equal(y, expected, equal_nan=True), g
            untouched[kernel] += int((~may).sum())
    assert min(untouched.values()) > 1000 // FEWER


def test_not_finite_weights_are_left_to_numpy(isa: str) -> None:
    for (g, channels, size), poison in itertools.product(LAYERS[:5:FEWER], (math.nan, math.inf)):
        x, w, bias = data(g, 2, channels, size, "float32")
        x[x == 0] = 1
        w[(1,) * w.ndim] = poison
        with np.errstate(invalid="ignore"):
            expected = scattered(g, x, w, bias)
        for kernel in KERNELS:
            if (op := prepared(g, w, bias, kernel)) is not None:
                assert np.array_equal(op(x), expected, equal_nan=True), (kernel, g)
                assert np.array_equal(op(x[0]), expected[0], equal_nan=True), (kernel, g)
        bias[0] = poison  # which every kernel adds
        w[(1,) * w.ndim] = 1
        expected = scattered(g, x, w, bias)
        for kernel in KERNELS:
            if (op := prepared(g, w, bias, kernel)) is not None:
                assert np.array_equal(op(x), expected, equal_nan=True), (kernel, g)


def test_weights_whose_transform_overflows_are_left_to_numpy(isa: str) -> None:
    """Three taps of 3e38 are 4.5e38 at the point 1, which is more than float32 holds; the result is not."""
    g = dc.ConvTranspose((3, 3), 1, 1)
    w, x = np.full((1, 2, 3, 3), 3e38, np.float32), np.full((1, 1, 5, 5), 2.0**-10, np.float32)
    op = g.prepare(w, kernel="toom")
    expected = scattered(g, x.astype(np.float64), w.astype(np.float64))
    assert np.allclose(op(x), expected, rtol=1e-6)


def test_the_smallest_numbers_are_not_flushed_to_zero(isa: str) -> None:
    for g, channels, size in LAYERS[:3]:
        for dtype, smallest in (("float32", 2.0**-149), ("float64", 2.0**-1074)):
            x, w, _ = data(g, 2, channels, size, dtype)
            w *= 8  # so that Toom-Cook's halves are whole
            expected = scattered(g, x, w).astype(dtype)
            for kernel in KERNELS:
                if (op := prepared(g, w, None, kernel)) is not None:
                    assert_same(
                        op(x * np.dtype(dtype).type(smallest)), expected * np.dtype(dtype).type(smallest), kernel
                    )


SLOPES: list[Any] = [("relu", 0.0), ("leaky_relu", 0.01), (("leaky_relu", 0.2), 0.2), (("leaky_relu", -1.5), -1.5)]


@pytest.mark.parametrize(("activation", "slope"), SLOPES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_are_those_applied_afterwards(isa: str, dtype: str, activation: Any, slope: float) -> None:
    for g, channels, size in LAYERS[::FEWER]:
        for more in (1, 19):
            x, w, bias = data(g, 2, (channels[0], more * channels[1]), size, dtype)
            x[(0, 0, *(n // 2 for n in size))] = math.nan
            for kernel in KERNELS:
                if (plain := prepared(g, w, bias, kernel)) is None:
                    continue
                op = prepared(g, w, bias, kernel, activation=activation)
                y = plain(x)
                expected = np.where(y <= 0, y * np.dtype(dtype).type(slope), y)
                pixels = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
                for lying in (x, pixels):
                    assert np.array_equal(op(lying), expected, equal_nan=True), (kernel, g)
                assert np.isnan(op(x)).any()
                assert (y < 0).any()


def test_activations_by_numpy(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    g, channels, size = LAYERS[0]
    x, w, bias = data(g, 2, channels, size, "float32")
    y = g.prepare(w, bias)(x)
    by_core = {str(name): g.prepare(w, bias, activation=name)(x) for name, _ in SLOPES}
    half = g.prepare(w.astype(np.float16), bias.astype(np.float16), activation="relu")(x.astype(np.float16))
    assert_same(half, np.maximum(y, 0).astype(np.float16), "float16")
    monkeypatch.setenv("DECONVS_NATIVE", "0")
    for name, slope in SLOPES:
        assert_same(by_core[str(name)], np.where(y <= 0, y * np.float32(slope), y), name)
        assert np.allclose(g.prepare(w, bias, activation=name)(x), by_core[str(name)], rtol=1e-6)
    whole = g.prepare(w.astype(int), bias.astype(int), activation="relu")(x.astype(int))
    assert whole.dtype == np.int64
    assert_same(whole, np.maximum(y, 0), "integers")
    assert CORE.chosen() == isa
