"""Runs any Plan in NumPy: what each weight recipe and each step means, one small function apiece.

Data is (N, C, *spatial); the list that CorrelatePhases leaves is taken up by Interleave. Nothing is checked here:
run/border.py does that. Works in whatever type x and the prepared weights have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..operator import matrix
from ..plan import Plan
from ..steps import (
    AddBias,
    Correlate,
    CorrelatePhases,
    Crop,
    Fill,
    Flatten,
    InsertZeros,
    Interleave,
    MatMul,
    Multiply,
    OverlapAdd,
    Pad,
    PixelShuffle,
    Scatter,
    Step,
    Unflatten,
)
from ..weights import (
    ColumnMatrix,
    FlippedKernel,
    Recipe,
    StoredWeight,
    SubPixelKernel,
    TransposedMatrix,
)

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What the steps may ask about the run they are part of."""

    input_size: tuple[int, ...]
    c_out: int
    bias: Array | None


def prepare(plan: Plan, weight: Array) -> tuple[Any, ...]:
    """What each step needs of the weight: done once, whatever the inputs will be. None for steps without one."""
    return tuple(
        [_branch_weights(branch, weight) for branch in step.branches()]
        if isinstance(step, CorrelatePhases)
        else None
        if recipe is None
        else prepare_weight(recipe, weight)
        for step, recipe in zip(plan.steps, plan.recipes(), strict=True)
    )


def interpret(plan: Plan, x: Array, prepared: tuple[Any, ...], c_out: int, bias: Array | None) -> Array:
    """Carry out the steps on ``x``."""
    run = Run(x.shape[2:], c_out, bias)
    data: Any = x
    for step, weight in zip(plan.steps, prepared, strict=True):
        data = apply(step, data, weight, run)
    return data  # type: ignore[no-any-return]


def on_space(indices: Iterable[int | slice]) -> Any:
    """An index of the last axes; those before (batch, channels) are kept whole."""
    return (..., *indices)


# Weight recipes


@singledispatch
def prepare_weight(recipe: Recipe, weight: Array) -> Array:
    """The weight (C_in, C_out/groups, *k) as the recipe wants it."""
    raise NotImplementedError(f"no meaning for {type(recipe).__name__}")


@prepare_weight.register(StoredWeight)
@prepare_weight.register(TransposedMatrix)  # the matrix itself is built at each input size
def _as_stored(recipe: StoredWeight | TransposedMatrix, weight: Array) -> Array:
    return weight


@prepare_weight.register
def _column_matrix(recipe: ColumnMatrix, weight: Array) -> Array:
    by_group = weight.reshape(recipe.groups, weight.shape[0] // recipe.groups, -1)
    return np.ascontiguousarray(by_group.swapaxes(1, 2))


@prepare_weight.register
def _flipped_kernel(recipe: FlippedKernel, weight: Array) -> Array:
    chosen = tuple(
        slice(first, first + (count - 1) * step + 1, step)
        for first, step, count in zip(recipe.first_tap, recipe.tap_step, recipe.taps, strict=True)
    )
    flipped: Array = np.flip(_swapped(weight[on_space(chosen)], recipe.groups), axis=tuple(range(2, weight.ndim)))
    return flipped


@prepare_weight.register
def _subpixel_kernel(recipe: SubPixelKernel, weight: Array) -> Array:
    g = recipe.geometry
    swapped = _swapped(weight, g.groups)
    kernel = np.zeros((swapped.shape[0], *g.stride, swapped.shape[1], *recipe.taps), weight.dtype)
    places = [axis.subpixel_places() for axis in g.axes]
    channels = np.ix_(*(along for along, _ in places))
    positions = np.ix_(*(taps - 1 - along for taps, (_, along) in zip(recipe.taps, places, strict=True)))
    # NumPy puts the axes of index arrays that are apart from each other first: the taps, then both kinds of channels.
    index: Any = (slice(None), *channels, slice(None), *positions)
    kernel[index] = np.moveaxis(swapped, (0, 1), (-2, -1))
    return kernel.reshape(-1, swapped.shape[1], *recipe.taps)


def _branch_weights(branch: tuple[Step, ...], weight: Array) -> tuple[Array | None, ...]:
    return tuple(prepare_weight(step.weight, weight) if isinstance(step, Correlate) else None for step in branch)


def _swapped(weight: Array, groups: int) -> Array:
    """(C_in, C_out/groups, *k) to (C_out, C_in/groups, *k)."""
    c_in, per_group, *k = weight.shape
    by_group = weight.reshape(groups, c_in // groups, per_group, *k).swapaxes(1, 2)
    return by_group.reshape(groups * per_group, c_in // groups, *k)


# Data steps


@singledispatch
def apply(step: Step, data: Any, weight: Any, run: Run) -> Any:
    """Carry out one step."""
    raise NotImplementedError(f"no meaning for {type(step).__name__}")


@apply.register
def _insert_zeros(step: InsertZeros, data: Array, weight: None, run: Run) -> Array:
    size = tuple((n - 1) * (zeros + 1) + 1 for n, zeros in zip(data.shape[2:], step.inserted, strict=True))
    stretched = np.zeros((*data.shape[:2], *size), data.dtype)
    stretched[on_space(slice(None, None, zeros + 1) for zeros in step.inserted)] = data
    return stretched


@apply.register
def _pad(step: Pad, data: Array, weight: None, run: Run) -> Array:
    size = tuple(n + before + after for n, (before, after) in zip(data.shape[2:], step.amounts, strict=True))
    padded = np.zeros((*data.shape[:2], *size), data.dtype)
    inside = tuple(slice(b, b + n) for n, (b, _) in zip(data.shape[2:], step.amounts, strict=True))
    padded[on_space(inside)] = data
    return padded


@apply.register
def _crop(step: Crop, data: Array, weight: None, run: Run) -> Array:
    kept = tuple(slice(before, n - after) for n, (before, after) in zip(data.shape[2:], step.amounts, strict=True))
    cropped: Array = data[on_space(kept)]
    return cropped


@apply.register
def _correlate(step: Correlate, data: Array, weight: Array, run: Run) -> Array:
    groups = step.groups
    batch, c_in, *space = data.shape
    c_out, per_group, *taps = weight.shape
    reach = [d * (k - 1) for d, k in zip(step.dilation, taps, strict=True)]
    size = [n - r for n, r in zip(space, reach, strict=True)]
    kernel = weight.reshape(groups, c_out // groups, per_group, *taps)
    total = np.zeros((batch, groups, c_out // groups, prod(size)), np.result_type(data, weight))
    for j in product(*map(range, taps)):
        starts = [tap * d for tap, d in zip(j, step.dilation, strict=True)]
        window = data[on_space(slice(start, start + n) for start, n in zip(starts, size, strict=True))]
        total += kernel[on_space(j)] @ window.reshape(batch, groups, c_in // groups, prod(size))
    return total.reshape(batch, c_out, *size)


@apply.register
def _scatter(step: Scatter, data: Array, weight: Array, run: Run) -> Array:
    groups = step.weight.groups
    batch, c_in, *n = data.shape
    _, per_group, *k = weight.shape
    stamps = weight.reshape(groups, c_in // groups, -1)
    full = np.zeros((batch, run.c_out, *(grow(m) for grow, m in zip(step.full, n, strict=True))), data.dtype)
    for i in np.ndindex(*n):
        stamp = data[on_space(i)].reshape(batch, groups, 1, c_in // groups) @ stamps
        where = tuple(
            slice(p * s, p * s + d * (taps - 1) + 1, d)
            for p, s, d, taps in zip(i, step.stride, step.dilation, k, strict=True)
        )
        full[on_space(where)] += stamp.reshape(batch, groups * per_group, *k)
    return full


@apply.register
def _matmul(step: MatMul, data: Array, weight: Array, run: Run) -> Array:
    batch, c_in, *n = data.shape
    groups = step.weight.groups
    columns = weight @ data.reshape(batch, groups, c_in // groups, prod(n))
    return columns.reshape(batch, run.c_out, *step.weight.kernel_size, *n)


@apply.register
def _overlap_add(step: OverlapAdd, data: Array, weight: None, run: Run) -> Array:
    batch, c_out = data.shape[:2]
    n = data.shape[2 + len(step.kernel_size) :]
    full = np.zeros((batch, c_out, *(grow(m) for grow, m in zip(step.full, n, strict=True))), data.dtype)
    for j in np.ndindex(*step.kernel_size):
        starts = [tap * d for tap, d in zip(j, step.dilation, strict=True)]
        where = tuple(
            slice(start, start + (m - 1) * s + 1, s) for start, s, m in zip(starts, step.stride, n, strict=True)
        )
        full[on_space(where)] += data[(slice(None), slice(None), *j)]
    return full


@apply.register
def _flatten(step: Flatten, data: Array, weight: None, run: Run) -> Array:
    return data.reshape(data.shape[0], prod(data.shape[1:]))


@apply.register
def _multiply(step: Multiply, data: Array, weight: Array, run: Run) -> Array:
    transposed = matrix(step.weight.geometry, run.input_size, weight)
    return np.asarray((transposed @ data.T).T)


@apply.register
def _unflatten(step: Unflatten, data: Array, weight: None, run: Run) -> Array:
    size = tuple(grow(n) for grow, n in zip(step.sizes, run.input_size, strict=True))
    return data.reshape(data.shape[0], run.c_out, *size)


@apply.register
def _correlate_phases(step: CorrelatePhases, data: Array, weight: Any, run: Run) -> list[Array]:
    parts = []
    for branch, weights in zip(step.branches(), weight, strict=True):
        part = data
        for inner, prepared in zip(branch, weights, strict=True):
            part = apply(inner, part, prepared, run)
        parts.append(part)
    return parts


@apply.register
def _fill(step: Fill, data: Array, weight: None, run: Run) -> Array:
    size = tuple(n + extra for n, extra in zip(data.shape[2:], step.extra, strict=True))
    return np.zeros((data.shape[0], run.c_out, *size), data.dtype)


@apply.register
def _interleave(step: Interleave, data: list[Array], weight: None, run: Run) -> Array:
    total = [grow(n) for grow, n in zip(step.sizes, run.input_size, strict=True)]
    woven = np.empty((*data[0].shape[:2], *total), data[0].dtype)
    for offsets, part in zip(product(*step.offsets), data, strict=True):
        where = tuple(slice(offset, None, s) for offset, s in zip(offsets, step.stride, strict=True))
        woven[on_space(where)] = part
    return woven


@apply.register
def _pixel_shuffle(step: PixelShuffle, data: Array, weight: None, run: Run) -> Array:
    ndim = len(step.stride)
    batch, _, *n = data.shape
    blocks = data.reshape(batch, run.c_out, *step.stride, *n)
    order = [0, 1]
    for a in range(ndim):
        order += [2 + ndim + a, 2 + a]
    size = [m * s for m, s in zip(n, step.stride, strict=True)]
    return blocks.transpose(order).reshape(batch, run.c_out, *size)


@apply.register
def _add_bias(step: AddBias, data: Array, weight: None, run: Run) -> Array:
    return data if run.bias is None else data + run.bias.reshape(-1, *(1,) * (data.ndim - 2))
