"""Every formula of axis.py against a search over all i and j, on random axes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import product
from math import gcd

import numpy as np
import pytest
from numpy.typing import NDArray

from deconvs import Axis

Pairs = list[list[tuple[int, int]]]


def axes(seed: int, count: int) -> Iterator[tuple[Axis, int, Pairs]]:
    """(axis, n, for each output the (i, j) that reach it by the definition)."""
    rng = random.Random(seed)
    while count:
        k, s, d, n = rng.randint(1, 6), rng.randint(1, 7), rng.randint(1, 6), rng.randint(1, 6)
        full = (n - 1) * s + d * (k - 1) + 1
        b, e = rng.randint(-4, full + 3), rng.randint(-4, full + 3)
        if full - b - e < 0:
            continue
        count -= 1
        pairs: Pairs = [[] for _ in range(full - b - e)]
        for i, j in product(range(n), range(k)):
            if 0 <= i * s + j * d - b < len(pairs):
                pairs[i * s + j * d - b].append((i, j))
        yield Axis(k, s, d, (b, e)), n, pairs


@pytest.mark.parametrize("seed", range(4))
def test_sizes_contributions_products_coverage_links(seed: int) -> None:
    for axis, n, pairs in axes(seed, 1500):
        m = len(pairs)
        assert axis.output(n) == axis.output_growth()(n) == m
        assert axis.full(n) == axis.full_growth()(n) == m + sum(axis.crop)
        assert [list(axis.contributions(n, o)) for o in range(m)] == pairs, (axis, n)
        assert axis.products(n) == sum(map(len, pairs)), (axis, n)
        assert axis.coverage(n).tolist() == list(map(len, pairs)), (axis, n)
        counts = list(map(len, pairs)) or [0]
        assert axis.coverage_range(n) == (min(counts), max(counts)), (axis, n)
        low, high = sorted((n * 3 % (m + 1), n * 5 % (m + 1)))
        assert axis.coverage(n, low, high).tolist() == list(map(len, pairs[low:high])), (axis, n)
        links = sorted(zip(*(part.tolist() for part in axis.links(n, m)), strict=True))
        assert links == sorted((o, i, j) for o in range(m) for i, j in pairs[o]), (axis, n)


@pytest.mark.parametrize("seed", range(4))
def test_inputs_of_each_tap_and_taps_in_reach(seed: int) -> None:
    for axis, n, pairs in axes(seed + 10, 800):
        m = len(pairs)
        for j in range(axis.kernel_size):
            inputs = [i for reached in pairs for i, tap in reached if tap == j]
            first, last = axis.inputs_of_tap(n, m, j)
            assert list(range(first, last)) == sorted(inputs), (axis, n, j)
        assert {j for reached in pairs for _, j in reached} <= set(axis.taps_in_reach(n, m)), (axis, n)


@pytest.mark.parametrize("seed", range(4))
def test_direct_phases_and_subpixel_compute_the_definition(seed: int) -> None:
    kinds: Counter[str] = Counter()
    numbers = np.random.default_rng(seed)
    for axis, n, pairs in axes(seed + 20, 1500):
        x, w = numbers.integers(-99, 100, n), numbers.integers(-99, 100, axis.kernel_size)
        y = np.array([sum(x[i] * w[j] for i, j in reached) for reached in pairs], dtype=np.int64)
        assert np.array_equal(by_direct(axis, x, w), y), (axis, n)
        assert np.array_equal(by_phases(axis, x, w), y), (axis, n)
        assert np.array_equal(by_subpixel(axis, x, w), y), (axis, n)
        assert axis.taps_per_phase() == tuple(sorted({phase.taps for phase in axis.phases()})), axis
        kinds["empty phase"] += any(phase.taps == 0 for phase in axis.phases())
        kinds["gcd"] += gcd(axis.stride, axis.dilation) > 1
        kinds["stride > span"] += axis.stride > axis.span
        kinds["no output"] += not pairs
        kinds["crop beyond d(k-1)"] += min(axis.direct().pad) < 0
        kinds["sub-pixel dilation"] += axis.subpixel().dilation > 1
    assert all(kinds[kind] > 20 for kind in kinds), kinds
    assert len(kinds) == 6


@pytest.mark.parametrize("seed", range(2))
def test_a_tile_needs_exactly_these_inputs(seed: int) -> None:
    for axis, n, pairs in axes(seed + 30, 600):
        for low, high in ((lo, hi) for hi in range(len(pairs) + 1) for lo in range(hi + 1)):
            needed = {i for reached in pairs[low:high] for i, _ in reached}
            first, last = axis.tile(n, low, high)
            assert needed <= set(range(first, last)), (axis, n, low, high)
            if axis.stride == axis.dilation == 1:  # no gaps: not one input more than needed
                assert needed == set(range(first, last)), (axis, n, low, high)


def test_the_convolution_reads_the_same_axis_backwards() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        axis = Axis(rng.randint(1, 5), rng.randint(1, 4), rng.randint(1, 3), (rng.randint(-2, 5), rng.randint(-2, 5)))
        m = rng.randint(1, 20)
        windows = 0
        while windows * axis.stride + axis.span <= m + sum(axis.crop):
            windows += 1
        if windows == 0:
            continue
        assert axis.conv_output(m) == windows
        read = (windows - 1) * axis.stride + axis.span
        assert axis.remainder(m) == m + sum(axis.crop) - read


def test_the_range_of_coverage_needs_no_large_array() -> None:
    for axis, _, _ in axes(40, 300):
        n = 60
        counts = axis.coverage(n)
        assert axis.coverage_range(n) == (counts.min(), counts.max()), axis
        assert axis.coverage_range(2**50) == axis.coverage_range(n), axis


def test_large_sizes_stay_exact() -> None:
    n = 2**40
    axis = Axis(3, 2, 1, (1, 0))
    assert axis.output(n) == 2 * n
    assert axis.products(n) == 3 * n - 1
    assert Axis(10**12, 7, 3).products(10**12) == 10**24  # nothing cropped: every input meets every tap


def test_a_stretched_axis_counts_the_same_with_zeros_between() -> None:
    """Stretched so far that products of its numbers need more than 64 bits."""
    stretch = 2**40
    for axis, n, pairs in axes(50, 200):
        if not pairs:
            continue
        b, e = axis.crop
        far = Axis(axis.kernel_size, axis.stride * stretch, axis.dilation * stretch, (b * stretch, e * stretch))
        counts = list(map(len, pairs))
        for o, count in enumerate(counts):
            assert far.coverage(n, o * stretch, o * stretch + 1).tolist() == [count], (axis, n)
        if len(pairs) > 1:
            assert far.coverage(n, stretch - 1, stretch + 1).tolist() == [0, counts[1]], (axis, n)
        assert far.coverage_range(n) == (counts[0] if len(pairs) == 1 else 0, max(counts)), (axis, n)


def test_coverage_of_a_long_axis_is_the_same_in_its_middle() -> None:
    axis, n = Axis(7, 3, 2, (4, 1)), 300_000
    counts = axis.coverage(n)
    assert int(counts.sum()) == axis.products(n)
    by_hand = np.zeros(axis.full(n), dtype=np.int64)
    for j in range(7):
        by_hand[2 * j : 2 * j + 3 * n : 3] += 1
    assert np.array_equal(counts, by_hand[4:-1])


def test_large_kernels_have_closed_forms() -> None:
    assert Axis(10**12, 10**6).coverage_range(10**12) == (1, 10**6)
    assert Axis(10**12, 1, 1, (10**12 - 1, 10**12 - 1)).coverage_range(10**12) == (10**12, 10**12)
    assert Axis(10**12, 10**6).taps_per_phase() == (10**6,)


def test_telling_size_shows_an_overlap_where_there_is_one() -> None:
    for k, s, d in product(range(1, 5), range(1, 5), range(1, 8)):
        axis = Axis(k, s, d)
        overlaps = [axis.coverage(n).max() > 1 for n in (axis.telling_size(), 40)]
        assert overlaps[0] == overlaps[1], axis


def by_direct(axis: Axis, x: NDArray[np.int64], w: NDArray[np.int64]) -> NDArray[np.int64]:
    form = axis.direct()
    stretched = np.zeros((len(x) - 1) * (form.inserted + 1) + 1, dtype=np.int64)
    stretched[:: form.inserted + 1] = x
    return correlated(padded(stretched, form.pad), w[::-1], axis.dilation)


def by_phases(axis: Axis, x: NDArray[np.int64], w: NDArray[np.int64]) -> NDArray[np.int64]:
    y = np.full(axis.output(len(x)), 10**9)
    for phase in axis.phases():
        taps = w[phase.first_tap :: phase.tap_step] if phase.taps else w[:0]
        assert len(taps) == phase.taps
        if phase.taps:
            part = correlated(padded(x, phase.pad), taps[::-1], phase.dilation)
        else:
            part = np.zeros(len(x) + phase.extra, dtype=np.int64)
        assert len(part) == len(x) + phase.extra
        y[phase.offset :: axis.stride] = part
    return y


def by_subpixel(axis: Axis, x: NDArray[np.int64], w: NDArray[np.int64]) -> NDArray[np.int64]:
    form = axis.subpixel()
    kernel = np.zeros((axis.stride, form.taps), dtype=np.int64)
    for weight, channel, position in zip(w, *axis.subpixel_places(), strict=True):
        kernel[channel, form.taps - 1 - position] += weight
    window = padded(x, form.pad)
    maps = np.stack([correlated(window, row, form.dilation) for row in kernel])
    assert maps.shape[1] == len(x) + form.extra
    shuffled = maps.T.ravel()
    return shuffled[form.crop[0] : len(shuffled) - form.crop[1]]


def padded(values: NDArray[np.int64], pad: tuple[int, int]) -> NDArray[np.int64]:
    before, after = pad
    longer = np.pad(values, (max(before, 0), max(after, 0)))
    return longer[max(-before, 0) : len(longer) - max(-after, 0)]


def correlated(values: NDArray[np.int64], kernel: NDArray[np.int64], dilation: int) -> NDArray[np.int64]:
    size = len(values) - dilation * (len(kernel) - 1)
    return np.array(
        [sum(tap * values[q + m * dilation] for m, tap in enumerate(kernel)) for q in range(size)], dtype=np.int64
    )
