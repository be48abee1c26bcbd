"""Draws the test card that ships with the package: flat areas, edges, fine lines, gradients, colour, letters.

python tools/make_testcard.py          # writes src/deconvs/data/testcard.png
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 256
OVER = 4  # drawn this many times larger and averaged: smooth edges
TARGET = Path(__file__).parents[1] / "src/deconvs/data/testcard.png"

Plane = NDArray[np.float64]


def draw() -> Image.Image:
    """The card as an image of SIZE x SIZE."""
    v, u = (np.mgrid[: SIZE * OVER, : SIZE * OVER] + 0.5) / OVER  # in pixels of the card
    card = np.empty((*u.shape, 3))
    card[:] = (96, 104, 116)
    grid = (np.minimum(u % 32, 32 - u % 32) < 0.6) | (np.minimum(v % 32, 32 - v % 32) < 0.6)
    card[grid] = (214, 218, 224)

    radius = np.hypot(u - 128, v - 128)
    disc = radius < 112

    def paint(where: NDArray[np.bool_], colour: tuple[float, float, float] | NDArray[np.float64]) -> None:
        card[where & disc] = colour if isinstance(colour, tuple) else colour[where & disc]

    # Sky: a gradient with a sun, and hills below it.
    height = (v - 16) / 80
    sky = np.stack([250 - 150 * (1 - height), 190 - 40 * (1 - height), 150 + 70 * (1 - height)], axis=-1)
    paint(v < 96, sky)
    paint(np.hypot(u - 168, v - 62) < 15, (255, 238, 176))
    paint((v < 96) & (v > 84 - 12 * np.sin(u / 21) - 5 * np.sin(u / 8.5)), (70, 92, 124))
    paint((v < 96) & (v > 93 - 9 * np.sin(u / 16 + 2)), (38, 56, 84))

    # Colour bars, then a staircase of greys.
    bars = [
        (224, 224, 224),
        (222, 196, 60),
        (66, 176, 190),
        (76, 160, 84),
        (176, 92, 164),
        (196, 72, 64),
        (58, 84, 168),
    ]
    for index, colour in enumerate(bars):
        paint((v >= 96) & (v < 140) & (u >= 16 + 32 * index) & (u < 48 + 32 * index), colour)
    for index in range(8):
        level = 16.0 + index * 32
        paint((v >= 140) & (v < 160) & (u >= 16 + 28 * index) & (u < 44 + 28 * index), (level, level, level))

    # Lines that get finer to the right, then a zone plate.
    period = np.select([u < 72, u < 118, u < 160], [8.0, 6.0, 4.0], 3.0)
    paint((v >= 160) & (v < 184), _grey(np.where((u % period) < period / 2, 232.0, 28.0)))
    zone = 130 + 110 * np.cos(np.pi * ((u - 128) ** 2 + (v - 268) ** 2) / 620)
    paint(v >= 184, _grey(zone))

    rim = np.abs(radius - 112) < 1.4
    card[rim] = (246, 247, 249)
    for (x, y), colour in zip(((24, 24), (232, 24), (24, 232), (232, 232)), bars[1:5], strict=True):
        card[np.hypot(u - x, v - y) < 11] = colour
        card[np.abs(np.hypot(u - x, v - y) - 11) < 1.0] = (246, 247, 249)

    averaged = card.reshape(SIZE, OVER, SIZE, OVER, 3).mean(axis=(1, 3))
    return Image.fromarray(np.rint(np.clip(averaged, 0, 255)).astype(np.uint8))


def _grey(plane: Plane) -> NDArray[np.float64]:
    return np.repeat(plane[..., None], 3, axis=-1)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    draw().save(TARGET, optimize=True)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")
