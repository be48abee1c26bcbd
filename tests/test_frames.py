"""Painting only what changes gives the pixels of painting everything."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import deconvs as dc
from deconvs.drawing import Film, Line, Path, Rect, Scene, Text, to_apng, to_png
from deconvs.drawing.extents import path_box
from deconvs.drawing.figures.convolution import convolution_film
from deconvs.drawing.figures.isometric import isometric_film
from deconvs.drawing.frames import patches
from deconvs.drawing.scene import Polygon
from deconvs.drawing.theme import dark

SHOWN = 5
"""Frames of each film, from where it has most to show."""


@cache
def films() -> dict[str, Film]:
    every = {
        "convolution": convolution_film(dc.Conv((3, 3), stride=2, padding=1), (6, 6)),
        "isometric": isometric_film(dc.ConvTranspose((3, 3), stride=2), (2, 2)),
        "dark": dark(convolution_film(dc.Conv((2, 2), padding=1), (2, 2))),
    }
    for view in ("direct", "scatter", "matrix", "gemm", "polyphase", "subpixel", "morph"):
        film = dc.draw(dc.ConvTranspose((2, 2), stride=2, padding=((1, 0), (0, -1))), (2, 3), view).shown
        assert isinstance(film, Film)
        every[view] = film
    # Of the morph: where the inputs travel.
    return {name: _some(film, 13 if name == "morph" else 0) for name, film in every.items()}


def _some(film: Film, first: int) -> Film:
    chosen = slice(first, first + SHOWN)
    return replace(film, scenes=film.scenes[chosen], durations_ms=film.durations_ms[chosen])


SIZES: tuple[dict[str, float], ...] = (
    {"scale": 1.0}, {"scale": 2.0}, {"scale": 0.73}, {"scale": 0.31},
    {"width": 60}, {"width": 120}, {"width": 200}, {"width": 333}, {"width": 501},
)  # fmt: skip


def pixels(png: bytes) -> NDArray[np.uint32]:
    with Image.open(BytesIO(png)) as image:
        rgb = np.asarray(image.convert("RGB"), np.uint32)
    return np.asarray(rgb[..., 0] * 65536 + rgb[..., 1] * 256 + rgb[..., 2])


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", films())
def test_every_frame_is_as_if_painted_whole(name: str, size: dict[str, float]) -> None:
    film = films()[name]
    shown = np.zeros((0, 0), np.uint32)
    painted = 0
    for scene, frame in zip(film.scenes, patches(film, **size), strict=True):  # type: ignore[arg-type]
        if not shown.size:
            shown = frame[0].pixels.copy()
        for patch in frame:
            shown[patch.place] = patch.pixels
            painted += patch.pixels.size
        assert (shown == pixels(to_png(scene, **size))).all()  # type: ignore[arg-type]
    assert painted < 0.8 * shown.size * len(film.scenes)


def film_of(*pictures: tuple[Rect | Line | Path | Text | Polygon, ...]) -> Film:
    scenes = tuple(Scene(90, 60, shapes, "Shapes", "Some shapes.") for shapes in pictures)
    return Film(scenes, (100,) * len(scenes), "Shapes", "Some shapes.", scenes[-1])


LOW = Rect(10, 10, 40, 30, "#1D5FA9", "#8F4E00", 5)
HIGH = Rect(30, 20, 40, 30, "#F2B134")
ODD = (
    Path("M10 50A30 30 0 0 1 70 50", None, "#17212B", 4),
    Path("M5 5h40v30", None, "#17212B", 2),
    Line(20, 20, 80, 55, "#4D5966", 3, arrow=True),
    Polygon(((10, 10), (80, 12), (12, 14)), "#46B595", "#17212B", 6),
    Text(40, 58, "g", 30),
)


GLASS = Polygon(((5, 5), (60, 8), (50, 50)), "#46B595", opacity=0.4)


@pytest.mark.parametrize("scale", [1.0, 0.37, 1.6])
@pytest.mark.parametrize(
    "film",
    [
        film_of((LOW, HIGH), (HIGH, LOW), (LOW,), (LOW, HIGH)),
        film_of((), (LOW,), ()),
        film_of((LOW, HIGH, LOW), (LOW, HIGH), (HIGH, LOW, HIGH), (LOW, HIGH, LOW)),
        film_of((GLASS, LOW, GLASS), (GLASS, LOW), (GLASS, GLASS, LOW), (LOW,), (LOW, GLASS, GLASS)),
        *(film_of((LOW,), (LOW, odd), (HIGH,), (odd, LOW)) for odd in ODD),
    ],
    ids=["order", "empty", "twice", "twice translucent", *(type(odd).__name__ for odd in ODD)],
)
def test_what_lies_above_what_and_odd_outlines(film: Film, scale: float) -> None:
    shown = pixels(to_png(film.scenes[0], scale=scale))
    for scene, frame in zip(film.scenes, patches(film, scale), strict=True):
        for patch in frame:
            shown[patch.place] = patch.pixels
        assert (shown == pixels(to_png(scene, scale=scale))).all()


def test_a_frame_like_the_last_is_no_work_and_shown_longer() -> None:
    film = film_of((LOW,), (LOW,), (HIGH,))
    assert [len(frame) for frame in patches(film)] == [1, 0, 1]
    with Image.open(BytesIO(to_apng(film))) as image:
        assert image.n_frames == 2  # type: ignore[attr-defined]
        assert image.info["duration"] == 200


def test_a_path_lies_in_its_box() -> None:
    assert path_box("M1 2L3 4Q9 9 5 0Z") == (1, 0, 9, 9)
    left, top, right, bottom = path_box("M0 0A5 5 0 0 1 10 0L12 3")
    assert left <= 0
    assert top <= -5
    assert right >= 12
    assert bottom >= 5
    # Steps from where the last ended: as far from the origin as they could all together reach.
    assert path_box("M5 5h40v30") == (-80, -80, 80, 80)
