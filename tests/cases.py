"""Random geometries with integer data, made so that the hard kinds occur; `kinds` says which kind each one is.

Sizes are kept small enough for the oracles, which are plain Python. The data is asymmetric: no two neighbours alike.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

import deconvs as dc

BUDGET = 500  # products of one case, over all axes and channels

KINDS = (
    *(f"{n} axes" for n in (1, 2, 3, 4)),
    "stride > span",
    "gcd(stride, dilation) > 1",
    "dilation",
    "unequal crop",
    "negative crop",
    "crop > d(k-1)",
    "padded and cropped axis",
    "output_padding",
    "groups",
    "depthwise",
    "size-1 axis",
    "empty phase",
    "zero-size output",
    "batch > 1",
    "unequal axes",
)


@dataclass(frozen=True)
class Case:
    """A geometry, its channels, and data for two input sizes."""

    geometry: dc.ConvTranspose
    c_in: int
    c_out: int
    inputs: tuple[NDArray[np.int64], ...]
    weight: NDArray[np.int64]
    bias: NDArray[np.int64]

    def kinds(self) -> Iterator[str]:
        """The kinds this case is of; computed from the bare parameters, not from the package."""
        g = self.geometry
        n = self.inputs[0].shape[2:]
        axes = list(zip(g.kernel_size, g.stride, g.dilation, g.crop, n, strict=True))
        yield f"{len(axes)} axes"
        if any(s > d * (k - 1) + 1 for k, s, d, _, _ in axes):
            yield "stride > span"
        if any(gcd(s, d) > 1 for _, s, d, _, _ in axes):
            yield "gcd(stride, dilation) > 1"
        if any(d > 1 and k > 1 for k, _, d, _, _ in axes):
            yield "dilation"
        if any(b != e for _, _, _, (b, e), _ in axes):
            yield "unequal crop"
        if any(min(crop) < 0 for _, _, _, crop, _ in axes):
            yield "negative crop"
        if any(max(crop) > d * (k - 1) for k, _, d, crop, _ in axes):
            yield "crop > d(k-1)"
        if any(min(crop) < d * (k - 1) < max(crop) for k, _, d, crop, _ in axes):
            yield "padded and cropped axis"
        if any(b >= 0 and 0 < b - e < max(s, d) for _, s, d, (b, e), _ in axes):
            yield "output_padding"
        if g.groups > 1:
            yield "groups"
        if g.groups == self.c_in > 1:
            yield "depthwise"
        if 1 in n:
            yield "size-1 axis"
        if any({j * d % s for j in range(k)} != set(range(s)) for k, s, d, _, _ in axes):
            yield "empty phase"
        if any((m - 1) * s + d * (k - 1) + 1 - sum(crop) == 0 for k, s, d, crop, m in axes):
            yield "zero-size output"
        if self.inputs[0].shape[0] > 1:
            yield "batch > 1"
        if len(set(axes)) > 1:
            yield "unequal axes"


def cases(seed: int, count: int) -> Iterator[Case]:
    """``count`` cases, the same ones for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        yield _case(rng)


def _case(rng: random.Random) -> Case:
    ndim = rng.choices((1, 2, 3, 4), (30, 35, 20, 15))[0]
    largest = {1: 7, 2: 5, 3: 3, 4: 3}[ndim]
    while True:
        axes = [_axis(rng, largest) for _ in range(ndim)]
        groups, per_group_in, per_group_out = _channels(rng)
        batch = rng.choice((1, 1, 1, 2, 3))
        products = prod(n * k for n, k, *_ in axes) * groups * per_group_in * per_group_out * batch
        outputs = prod(max(0, (n - 1) * s + d * (k - 1) + 1 - b - e) for n, k, s, d, (b, e) in axes)
        if products <= BUDGET and outputs * groups * per_group_out * batch <= 2 * BUDGET:
            break
    n, k, s, d, crop = zip(*axes, strict=True)
    geometry = dc.ConvTranspose(k, s, crop, 0, d, groups)
    c_in, c_out = groups * per_group_in, groups * per_group_out
    larger = tuple(m + rng.randint(0, 2 if ndim < 3 else 1) for m in n)
    numbers = np.random.default_rng(rng.randrange(2**63))
    return Case(
        geometry,
        c_in,
        c_out,
        tuple(_asymmetric(numbers, (batch, c_in, *size)) for size in (n, larger)),
        _asymmetric(numbers, (c_in, per_group_out, *k)),
        _asymmetric(numbers, (c_out,)),
    )


def _asymmetric(numbers: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Distinct integers of both signs in random order, none zero: a flip, shift or swap changes the result."""
    count = prod(shape)
    values = np.arange(1, count + 1) * np.where(numbers.random(count) < 0.5, -1, 1)
    numbers.shuffle(values)
    return values.reshape(shape)


def _axis(rng: random.Random, largest: int) -> tuple[int, int, int, int, tuple[int, int]]:
    """(n, k, s, d, (b, e)) with an output of at least 0."""
    while True:
        n = rng.choice((1, 1, 2, 3, 4, 5, 6))
        k = rng.randint(1, largest)
        s = rng.randint(1, largest)
        d = rng.choice((1, 1, 2, 3, 4))
        span = d * (k - 1) + 1
        full = (n - 1) * s + span
        kind = rng.randrange(8)
        if kind == 0:
            crop = (0, 0)
        elif kind == 1:
            p = rng.randint(0, span - 1)
            crop = (p, p)
        elif kind == 2:
            p = rng.randint(0, span - 1)
            crop = (p, p - rng.randint(0, max(s, d) - 1))
        elif kind == 3:
            crop = (rng.randint(0, span), rng.randint(0, span))
        elif kind == 4:
            crop = (-rng.randint(0, 4), -rng.randint(0, 4))
        elif kind == 5:
            crop = (rng.randint(-4, span + 2), rng.randint(-4, span + 2))
        elif kind == 6:  # deep: far into the input, from one side
            deep = rng.randint(span, full + 3)
            crop = (deep, rng.randint(-6, full - deep) if full - deep >= -6 else -6)
            crop = crop if rng.random() < 0.5 else crop[::-1]
        else:  # nothing is left
            b = rng.randint(-2, full + 2)
            crop = (b, full - b) if rng.random() < 0.2 else (0, 0)
        if full - sum(crop) >= 0:
            return n, k, s, d, crop


def _channels(rng: random.Random) -> tuple[int, int, int]:
    """(groups, input channels per group, output channels per group)."""
    return rng.choice(
        ((1, 1, 1), (1, 1, 2), (1, 2, 1), (1, 3, 2), (2, 1, 1), (2, 2, 1), (2, 1, 3), (3, 1, 1), (3, 2, 2))
    )
