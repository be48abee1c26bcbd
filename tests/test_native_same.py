"""The same bits, however a layer is cut up: any number of threads, alone or in a batch, again, in another layout."""

from __future__ import annotations

import random

import numpy as np
import pytest

import deconvs as dc

from .native_cases import FEWER, ISAS, KERNELS, NEEDS_CORE, Array, prepared, random_choices

pytestmark = NEEDS_CORE

LAYERS = [
    (dc.ConvTranspose((4, 4), 2, 1), (37, 19), (13, 17)),
    (dc.ConvTranspose((3, 3), 2, 1, 1), (300, 9), (9, 11)),
    (dc.ConvTranspose((3, 3), 1, 1), (64, 20), (14, 14)),
    (dc.ConvTranspose((5,), 3, 1), (33, 7), (100,)),
    (dc.ConvTranspose((3, 3), 2, dilation=2), (5, 6), (9, 9)),
    (dc.ConvTranspose((4, 4), 2, 1, groups=4), (12, 8), (8, 9)),
    (dc.ConvTranspose((4, 4, 4), 2, 1), (20, 6), (5, 6, 7)),
]


def normal(g: dc.ConvTranspose, channels: tuple[int, int], size: tuple[int, ...], dtype: str) -> tuple[Array, ...]:
    rng = np.random.default_rng(channels[0])
    shapes = (5, channels[0], *size), (channels[0], channels[1] // g.groups, *g.kernel_size), (channels[1],)
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in shapes)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("layer", LAYERS[: 7 if FEWER == 1 else 3], ids=lambda layer: f"k{layer[0].kernel_size}")
def test_the_same_bits(layer: tuple, isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each result is a sum in one order: rows, tiles, threads and turns of channels do not change it."""
    monkeypatch.setenv("DECONVS_ISA", isa)
    g, channels, size = layer
    for dtype in ("float32", "float64"):
        x, w, bias = normal(g, channels, size, dtype)
        results = {}
        for kernel in KERNELS:
            if (op := prepared(g, w, bias, kernel)) is None:
                continue
            y = results[kernel] = op(x, threads=1)
            for threads in range(2, 9):
                assert np.array_equal(op(x, threads=threads), y), (kernel, threads)
            assert np.array_equal(op(x), y), (kernel, "again")
            assert np.array_equal(np.stack([op(image) for image in x]), y), (kernel, "one image at a time")
            pixels = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
            assert np.array_equal(op(pixels), y), (kernel, "channels last")
            for seed in range(4 // min(FEWER, 2)):
                with random_choices(seed, l2=2 ** random.Random(seed).randint(11, 19)):
                    assert np.array_equal(prepared(g, w, bias, kernel)(x), y), (kernel, "cut up in another way")
        # Zeros for the taps that a phase lacks change no sum.
        assert np.array_equal(results["phase"], results["union"])


@pytest.mark.parametrize("kernel_stride", [(4, 2), (3, 2), (3, 1), (6, 2), (2, 2)])
def test_the_kernel_does_not_depend_on_the_threads(kernel_stride: tuple[int, int]) -> None:
    """Toom-Cook rounds differently, so that threads must not decide for or against it."""
    rng = random.Random(5)
    k, s = kernel_stride
    for _ in range(20 // FEWER):
        ndim = rng.choice((1, 2, 2, 3))
        channels = rng.choice((3, 16, 64, 128)), rng.choice((3, 16, 64))
        g = dc.ConvTranspose((k,) * ndim, s, (k - s) // 2)
        op = g.prepare(np.zeros((*channels, *g.kernel_size), np.float32))
        shape = rng.choice((1, 1, 4)), channels[0], *(rng.choice((4, 7, 16, 28)),) * ndim
        chosen = {op.choose(shape, threads=threads).kernel for threads in (1, 2, 3, 4, 8, 16)}
        assert len(chosen) == 1, (g, shape, chosen)
