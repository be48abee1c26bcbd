"""The same promises as the sweep, by Hypothesis: when one breaks, it shows the smallest geometry that breaks it."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import deconvs as dc

from .cases import Case
from .sweep import check

# Any slow example is a small one that NumPy is imported in: only its result counts.
relaxed = settings(deadline=None, max_examples=150, derandomize=True)


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, int, int, tuple[int, int]]:
    """(n, k, s, d, crop) of one axis, with an output of at least 0."""
    n, k, s, d = (draw(st.integers(1, top)) for top in (5, 4, 5, 4))
    full = (n - 1) * s + d * (k - 1) + 1
    begin = draw(st.integers(-4, full + 4))
    end = draw(st.integers(-4, full - begin)) if full - begin >= -4 else full - begin
    return n, k, s, d, (begin, end)


@st.composite
def geometries(draw: st.DrawFn) -> Case:
    """A geometry with data that counts up from 1."""
    found = draw(st.lists(axes(), min_size=1, max_size=4))
    n, k, s, d, crop = zip(*found, strict=True)
    groups, per_group_in, per_group_out = (draw(st.integers(1, 2)) for _ in range(3))
    geometry = dc.ConvTranspose(k, s, crop, 0, d, groups)
    assume(prod(n) * prod(k) * groups * per_group_in * per_group_out <= 400)
    assume(prod(geometry.output_size(n)) <= 1000)
    c_in, c_out = groups * per_group_in, groups * per_group_out
    shapes = ((1, c_in, *n), (c_in, per_group_out, *k), (c_out,))
    x, weight, bias = (np.arange(1, prod(shape) + 1).reshape(shape) for shape in shapes)
    return Case(geometry, c_in, c_out, (x,), weight, bias)


@relaxed
@given(geometries())
def test_everything_agrees(case: Case) -> None:
    check(case)


@relaxed
@given(axes(), st.integers(0, 3))
def test_transposing_twice_returns(axis: tuple[int, int, int, int, tuple[int, int]], extra: int) -> None:
    n, k, s, d, crop = axis
    convolution = dc.ConvTranspose((k,), s, (crop,), 0, d).adjoint()
    m = max(1, (n - 1) * s + d * (k - 1) + 1 - sum(crop)) + extra
    assume(m + sum(crop) >= d * (k - 1) + 1)
    transpose = convolution.transpose(m)
    assert transpose.output_size(convolution.output_size(m)) == (m,)
    # The same windows: only the unread rest at the end may differ.
    assert transpose.adjoint().output_size(m) == convolution.output_size(m)


@relaxed
@given(axes(), st.data())
def test_a_tile_computed_alone_equals_its_part_of_the_whole(
    axis: tuple[int, int, int, int, tuple[int, int]], data: st.DataObject
) -> None:
    n, k, s, d, crop = axis
    g = dc.ConvTranspose((k,), s, (crop,), 0, d)
    x, w = np.arange(1, n + 1), np.arange(1, k + 1)
    whole = dc.conv_transpose(x[None], w[None, None], stride=s, padding=g.crop, dilation=d)[0]
    low = data.draw(st.integers(0, len(whole)))
    high = data.draw(st.integers(low, len(whole)))
    first, last = g.axes[0].tile(n, low, high)
    kept = np.where((np.arange(n) >= first) & (np.arange(n) < last), x, 0)
    alone = dc.conv_transpose(kept[None], w[None, None], stride=s, padding=g.crop, dilation=d)[0]
    assert np.array_equal(alone[low:high], whole[low:high])
