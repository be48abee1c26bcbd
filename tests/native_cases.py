"""What the tests of the native core share: an oracle fast enough for many channels, exact data, forced choices."""

from __future__ import annotations

import builtins
import itertools
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc
from deconvs.run import engine, native
from deconvs.run import machine as machines

Array = NDArray[Any]

CORE = native.load()
NEEDS_CORE = pytest.mark.skipif(CORE is None, reason=f"no native core: {native.why_not()}")
ISAS: list[str] = [] if CORE is None else CORE.available()
KERNELS = ("phase", "union", "gemm", "toom")
FEWER = 8 if os.environ.get("DECONVS_SANITIZED") else 1
"""Under a sanitizer everything takes about ten times as long: so many times fewer cases."""


def scattered(g: dc.ConvTranspose, x: Array, w: Array, bias: Array | None = None) -> Array:
    """The definition, tap by tap, in the type given; nothing of the package but the bare parameters.

    Tap j puts w[j] x[i] at i*s + j*d - b; tests/test_native_exact.py compares this oracle with the package's.
    """
    batch, c_in, *n = x.shape
    c_out = w.shape[1] * g.groups
    full = [(m - 1) * s + d * (k - 1) + 1 for m, s, d, k in zip(n, g.stride, g.dilation, g.kernel_size, strict=True)]
    # Crops below zero enlarge: room before and after what the stamps cover.
    before = [max(0, -b) for b, _ in g.crop]
    room = [f + lead + max(0, -e) for f, lead, (_, e) in zip(full, before, g.crop, strict=True)]
    y = np.zeros((batch, g.groups, w.shape[1], *room), x.dtype)
    grouped = x.reshape(batch, g.groups, c_in // g.groups, -1)
    for j in itertools.product(*map(range, g.kernel_size)):
        taps = w[(slice(None), slice(None), *j)].reshape(g.groups, c_in // g.groups, -1)
        products = np.einsum("gco,bgcp->bgop", taps, grouped).reshape(batch, g.groups, w.shape[1], *n)
        at = tuple(
            slice(lead + tap * d, lead + tap * d + (m - 1) * s + 1, s)
            for lead, tap, d, s, m in zip(before, j, g.dilation, g.stride, n, strict=True)
        )
        y[(slice(None), slice(None), slice(None), *at)] += products
    size = g.output_size(tuple(n))
    cut = tuple(slice(lead + b, lead + b + m) for lead, (b, _), m in zip(before, g.crop, size, strict=True))
    y = y.reshape(batch, c_out, *room)[(slice(None), slice(None), *cut)]
    return y if bias is None else y + bias.reshape(-1, *(1,) * g.ndim)


def exact_range(g: dc.ConvTranspose, channels_in: int, dtype: str) -> int:
    """Integers up to which x and w may grow so that every kernel computes without rounding, Toom-Cook's too.

    An axis of Toom-Cook's doubles inputs, makes weights up to 1.5 times as large in halves, and adds up four products.
    """
    per_output = max(prod(g.kernel_size), (2 * 2 * 1.5 * 4) ** g.ndim) * channels_in // g.groups
    return max(1, min(9, int((2 ** (24 if dtype == "float32" else 53) / 2 / per_output) ** 0.5)))


def data(
    g: dc.ConvTranspose, batch: int, channels: tuple[int, int], size: tuple[int, ...], dtype: str, seed: int = 0
) -> tuple[Array, Array, Array]:
    """(x, w, bias): random integers, small enough to be exact."""
    rng = np.random.default_rng(seed)
    top = exact_range(g, channels[0], dtype)
    shapes = (batch, channels[0], *size), (channels[0], channels[1] // g.groups, *g.kernel_size), (channels[1],)
    return tuple(rng.integers(-top, top + 1, shape).astype(dtype) for shape in shapes)  # type: ignore[return-value]


def prepared(g: dc.ConvTranspose, w: Array, bias: Array | None, kernel: str | None, **more: Any) -> Any:
    """The operator by a kernel, or None where that kernel cannot compute the geometry."""
    op = g.prepare(w, bias, kernel=kernel, **more)
    # Refused when it first meets an input, whose size does not matter as long as there is an output.
    size = tuple(max(1, -(-(sum(crop) + 1 - span) // s) + 1) for crop, span, s in _sides(g))
    try:
        op.choose((w.shape[0], *size))
    except dc.GeometryError as error:
        if f"the kernel '{kernel}' cannot compute this geometry" in str(error):
            return None
        raise
    return op


def _sides(g: dc.ConvTranspose) -> Iterator[tuple[tuple[int, int], int, int]]:
    for crop, k, d, s in zip(g.crop, g.kernel_size, g.dilation, g.stride, strict=True):
        yield crop, d * (k - 1) + 1, s


def assert_same(found: Array, expected: Array, what: object) -> None:
    """Bit for bit, but for the sign of zero."""
    if not np.array_equal(found, expected):
        wrong = np.argwhere(found != expected)
        first = tuple(wrong[0]) if found.shape == expected.shape else None
        raise AssertionError(f"{what}: {len(wrong)} of {expected.size} differ, the first at {first}")


def check(
    g: dc.ConvTranspose,
    batch: int,
    channels: tuple[int, int],
    size: tuple[int, ...],
    dtype: str,
    kernels: tuple[str, ...] = KERNELS,
    threads: int | None = None,
) -> Iterator[tuple[str, Any]]:
    """Compute with every kernel that can, into poisoned memory, compare with the oracle; what each was chosen to do."""
    x, w, bias = data(g, batch, channels, size, dtype)
    expected = scattered(g, x, w, bias)
    for kernel in kernels:
        if (op := prepared(g, w, bias, kernel)) is None:
            continue
        out = np.full(expected.shape, np.nan, dtype)
        op(x, out=out, threads=threads)
        assert_same(out, expected, (g, channels, x.shape, dtype, kernel))
        choice = op.choose(x.shape, dtype, threads)
        if choice is not None:
            yield kernel, choice


@contextmanager
def random_choices(seed: int, **caches: int) -> Iterator[None]:
    """Planners that take any of their candidates, on a processor with other caches: whatever is chosen must be right.

    They choose by ``min(..., key=...)``, so each planner's module gets a ``min`` that draws lots where there is a key.
    """
    rng = random.Random(seed)

    def drawn(*values: Any, key: Any = None, **more: Any) -> Any:
        if key is None:
            return builtins.min(*values, **more)
        return rng.choice(list(values[0]))

    with pytest.MonkeyPatch.context() as patch:
        for module in ("phase_plan", "tiling", "gemm_plan", "toom_plan"):
            patch.setattr(f"deconvs.run.{module}.min", drawn, raising=False)
        patch.setattr(engine, "machine", lambda core, isa: replace(machines.machine(core, isa), **caches))
        engine._engine.cache_clear()
        try:
            yield
        finally:
            engine._engine.cache_clear()
