"""A framework's answer against the plan of the geometry, on integers that float32 holds exactly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc
from deconvs.conventions import layout, read, write
from deconvs.errors import Refusal

Array = NDArray[Any]
Run = Callable[[dict[str, Any], Array, Array], Array]


def integers(values: np.random.Generator, *shape: int) -> Array:
    """Small integers, as float32: every sum below is exact."""
    return values.integers(-20, 21, shape).astype(np.float32)


def some_channels(values: np.random.Generator) -> tuple[int, int]:
    """Few, and sometimes 8: frameworks take other ways, and go wrong elsewhere, where channels fill a vector."""
    per_in, per_out = (int(n) for n in values.choice((1, 2, 3, 8), 2))
    return per_in, per_out


def same_values(
    name: str,
    run: Run,
    params: dict[str, Any],
    geometry: dc.ConvTranspose,
    size: tuple[int, ...],
    values: np.random.Generator,
) -> None:
    """The framework with its own parameters and weight layout computes what the geometry's fast path does."""
    groups = geometry.groups
    per_in, per_out = some_channels(values)
    x = integers(values, 2, groups * per_in, *size)
    weight = integers(values, groups * per_in, per_out, *geometry.kernel_size)
    stored = layout(name, geometry.ndim, groups, params)
    theirs = run(params, x, stored.from_canonical(weight))
    assert np.array_equal(stored.to_canonical(stored.from_canonical(weight)), weight)
    ours = geometry.prepare(weight)(x)
    assert theirs.shape == ours.shape, (params, size, geometry)
    assert np.array_equal(ours, theirs), (params, size, geometry)


def same_as_read(
    name: str, run: Run, params: dict[str, Any], size: tuple[int, ...], values: np.random.Generator
) -> dc.ConvTranspose:
    """The framework computes what its parameters are read as."""
    geometry = read(name, params, size)
    same_values(name, run, params, geometry, size, values)
    return geometry


def same_as_written(
    name: str, run: Run, geometry: dc.ConvTranspose, size: tuple[int, ...], values: np.random.Generator
) -> bool:
    """The framework computes a geometry from what is written for it, or what is nearest and then completed as said."""
    said = write(name, geometry, size)
    if not isinstance(said, Refusal):
        assert read(name, said, size) == geometry
        same_values(name, run, said, geometry, size, values)
        return True
    assert not said
    assert said.nearest is not None, (geometry, size, said)
    if min(map(min, geometry.crop)) >= 0:  # then what is left is only cut
        assert min(map(min, said.nearest.crop)) >= 0, (geometry, said)
    groups, (per_in, per_out) = geometry.groups, some_channels(values)
    x = integers(values, 2, groups * per_in, *size)
    weight = integers(values, groups * per_in, per_out, *geometry.kernel_size)
    theirs = completed(name, run, said, x, weight)
    assert np.array_equal(geometry.prepare(weight)(x), theirs), (geometry, size, said)
    return False


def completed(name: str, run: Run, refusal: Refusal, x: Array, weight: Array) -> Array:
    """What `Nearest` says is still to be done: dilate the weight, split the groups, crop or add."""
    nearest = refusal.nearest
    assert nearest is not None
    ndim = x.ndim - 2
    if nearest.dilation is not None:
        spans = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], nearest.dilation, strict=True)]
        filled = np.zeros((*weight.shape[:2], *spans), weight.dtype)
        filled[(slice(None), slice(None), *(slice(None, None, d) for d in nearest.dilation))] = weight
        weight = filled
    groups = int(nearest.params.get("groups", nearest.params.get("group", 1)))  # type: ignore[call-overload]
    stored = layout(name, ndim, groups)
    parts = [
        run(dict(nearest.params), np.ascontiguousarray(xs), stored.from_canonical(ws))
        for xs, ws in zip(np.split(x, nearest.groups, 1), np.split(weight, nearest.groups, 0), strict=True)
    ]
    y = np.concatenate(parts, axis=1)
    for axis, (begin, end) in enumerate(nearest.crop, 2):
        y = np.moveaxis(y, axis, 0)
        y = y[max(begin, 0) : y.shape[0] - max(end, 0)]
        y = np.pad(y, [(max(-begin, 0), max(-end, 0)), *[(0, 0)] * (y.ndim - 1)])
        y = np.moveaxis(y, 0, axis)
    return y


def random_geometry(rng: random.Random, ndim: int) -> tuple[dc.ConvTranspose, tuple[int, ...]]:
    """Unequal, negative and deep crops, dilation, groups, strides beyond the kernel; at least one output."""
    largest = {1: 6, 2: 4, 3: 3, 4: 2}[ndim]
    plain, single = rng.random() < 0.6, rng.random() < 0.6
    axes = []
    while len(axes) < ndim:
        n, k, s = rng.randint(1, 5 if ndim < 3 else 3), rng.randint(1, largest), rng.randint(1, largest)
        d = 1 if plain else rng.choice((1, 2, 3))
        axis = dc.Axis(k, s, d)
        p = rng.randint(0, axis.span)
        crop = rng.choice(
            (
                (0, 0),
                (p, p),
                (p, p - rng.randint(0, max(s, d) - 1)),
                (max(axis.span - s, 0) // 2, max(axis.span - s, 0) - max(axis.span - s, 0) // 2),
                (p, rng.randint(0, axis.span)),
                (0, -rng.randint(0, s - 1)),
                (rng.randint(-3, p), rng.randint(-3, p)),
            )
        )
        if axis.full(n) - sum(crop) >= 1:
            axes.append((n, k, s, d, crop))
    sizes, kernel, stride, dilation, crops = zip(*axes, strict=True)
    groups = 1 if single else rng.randint(2, 3)
    return dc.ConvTranspose(kernel, stride, crops, 0, dilation, groups), sizes


def kinds_of(geometry: dc.ConvTranspose) -> list[str]:
    """What is hard about a geometry."""
    axes = geometry.axes
    found = {
        "unequal": any(a.crop[0] != a.crop[1] for a in axes),
        "negative begin": any(a.crop[0] < 0 for a in axes),
        "negative end": any(a.crop[1] < 0 for a in axes),
        "dilation": max(geometry.dilation) > 1,
        "groups": geometry.groups > 1,
        "span < stride": any(a.span < a.stride for a in axes),
        "even": any(a.kernel_size % 2 == 0 for a in axes),
        "odd": any(a.kernel_size % 2 for a in axes),
    }
    return [kind for kind, present in found.items() if present]


KINDS = 8


def check_writing(name: str, run: Run, ndims: tuple[int, ...], cases: int) -> Counter[str]:
    """Random geometries, so many for each number of axes; counts of what was written and refused."""
    counts: Counter[str] = Counter()
    for ndim in ndims:
        rng, values = random.Random(ndim), np.random.default_rng(ndim)
        for _ in range(cases):
            geometry, size = random_geometry(rng, ndim)
            counts["written" if same_as_written(name, run, geometry, size, values) else "refused"] += 1
            counts.update(kinds_of(geometry))
    assert len(counts) == KINDS + 2 or counts["refused"] == 0, counts
    assert min(counts.values()) >= cases // 20, counts
    assert counts["written"] + counts["refused"] == cases * len(ndims)
    return counts


def refuses(run: Run, params: dict[str, Any], x_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> None:
    """The framework itself raises."""
    values = np.random.default_rng(0)
    with pytest.raises(Exception):  # noqa: B017, PT011
        run(params, integers(values, *x_shape), integers(values, *weight_shape))


def refuses_or_is_empty(
    run: Run, params: dict[str, Any], x_shape: tuple[int, ...], weight_shape: tuple[int, ...]
) -> None:
    """The framework itself raises, or makes an output without elements."""
    try:
        y = run(params, np.ones(x_shape, np.float32), np.ones(weight_shape, np.float32))
    except Exception:
        return
    assert 0 in y.shape, (params, x_shape)
