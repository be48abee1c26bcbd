"""PyTorch and SciPy themselves, never a copy of their formulas, over random layers."""

from __future__ import annotations

import random
from collections import Counter
from math import gcd
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import torch
from numpy.typing import NDArray

import deconvs as dc

CONV_TRANSPOSE = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}
CONV = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}

CASES = 400
"""Of each dimension."""


def layer(rng: random.Random, ndim: int) -> tuple[dict[str, Any], list[int], list[int], int, int]:
    """Random options as PyTorch spells them, kernel and input size, channels; PyTorch wants at least one output."""
    largest = {1: 7, 2: 5, 3: 3}[ndim]
    while True:
        groups = rng.choice((1, 1, 2, 3))
        kernel = [rng.randint(1, largest) for _ in range(ndim)]
        size = [rng.randint(1, 6 if ndim < 3 else 4) for _ in range(ndim)]
        stride = [rng.randint(1, largest) for _ in range(ndim)]
        dilation = [rng.choice((1, 1, 2, 3)) for _ in range(ndim)]
        options = {
            "stride": stride,
            "dilation": dilation,
            "padding": [rng.randint(0, d * (k - 1) + 1) for k, d in zip(kernel, dilation, strict=True)],
            "output_padding": [rng.randrange(max(s, d)) for s, d in zip(stride, dilation, strict=True)],
            "groups": groups,
        }
        try:
            positive = min(dc.ConvTranspose(kernel, **options).output_size(size)) > 0
        except dc.GeometryError:
            continue
        if positive:
            return options, kernel, size, groups * rng.randint(1, 3), groups * rng.randint(1, 3)


def numbers(rng: np.random.Generator, *shape: int) -> NDArray[np.float64]:
    """Small integers as float64: every sum below is exact in it, whatever the order, so equal means equal."""
    return rng.integers(-50, 51, shape).astype(np.float64)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_equal_to_pytorch(ndim: int) -> None:
    choices, values = random.Random(ndim), np.random.default_rng(ndim)
    kinds: Counter[str] = Counter()
    for turn in range(CASES):
        options, kernel, size, c_in, c_out = layer(choices, ndim)
        batch = () if turn % 3 == 0 else (turn % 3,)
        x = numbers(values, *batch, c_in, *size)
        w = numbers(values, c_in, c_out // options["groups"], *kernel)
        bias = numbers(values, c_out) if turn % 2 else None
        tensors = [None if a is None else torch.from_numpy(a) for a in (x, w, bias)]
        theirs = CONV_TRANSPOSE[ndim](*tensors, **options).numpy()
        ours = dc.conv_transpose(x, w, bias, **options)
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs), (options, kernel, size)
        kinds["no batch"] += not batch
        kinds["groups"] += options["groups"] > 1
        kinds["dilation"] += max(options["dilation"]) > 1
        kinds["output_padding"] += max(options["output_padding"]) > 0
        kinds["output_padding >= stride"] += any(
            op >= s for op, s in zip(options["output_padding"], options["stride"], strict=True)
        )
        kinds["gcd"] += any(gcd(s, d) > 1 for s, d in zip(options["stride"], options["dilation"], strict=True))
        kinds["stride > kernel"] += any(s > k for s, k in zip(options["stride"], kernel, strict=True))
    assert min(kinds.values()) >= 10, kinds
    assert len(kinds) == 7


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_the_convolution_is_pytorchs_too(ndim: int) -> None:
    choices, values = random.Random(10 + ndim), np.random.default_rng(10 + ndim)
    tried = 0
    while tried < CASES // 2:
        options, kernel, size, c_in, c_out = layer(choices, ndim)
        del options["output_padding"]
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, options["dilation"], strict=True)]
        if any(n + 2 * p < span for n, p, span in zip(size, options["padding"], spans, strict=True)):
            continue
        tried += 1
        x = numbers(values, 2, c_in, *size)
        w = numbers(values, c_out, c_in // options["groups"], *kernel)
        bias = numbers(values, c_out)
        theirs = CONV[ndim](*map(torch.from_numpy, (x, w, bias)), **options).numpy()
        assert np.array_equal(dc.conv(x, w, bias, **options), theirs), (options, kernel, size)


def test_transpose_of_a_convolution_is_pytorchs_gradient() -> None:
    """Autograd applies Cᵀ to the gradient: Conv.transpose(input_size) must be that operator, for every remainder."""
    choices, values = random.Random(20), np.random.default_rng(20)
    remainders: Counter[bool] = Counter()
    for _ in range(200):
        k, s, d, p = choices.randint(1, 4), choices.randint(1, 4), choices.randint(1, 3), choices.randint(0, 3)
        size = (choices.randint(d * (k - 1) + 1, 14), choices.randint(d * (k - 1) + 1, 14))
        convolution = dc.Conv(k, s, p, d, ndim=2)
        w = numbers(values, 3, 2, k, k)
        x = torch.zeros(1, 2, *size, dtype=torch.float64, requires_grad=True)
        y = torch.conv2d(x, torch.from_numpy(w), stride=s, padding=p, dilation=d)
        gradient = numbers(values, *y.shape)
        y.backward(torch.from_numpy(gradient))
        transpose = convolution.transpose(size)
        assert np.array_equal(transpose.prepare(w)(gradient), x.grad.numpy()), (convolution, size)
        remainders[transpose.crop[0][0] != transpose.crop[0][1]] += 1
    assert min(remainders[True], remainders[False]) > 20


def test_equal_to_scipy_upfirdn_in_one_dimension() -> None:
    """upfirdn inserts zeros and filters: the full transposed convolution of one channel."""
    choices, values = random.Random(30), np.random.default_rng(30)
    for _ in range(300):
        n, k, s, d = (choices.randint(1, top) for top in (9, 7, 5, 3))
        x, w = numbers(values, n), numbers(values, k)
        dilated = np.zeros(d * (k - 1) + 1)
        dilated[::d] = w
        ours = dc.conv_transpose(x[None], w[None, None], stride=s, dilation=d)[0]
        assert np.array_equal(ours, scipy.signal.upfirdn(dilated, x, up=s))


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_equal_to_scipy_convolve_at_stride_1(ndim: int) -> None:
    """signal.convolve flips its kernel: in mode "full" it is the transposed convolution at stride 1."""
    choices, values = random.Random(40 + ndim), np.random.default_rng(40 + ndim)
    for _ in range(60):
        x = numbers(values, *(choices.randint(1, 6) for _ in range(ndim)))
        w = numbers(values, *(choices.randint(1, 4) for _ in range(ndim)))
        full = scipy.signal.convolve(x, w, mode="full", method="direct")
        assert np.array_equal(dc.conv_transpose(x[None], w[None, None])[0], full)
        if all(n >= k for n, k in zip(x.shape, w.shape, strict=True)):
            valid = scipy.signal.correlate(x, w, mode="valid", method="direct")
            assert np.array_equal(dc.conv(x[None], w[None, None])[0], valid)


def test_equal_to_scipy_ndimage_at_the_same_size() -> None:
    """ndimage.convolve keeps the size: padding floor((k-1)/2) before and what is left after."""
    values = np.random.default_rng(50)
    for shape, k in (((5, 7), (3, 3)), ((4, 4), (4, 2)), ((6, 3), (5, 1))):
        x, w = numbers(values, *shape), numbers(values, *k)
        crop = tuple((size // 2 - (size % 2 == 0), size // 2) for size in k)
        ours = dc.conv_transpose(x[None], w[None, None], padding=crop)[0]
        theirs = scipy.ndimage.convolve(x, w, mode="constant", origin=tuple(-(size % 2 == 0) for size in k))
        assert np.array_equal(ours, theirs), (shape, k)
