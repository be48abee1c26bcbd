"""How arrays lie: any strides in and out, odd addresses, guard zones around the result, memory that is used again."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.run import engine

from .native_cases import CORE, FEWER, ISAS, KERNELS, NEEDS_CORE, Array, assert_same, data, prepared, scattered

pytestmark = NEEDS_CORE

G = dc.ConvTranspose((4, 3), (2, 1), ((1, 2), (1, 0)))
GEOMETRIES = {
    1: dc.ConvTranspose((4,), 2, 1),
    2: G,
    3: dc.ConvTranspose((4, 3, 2), (2, 1, 2), 1),
    4: dc.ConvTranspose((2, 1, 3, 4), (1, 1, 2, 2)),
}
CHANNELS = ((19, 21), (3, 2), (1, 1))[: 1 if FEWER > 1 else 3]
MARK = -12345.5
SIZES = {1: (19,), 2: (9, 18), 3: (3, 5, 9), 4: (2, 3, 4, 5)}


def pixels_together(a: Array) -> Array:
    """Channels last: N, *spatial, C in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1)


def at_an_odd_address(a: Array) -> Array:
    memory = np.zeros(a.nbytes + 1, np.uint8)
    odd = memory[1:].view(a.dtype).reshape(a.shape)
    odd[...] = a
    assert not odd.flags.aligned
    return odd


def with_steps_between(a: Array) -> Array:
    wide = np.full(tuple(2 * size for size in a.shape), np.nan, a.dtype)
    every_other = wide[tuple(slice(1, None, 2) for _ in a.shape)]
    every_other[...] = a
    return every_other


def backwards(a: Array) -> Array:
    turned = (slice(None, None, -1),) * a.ndim
    return a[turned].copy()[turned]


def within_more_channels(a: Array) -> Array:
    """Pixels that have more channels than are read: contiguous in channels, not channels last."""
    wide = np.full((a.shape[0], *a.shape[2:], a.shape[1] + 3), np.nan, a.dtype)
    part = np.moveaxis(wide, -1, 1)[:, 1:-2]
    part[...] = a
    return part


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "contiguous": np.ascontiguousarray,
    "channels last": pixels_together,
    "Fortran's order": np.asfortranarray,
    "backwards": backwards,
    "with steps between": with_steps_between,
    "within more channels": within_more_channels,
    "at an odd address": at_an_odd_address,
    "in another byte order": lambda a: a.astype(a.dtype.newbyteorder()),
}


@pytest.mark.parametrize("ndim", GEOMETRIES)
@pytest.mark.parametrize("isa", ISAS)
def test_inputs_may_lie_in_any_way(isa: str, ndim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_ISA", isa)
    g, size = GEOMETRIES[ndim], SIZES[ndim]
    for dtype, channels in itertools.product(("float32", "float64"), CHANNELS):
        x, w, bias = data(g, 2, channels, size, dtype)
        expected = scattered(g, x, w, bias)
        for kernel in KERNELS:
            if (op := prepared(g, w, bias, kernel)) is None:
                continue
            for name, lay in LAYOUTS.items():
                lying = lay(x)
                before = lying.copy()
                lying.flags.writeable = False
                # Twice: the second call finds what the first has kept.
                for y in (op(lying), op(lying)):
                    assert_same(y, expected, (name, kernel, dtype))
                assert_same(op(lying[1]), expected[1], (name, kernel, dtype, "without batch"))
                assert np.array_equal(lying, before)
            alike = np.broadcast_to(x[:1, :, ..., :1], x.shape)
            assert_same(op(alike), scattered(g, alike, w, bias), (kernel, "steps of zero"))


@pytest.mark.parametrize("ndim", GEOMETRIES)
def test_the_result_lies_as_the_input_does(ndim: int) -> None:
    g = GEOMETRIES[ndim]
    x, w, bias = data(g, 2, (5, 6), SIZES[ndim], "float32")
    op = g.prepare(w, bias)
    assert op(x).flags.c_contiguous
    assert np.moveaxis(op(pixels_together(x)), 1, -1).flags.c_contiguous
    assert np.moveaxis(op(pixels_together(x)[0]), 0, -1).flags.c_contiguous
    # One channel: the strides do not say, and count as contiguous.
    x, w, bias = data(g, 2, (1, 6), SIZES[ndim], "float32")
    assert g.prepare(w, bias)(pixels_together(x)).flags.c_contiguous


def part_of(name: str, shape: tuple[int, ...], dtype: str) -> tuple[Array, Array]:
    """(a larger array full of marks, a view of ``shape`` into it)."""
    if name == "contiguous":
        size = int(np.prod(shape))
        flat = np.full(size + 14, MARK, dtype)
        return flat, flat[7:-7].reshape(shape)
    if name == "in the middle":
        room = np.full(tuple(size + 2 for size in shape), MARK, dtype)
        return room, room[tuple(slice(1, -1) for _ in shape)]
    if name == "channels last":
        wide = np.full((shape[0] + 2, *(size + 2 for size in shape[2:]), shape[1] + 2), MARK, dtype)
        return wide, np.moveaxis(wide[tuple(slice(1, -1) for _ in shape)], -1, 1)
    if name == "whole pixels":
        wide = np.full((shape[0] + 2, *shape[2:], shape[1]), MARK, dtype)
        return wide, np.moveaxis(wide[1:-1], -1, 1)
    # Every other element, with one before and one behind.
    room = np.full((shape[0] + 2, shape[1] + 2, *(2 * size + 1 for size in shape[2:])), MARK, dtype)
    part = room[(slice(1, -1), slice(1, -1), *(slice(1, None, 2) for _ in shape[2:]))]
    return room, part[(slice(None, None, -1),) * len(shape)] if name == "backwards" else part


@pytest.mark.parametrize("ndim", GEOMETRIES)
@pytest.mark.parametrize("isa", ISAS)
def test_out_is_filled_and_nothing_around_it_is_touched(isa: str, ndim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_ISA", isa)
    g, size = GEOMETRIES[ndim], SIZES[ndim]
    for dtype, channels in itertools.product(("float32", "float64"), ((5, 19), (2, 1))):
        x, w, bias = data(g, 3, channels, size, dtype)
        expected = scattered(g, x, w, bias)
        for kernel in KERNELS:
            if (op := prepared(g, w, bias, kernel)) is None:
                continue
            for name in ("contiguous", "in the middle", "every other", "backwards", "channels last", "whole pixels"):
                for lying in (x, pixels_together(x)):
                    room, out = part_of(name, expected.shape, dtype)
                    out[...] = np.nan
                    assert op(lying, out=out) is out
                    assert_same(out, expected, (name, kernel, dtype))
                    out[...] = MARK
                    assert (room == MARK).all(), (name, kernel, dtype)


@pytest.mark.parametrize("stride", [1, 2, 3, 5, 8, 9, 16, 33, 130])
@pytest.mark.parametrize("isa", ISAS)
def test_results_past_the_caches(isa: str, stride: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole aligned vectors are stored past the caches, wherever in memory a row begins and ends; large results are."""
    monkeypatch.setenv("DECONVS_ISA", isa)
    for module in ("tiling", "gemm_plan", "toom_plan"):
        monkeypatch.setattr(f"deconvs.run.{module}.past_caches", lambda shape, itemsize: True)
    engine._engine.cache_clear()
    try:
        lengths = (1, 2, 17, 40) if stride < 33 else (1, 2, 5, 19)
        for dtype, n in itertools.product(("float32", "float64"), lengths[::FEWER]):
            # Rows that begin within the first tile's position, and rows of odd lengths.
            for crop in ((0, 0), (min(1, stride - 1), 1), (stride + 1, 0)):
                g = dc.ConvTranspose((2, 2 * stride), (2, stride), ((0, 1), crop))
                if min(g.output_size((2, n))) < 1:
                    continue
                x, w, bias = data(g, 1, (3, 2), (2, n), dtype)
                expected = scattered(g, x, w, bias)
                for kernel in KERNELS:
                    if (op := prepared(g, w, bias, kernel)) is None:
                        continue
                    for before in range(0, 17, 3 * FEWER):
                        room = np.full(expected.size + 33, MARK, dtype)
                        out = room[before : before + expected.size].reshape(expected.shape)
                        op(x, out=out)
                        assert_same(out, expected, (kernel, g, n, dtype, before))
                        out[...] = MARK
                        assert (room == MARK).all(), (kernel, g, n, dtype, before)
    finally:
        engine._engine.cache_clear()


@pytest.mark.parametrize("kernel", KERNELS)
def test_results_own_their_memory(kernel: str) -> None:
    """Large results come from memory that earlier ones have left: never from memory that somebody still holds."""
    g = dc.ConvTranspose((4, 4), 2, 1)
    size = (64, 64)  # 1.5 MB, beyond what NumPy's own memory is used for
    inputs, expected = [], []
    _, w, bias = data(g, 1, (3, 24), size, "float32")
    op = prepared(g, w, bias, kernel)
    for seed in range(5):
        inputs.append(data(g, 1, (3, 24), size, "float32", seed)[0])
        expected.append(scattered(g, inputs[-1], w, bias))
    held = [op(x) for x in inputs]
    views = [y[0, 1, ::2] for y in held]
    assert len({y.__array_interface__["data"][0] for y in held}) == 5
    del held[1], held[2]  # of which views are still there
    again = [op(x) for x in reversed(inputs)]
    for view, y in zip(views, expected, strict=True):
        assert_same(view, y[0, 1, ::2], "a view of a result that was let go")
    for y, right in zip(again, reversed(expected), strict=True):
        assert_same(y, right, "a later result")
    del view, views, again, y
    gc.collect()
    # Memory that is let go is what the next result gets.
    addresses = set()
    for x, right in zip(inputs, expected, strict=True):
        y = op(x)
        addresses.add(y.__array_interface__["data"][0])
        assert_same(y, right, "a result in used memory")
        y[...] = np.nan
    assert len(addresses) <= 2


def test_empty_memory_is_writable_and_whole() -> None:
    for nbytes in (1, 4096, 2**20 + 3):
        block: Any = CORE.empty(nbytes)
        assert block.shape == (nbytes,)
        assert block.flags.writeable
        assert block.__array_interface__["data"][0] % 64 == 0
        block[:] = 7
        assert (block == 7).all()
