"""Sizes around every edge of the kernels: vectors, register tiles, panels, blocks, interleaved images, phases."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest

import deconvs as dc

from .native_cases import CORE, FEWER, ISAS, NEEDS_CORE, check

pytestmark = [NEEDS_CORE, pytest.mark.parametrize("isa", ISAS)]

TAPS = [
    dc.ConvTranspose((4,), 2, 1),
    dc.ConvTranspose((3,), 2, 1, 1),
    dc.ConvTranspose((3,), 1, 1),
    dc.ConvTranspose((5,), 2),
    dc.ConvTranspose((6,), 3, ((2, 1),)),
    dc.ConvTranspose((2,), 2),
]
"""One tap to three a phase, alike or not: all kinds of axes that the kernels tell apart."""


@pytest.fixture(autouse=True)
def forced(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_ISA", isa)


def most_positions(isa: str, itemsize: int) -> int:
    """Positions of the widest register tile of four rows."""
    size, _, vectors, _ = CORE.vectors(isa)
    return size // itemsize * vectors[3]


@pytest.mark.parametrize("g", TAPS, ids=lambda g: f"k{g.kernel_size[0]}s{g.stride[0]}")
def test_every_length_to_beyond_two_tiles(isa: str, g: dc.ConvTranspose) -> None:
    for dtype, itemsize in (("float32", 4), ("float64", 8)):
        # A tile of Toom-Cook's has up to three positions, so that three times the length fills as many vectors.
        for n in range(1, 2 * most_positions(isa, itemsize) + 2, FEWER):
            list(check(g, 1, (2, 3), (n,), dtype))
        for n in range(1, 6 * most_positions(isa, itemsize) + 2, 7 * FEWER):
            list(check(g, 1, (2, 3), (n,), dtype, ("toom",)))


def test_heights_and_widths(isa: str) -> None:
    g = dc.ConvTranspose((4, 3), 2, ((1, 1), (1, 0)))
    for height, width in product((1, 2, 3, 5, 8, 13), (1, 2, 3, 4, 7, 8, 9, 16, 17, 31, 33)[::FEWER]):
        list(check(g, 1, (3, 2), (height, width), "float32"))


def test_every_number_of_output_channels(isa: str) -> None:
    """Rows of a panel, of several panels of unequal height, and of blocks of channels."""
    for g in (dc.ConvTranspose((4, 4), 2, 1), dc.ConvTranspose((3, 3), 1, 1), dc.ConvTranspose((5,), 3, 1)):
        for c_out in (*range(1, 16), 17, 23, 31, 33, 47, 65, 97, 130)[::FEWER]:
            list(check(g, 1, (2, c_out), (5,) * g.ndim, "float32"))


def test_every_number_of_input_channels(isa: str) -> None:
    for c_in in (*range(1, 10), 31, 33, 63, 65, 257)[::FEWER]:
        list(check(dc.ConvTranspose((4, 4), 2, 1), 1, (c_in, 5), (6, 6), "float32"))
        list(check(dc.ConvTranspose((3,), 2, 1), 2, (c_in, 4), (11,), "float64"))


def test_batches_of_small_images(isa: str) -> None:
    """Several images lie interleaved in one row of a tile, the last of them fewer."""
    together = set()
    for g in (dc.ConvTranspose((4, 4), 2, 1), dc.ConvTranspose((3, 3), 2, 1, 1), dc.ConvTranspose((3, 3), 1, 1)):
        for batch in range(1, 18, FEWER):
            for size in ((1, 1), (2, 3), (4, 4)):
                for kernel, choice in check(g, batch, (3, 5), size, "float32"):
                    tiling = choice.tiling
                    # Tiles of Toom-Cook's follow each other, of one image after the other.
                    images = tiling.count / prod(tiling.tiles) if kernel == "toom" else tiling.images
                    together.add((kernel, images > 1, batch % images != 0))
    if FEWER == 1:
        for kernel in ("phase", "union", "gemm", "toom"):
            assert (kernel, True, False) in together


@pytest.mark.parametrize("stride", [*range(1, 10), 16, 17, 32])
def test_every_stride_is_woven(isa: str, stride: int) -> None:
    """Phases of a row are interleaved 16, 8, 4, 2 or 1 at a time; lengths end within a vector and at its end."""
    for kernel_size, dtype in product((stride, stride + 1, 2 * stride), ("float32", "float64")):
        for n in (1, 5, 8, 16, 35)[:: 1 + FEWER // 2]:
            # Cropped so that the last position has some of its phases alone.
            list(check(dc.ConvTranspose((kernel_size,), stride, ((0, stride // 2),)), 1, (2, 2), (n,), dtype))


def test_groups_and_depthwise(isa: str) -> None:
    for groups, c_in, c_out in (
        (1, 4, 6),
        (2, 4, 6),
        (3, 9, 3),
        (32, 32, 32),
        (32, 32, 64),
        (32, 64, 32),
        (5, 5, 15),
        (7, 7, 7),
    ):
        for g in (
            dc.ConvTranspose((4, 4), 2, 1, groups=groups),
            dc.ConvTranspose((3, 3), 1, 1, groups=groups),
            dc.ConvTranspose((5,), 3, groups=groups),
        ):
            list(check(g, 2, (c_in, c_out), (7, 9)[: g.ndim], "float32"))


def test_one_to_four_axes(isa: str) -> None:
    for k, s, p in ((4, 2, 1), (3, 2, 1), (3, 1, 1), (2, 2, 0), (5, 2, 2)):
        for ndim in range(1, 5):
            kernels = {
                kernel
                for kernel, _ in check(dc.ConvTranspose((k,) * ndim, s, p), 2, (3, 4), (5, 3, 4, 3)[:ndim], "float32")
            }
            assert ("toom" in kernels) == (ndim < 4 and k > s)
    # Axes of different kinds, each first, in the middle and last.
    sides = {"two": (3, 1, 1), "three": (4, 2, 1), "mixed": (3, 2, 1), "single": (2, 2, 0)}
    for names in product(sides, repeat=3):
        if len(set(names)) == 3 or names[0] == names[1] != names[2]:
            k, s, p = zip(*(sides[name] for name in names), strict=True)
            list(check(dc.ConvTranspose(k, s, p), 1, (2, 3), (3, 4, 5), "float32"))


def test_long_one_dimensional_kernels(isa: str) -> None:
    """As an inverse short-time Fourier transform has them: more taps than channels, far more phases than lanes."""
    for k, s, n in ((1024, 256, 9), (512, 128, 3), (400, 100, 33), (1000, 7, 40)):
        list(
            check(
                dc.ConvTranspose((k,), s, padding=((k // 2, k // 2 - 1),)),
                1,
                (3, 1),
                (n,),
                "float32",
                ("phase", "union"),
            )
        )


def test_dilated_and_cropped_geometries(isa: str) -> None:
    for g in (
        dc.ConvTranspose((3, 3), 2, dilation=3),
        dc.ConvTranspose((3, 3), 4, dilation=2),  # phases without a tap
        dc.ConvTranspose((2, 2), 3, ((-2, -5), (4, -7))),  # crops below zero: rows of bias alone
        dc.ConvTranspose((4, 4), 2, ((9, 3), (0, 11))),
        dc.ConvTranspose((3, 3), 1, ((-3, 4), (2, -6))),
    ):
        for batch in (1, 3):
            list(check(g, batch, (3, 4), (11, 9), "float32"))
