"""The pictures can be read: text inside the picture, apart from other text, in contrast to what lies below it."""

from __future__ import annotations

from functools import cache
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.drawing import DRAWN, NAMED, Film, Rect, Scene, Text, coverage_scene, direct_film, matrix_film, style
from deconvs.drawing.glyphs import text_width

from .test_drawing_cases import CASES

WIDE = np.array([[-128, 1000], [7, 65535]])


@cache
def scenes() -> list[tuple[str, Scene]]:
    """Every frame of the named pictures, some frames of every kind of geometry, and extreme ones."""
    found = [(f"{name} {at}", scene) for name, film in NAMED.items() for at, scene in enumerate(film().scenes)]
    extreme = [
        (dc.ConvTranspose((4, 4), stride=2, padding=1), (16, 8)),
        (dc.ConvTranspose((3, 3), padding=1), (6, 6)),
        (dc.ConvTranspose((12,), stride=1), (18,)),
        (dc.ConvTranspose((5, 1), stride=(1, 7)), (1, 5)),
    ]
    for g, n in CASES + extreme:
        found += [(f"coverage {g} {n}", coverage_scene(g, n))]
        films: list[Film] = [direct_film(g, n)] if len(list(np.ndindex(*g.output_size(n)))) < 400 else []
        films += [matrix_film(g, n)] if np.prod(g.output_size(n)) <= 64 and np.prod(n) <= 40 else []
        for film in films:
            count = len(film.scenes)
            found += [(f"{film.title} {g} {n} {at}", film.scenes[at]) for at in {0, 1, count // 2, count - 1}]
            found.append((f"{film.title} {g} {n} still", film.still))
    wide = dc.ConvTranspose((2, 2), stride=1)
    found += [("wide", direct_film(wide, (2, 2), WIDE, WIDE).still)]
    found += [("wide", matrix_film(wide, (2, 2), weight=WIDE).scenes[2])]
    for view, (at_kind, (g, n, options)) in product(FLAT, enumerate(KINDS)):
        layout = ("wide", "narrow")[at_kind % 2]
        shown = dc.draw(g, n, view, layout=layout, **options).shown
        name = f"{view} {g} {n} {options} {layout}"
        if isinstance(shown, Film):
            count = len(shown.scenes)
            found += [(f"{name} {at}", shown.scenes[at]) for at in {count // 2, count - 1}]
        else:
            found.append((name, shown))
    return found


FLAT = [view for view in DRAWN if view != "isometric"]  # whose cells are no rectangles: tests/test_isometric.py
KINDS: list[tuple[dc.ConvTranspose, tuple[int, ...], dict[str, Any]]] = [
    (dc.ConvTranspose((4,), stride=2, padding=1), (4,), {}),
    (dc.ConvTranspose((3,), stride=2, dilation=2, groups=2), (3,), {"channels": (2, 4)}),
    (dc.ConvTranspose((2, 3), stride=2, padding=((1, 0), (0, -1))), (2, 2), {"channels": (2, 2)}),
    (dc.ConvTranspose((3, 3), stride=2, padding=1), (2, 2), {"values": "symbols"}),
    (dc.ConvTranspose((2, 2), stride=2), (2, 2), {"x": [[0.125, -7.25], [1e-3, 1e4]]}),
    (dc.ConvTranspose((2, 2, 2), stride=2, padding=((0, 1), (0, 0), (1, 0))), (2, 2, 1), {}),
]


@pytest.mark.parametrize("view", DRAWN)
def test_narrow_pictures_are_read_at_300_pixels(view: str) -> None:
    """No text is smaller than 8 pixels then."""
    for g, n in ((dc.ConvTranspose((3, 3), stride=2), (2, 2)), (dc.ConvTranspose((4,), stride=2, padding=1), (4,))):
        shown = dc.draw(g, n, view, layout="narrow").shown
        for scene in shown.scenes if isinstance(shown, Film) else (shown,):
            assert scene.width <= 450
            assert min(text.size for text in texts(scene)) * 300 / scene.width >= 8
            cells = [rect for rect in rects(scene) if rect.cell]
            assert min((rect.width for rect in cells), default=9) * 300 / scene.width >= 6


def texts(scene: Scene) -> list[Text]:
    return [shape for shape in scene.shapes if isinstance(shape, Text)]


def test_text_lies_within_the_picture() -> None:
    for name, scene in scenes():
        for text in texts(scene):
            left, top, right, bottom = text.box()
            assert left >= 8, (name, text)
            assert top >= 8, (name, text)
            assert right <= scene.width - 8, (name, text)
            assert bottom <= scene.height - 8, (name, text)


def test_no_text_overlaps_another() -> None:
    for name, scene in scenes():
        boxes = sorted(((text.box(), text.content) for text in texts(scene)), key=lambda item: item[0][1])
        for (first, a), (second, b) in combinations(boxes, 2):
            if second[1] >= first[3]:
                continue
            assert first[2] <= second[0] + 0.01 or second[2] <= first[0] + 0.01, (name, a, b)


def test_cell_text_lies_within_its_cell() -> None:
    for name, scene in scenes():
        rects = {shape.cell: shape for shape in scene.shapes if isinstance(shape, Rect) and shape.cell}
        for text in texts(scene):
            rect = rects.get(text.cell) if text.cell else None
            if rect is not None:
                left, top, right, bottom = text.box()
                assert left >= rect.x, (name, text)
                assert top >= rect.y, (name, text)
                assert right <= rect.x + rect.width, (name, text)
                assert bottom <= rect.y + rect.height, (name, text)


def test_cells_lie_apart_and_within_the_picture() -> None:
    for name, scene in scenes()[:: len(scenes()) // 25]:
        rects = [shape for shape in scene.shapes if isinstance(shape, Rect) and shape.cell]
        edges = np.array([(r.x, r.y, r.x + r.width, r.y + r.height) for r in rects])
        assert (edges[:, :2] > 0).all(), name
        assert (edges[:, 2] < scene.width).all(), name
        assert (edges[:, 3] < scene.height).all(), name
        apart = (edges[:, None, 0] >= edges[None, :, 2]) | (edges[:, None, 1] >= edges[None, :, 3])
        assert (apart | apart.T | np.eye(len(rects), dtype=bool)).all(), name


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance."""
    channels = np.array(list(bytes.fromhex(colour[1:]))) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(a: str, b: str) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def below(scene: Scene, text: Text) -> set[str]:
    """The colours under the corners and the middle of a text, those of patterns included."""
    left, top, right, bottom = text.box()
    points = [(left, top), (right, top), (left, bottom), (right, bottom), ((left + right) / 2, (top + bottom) / 2)]
    found = set()
    for x, y in points:
        colours = {scene.paper}
        for shape in scene.shapes[: scene.shapes.index(text)]:
            if not (isinstance(shape, Rect) and shape.fill):
                continue
            if 0 <= x - shape.x <= shape.width and 0 <= y - shape.y <= shape.height:
                colours = {shape.fill, shape.stroke or shape.fill} if shape.pattern else {shape.fill}
        found |= colours
    return found


def test_text_has_contrast() -> None:
    for name, scene in scenes()[::4]:
        for text in texts(scene):
            for colour in below(scene, text):
                assert contrast(text.fill, colour) >= 4.5, (name, text, colour)


def test_the_whole_scale_of_counts_is_legible_and_falls_in_lightness() -> None:
    looks = [style.heat(part / 50) for part in range(51)]
    assert all(contrast(look.text, look.fill) >= 4.5 for look in looks)
    lightness = [luminance(look.fill) for look in looks]
    assert lightness == sorted(lightness, reverse=True)
    assert lightness[0] - lightness[-1] > 0.5


def test_strong_colours_are_apart_in_grey() -> None:
    """L* of the lit roles, 0 black to 100 white: also printed in grey they differ."""
    lightness = sorted(116 * luminance(colour) ** (1 / 3) - 16 for colour in (style.BLUE, style.GREEN, style.AMBER))
    assert min(np.diff(lightness)) >= 8


def test_on_one_axis_an_output_stands_under_the_middle_of_its_window() -> None:
    for g, n in CASES:
        if g.ndim > 1:
            continue
        for scene in direct_film(g, n).scenes[1:]:
            window = [*scene.cells("padded", "covered").values(), *scene.cells("padded", "lit").values()]
            (output,) = scene.cells("output", "lit").values()
            middle = (min(r.x for r in window) + max(r.x + r.width for r in window)) / 2
            assert output.x + output.width / 2 == pytest.approx(middle, abs=1)


def test_frames_do_not_jump() -> None:
    """A frame moves nothing but what it is about: every cell and every label stays where it is."""
    for name, film in NAMED.items():
        first, *others = film().scenes
        places = {(r.cell.grid, r.cell.index): (r.x + r.width / 2, r.y + r.height / 2) for r in rects(first) if r.cell}
        for scene in others:
            for rect in rects(scene):
                if rect.cell:
                    centre = (rect.x + rect.width / 2, rect.y + rect.height / 2)
                    assert places[rect.cell.grid, rect.cell.index] == centre, (name, rect)


def rects(scene: Scene) -> list[Rect]:
    return [shape for shape in scene.shapes if isinstance(shape, Rect)]


@pytest.mark.parametrize("weight", ["regular", "semibold"])
def test_digits_are_of_equal_width(weight: str) -> None:
    assert len({text_width(digit, 10, weight) for digit in "0123456789"}) == 1
