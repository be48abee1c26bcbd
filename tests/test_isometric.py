"""The isometric films show who reaches whom, as a brute-force definition says, and can be read when they are small."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise, product
from math import prod

import numpy as np
import pytest

import deconvs as dc
from deconvs.drawing import Film, Line, Scene, Text, to_gif, to_html, to_moving_svg, to_png
from deconvs.drawing.figures.isometric import isometric_film
from deconvs.drawing.figures.sample import Values
from deconvs.drawing.parts import parts_of
from deconvs.drawing.scene import Polygon

from .test_drawing_cases import CASES as PLANE

Index = tuple[int, ...]
Links = dict[Index, set[tuple[Index, Index]]]
Channels = tuple[int, int] | None
Geometry = dc.ConvTranspose | dc.Conv

CASES: list[tuple[Geometry, Index, Channels]] = [
    *((g, n, None) for g, n in PLANE),
    (dc.ConvTranspose((2, 3, 2), stride=(2, 1, 2), padding=((1, 0), (0, 0), (0, -1))), (2, 1, 2), None),
    (dc.ConvTranspose((3, 2), stride=2, groups=2), (2, 1), (4, 2)),
    (dc.ConvTranspose((3,), padding=1), (4,), (3, 2)),
    (dc.ConvTranspose((2, 1, 2)), (2, 2, 1), (2, 1)),
    (dc.Conv((3, 3)), (4, 4), None),
    (dc.Conv((3, 2), stride=2, padding=1), (6, 5), None),
    (dc.Conv((2, 3), dilation=(3, 2), padding=((1, 0), (0, 2))), (5, 6), None),
    (dc.Conv((3,), stride=2, padding=((3, -1),)), (8,), None),
    (dc.Conv((2, 1, 3), stride=(1, 2, 1), padding=((0, 1), (0, 0), (1, 1))), (3, 2, 3), None),
    (dc.Conv((3,), stride=2, padding=1, groups=2), (7,), (4, 2)),
    (dc.Conv((2, 2), padding=1), (3, 2), (2, 3)),
]
IDS = [f"{g} of {n}, channels {c}" for g, n, c in CASES]


def links_of(g: Geometry, n: Index) -> Links:
    """Output -> the (i, j) that reach it: every i, j and o tried."""
    sizes = g.output_size(n)
    found: Links = {o: set() for o in product(*map(range, sizes))}
    axes = list(zip(g.stride, g.dilation, (axis.crop[0] for axis in g.axes), strict=True))
    for i, j, o in product(product(*map(range, n)), product(*map(range, g.kernel_size)), list(found)):
        short, long = (o, i) if isinstance(g, dc.Conv) else (i, o)
        if all(a * s + t * d == b_ + b for a, t, b_, (s, d, b) in zip(short, j, long, axes, strict=True)):
            found[o].add((i, j))
    return found


def with_channels(g: Geometry, links: Links, channels: Channels) -> Links:
    """The same for each output channel and the input channels of its group."""
    if channels is None:
        return links
    inputs, outputs = channels
    found: Links = {}
    for c, (o, pairs) in product(range(outputs), links.items()):
        own = [i for i in range(inputs) if i * g.groups // inputs == c * g.groups // outputs]
        found[c, *o] = {((m, *i), (m, c, *j)) for m in own for i, j in pairs}
    return found


def place_of(g: Geometry, i: Index, channels: Channels) -> Index:
    """Where an input lies on the lower map."""
    lead, spatial = (i[:1], i[1:]) if channels else ((), i)
    if isinstance(g, dc.Conv):
        return (*lead, *(at + max(0, b) for at, (b, _) in zip(spatial, g.padding, strict=True)))
    shift = [d * (k - 1) - b for k, d, (b, _) in zip(g.kernel_size, g.dilation, g.crop, strict=True)]
    return (*lead, *(at * s + max(0, b) for at, s, b in zip(spatial, g.stride, shift, strict=True)))


@cache
def drawn(g: Geometry, n: Index, channels: Channels, values: Values = "hidden") -> Film:
    """The film of a case; drawing is most of what these tests do."""
    return isometric_film(g, n, channels=channels, values=values)


@pytest.mark.parametrize(("g", "n", "channels"), CASES, ids=IDS)
def test_each_frame_lights_what_reaches_its_output(g: Geometry, n: Index, channels: Channels) -> None:
    links = with_channels(g, links_of(g, n), channels)
    film = drawn(g, n, channels)
    assert len(film.scenes) == len(film.durations_ms) == len(links)
    under = prod(g.kernel_size) * (channels[0] // g.groups if channels else 1)
    for count, ((o, pairs), scene) in enumerate(zip(links.items(), film.scenes, strict=True)):
        assert set(scene.cells("output", "lit")) == {o}
        assert set(scene.cells("padded", "lit")) == {place_of(g, i, channels) for i, _ in pairs}
        assert len(scene.cells("padded", "lit")) + len(scene.cells("padded", "covered")) == under
        kinds = {at: shape.cell.kind for at, shape in scene.cells("output").items() if shape.cell}
        assert set(kinds) == set(links)
        assert [at for at, kind in kinds.items() if kind == "unknown"] == list(links)[count + 1 :]
        places = {place_of(g, i, channels) for i in product(*map(range, (*channels[:1], *n) if channels else n))}
        inputs = {at for at, shape in scene.cells("padded").items() if shape.cell and shape.cell.kind not in ZEROS}
        assert inputs == places - cropped(scene)
    (focus,) = film.still.cells("output", "lit")
    assert len(links[focus]) == max(map(len, links.values()))


ZEROS = {"padding", "inserted", "cropped", "missed padding"}


def cropped(scene: Scene) -> set[Index]:
    return {at for at, shape in scene.cells("padded").items() if shape.cell and shape.cell.kind == "cropped"}


@pytest.mark.parametrize(("g", "n", "channels"), CASES, ids=IDS)
def test_the_window_is_projected_onto_its_output(g: Geometry, n: Index, channels: Channels) -> None:
    """The frames hold what they are about; lines join their corners, of which the one behind may be hidden."""
    film = drawn(g, n, channels)
    for scene in film.scenes[:: max(1, len(film.scenes) // 6)]:
        *windows, around = [s for s in scene.shapes if isinstance(s, Polygon) and not s.fill and not s.cell]
        lines = {((s.x1, s.y1), (s.x2, s.y2)) for s in scene.shapes if isinstance(s, Line)}
        edges = {pair for frame in windows for pair in zip(frame.points, around.points, strict=True)}
        assert lines <= edges
        assert {start for start, _ in edges - lines} <= {frame.points[0] for frame in windows}
        (output,) = scene.cells("output", "lit").values()
        assert all(inside(around, point) for point in output.points)  # type: ignore[union-attr]
        for cell in (*scene.cells("padded", "lit").values(), *scene.cells("padded", "covered").values()):
            assert isinstance(cell, Polygon)
            assert any(all(inside(frame, point) for point in cell.points) for frame in windows)


def inside(shape: Polygon, point: tuple[float, float]) -> bool:
    edges = pairwise((*shape.points, shape.points[0]))
    return all((x2 - x1) * (point[1] - y1) - (y2 - y1) * (point[0] - x1) >= -0.1 for (x1, y1), (x2, y2) in edges)


def test_numbers_are_the_true_ones() -> None:
    rng = np.random.default_rng(5)
    for g, n in (
        (dc.ConvTranspose((3, 2), stride=(2, 1), padding=((1, 0), (0, 0))), (2, 3)),
        (dc.ConvTranspose((2,), stride=2, dilation=2), (3,)),
        (dc.Conv((2, 3), stride=2, padding=1), (4, 3)),
    ):
        x, w = rng.integers(1, 5, n), rng.integers(-2, 4, g.kernel_size)
        film = isometric_film(g, n, x, w, values="numbers")
        links = links_of(g, n)
        expected = {o: sum(int(x[i] * w[j]) for i, j in pairs) for o, pairs in links.items()}
        for count, scene in enumerate(film.scenes, start=1):
            shown = {o: int(text.replace("−", "-")) for o, text in scene.numbers("output").items()}
            assert shown == dict(list(expected.items())[:count])
            for i in np.ndindex(*n):
                assert scene.numbers("padded")[place_of(g, i, None)] == str(x[i])


def test_symbols_and_hidden_values() -> None:
    g = dc.ConvTranspose((2,), stride=2)
    assert isometric_film(g, 2, values="symbols").still.numbers("output")[3,] == "y₃"
    assert not isometric_film(g, 2).still.numbers("output")
    assert not isometric_film(g, 2).still.numbers("padded")


def test_words() -> None:
    film = isometric_film(dc.ConvTranspose((3, 3), stride=2, padding=1, output_padding=1), (3, 3))
    assert film.title == "Transposed convolution"
    assert " ".join(words(film.still)) == (
        "Transposed convolution input 3×3 , kernel 3×3 , stride 2, padding 1, output padding 1 → output 6×6 "
        "Dashed: padding zeros. Grey: inserted zeros."
    )
    assert film.description == (
        "Transposed convolution of the 3×3 input (kernel 3×3, stride 2, padding 1, output padding 1) as two maps of "
        "cells, one above the other. Insert 1 zero between neighbours, pad 1 top, 2 bottom, 1 left, 2 right, then "
        "convolve at stride 1 with the kernel turned by 180°: the kernel's window on the lower map is projected onto "
        "one cell of the upper map, the 6×6 output."
    )
    assert film.scenes[7].description == f"{film.description} Shown: output (1, 1): 4 products."
    conv = isometric_film(dc.Conv((3,), stride=2, padding=1), 6)
    assert conv.title == "Padded and strided convolution"
    assert " ".join(words(conv.still)).endswith("Dashed: padding zeros. Hatched: under no window.")
    assert "Pad 1 on each side, then convolve with the kernel as it is" in conv.description
    crop = isometric_film(dc.ConvTranspose((2, 2), stride=2, padding=((3, 2), (0, 0))), (5, 2))
    assert " ".join(words(crop.still)).endswith("Crossed: cropped.")


def words(scene: Scene) -> list[str]:
    return [shape.content for shape in scene.shapes if isinstance(shape, Text)]


@cache
def frames() -> list[tuple[str, Scene]]:
    found = []
    extreme: list[tuple[Geometry, Index, Channels]] = [
        (dc.ConvTranspose((1, 1), groups=12), (1, 1), None),
        (dc.ConvTranspose((1, 1, 1)), (9, 1, 1), (3, 1)),
        (dc.ConvTranspose((1,)), (2,), (9, 8)),
        (dc.ConvTranspose((4, 4), stride=4), (64, 64), None),
        (dc.Conv((3, 3), padding=((12, 0), (0, 11))), (3, 3), None),
    ]
    cases: list[tuple[Geometry, Index, Channels, Values]] = [(*case, "numbers") for case in CASES + extreme]
    # Without numbers there is only less to be read.
    for g, n, channels, values in [*cases, *((*case, "hidden") for case in extreme)]:
        film = drawn(g, n, channels, values)
        found += [(f"{g} {n} {channels} {values}", scene) for scene in (film.scenes[0], film.still)]
    return found


def test_pictures_can_be_read_when_they_are_small() -> None:
    """In a natural width near 400 text has 12 units, lies in the picture, and apart from other text."""
    for name, scene in frames():
        assert 300 <= scene.width <= 420
        assert scene.height <= 520
        texts = [shape for shape in scene.shapes if isinstance(shape, Text)]
        for text in texts:
            left, top, right, bottom = text.box()
            assert text.size >= 12
            assert left >= 6, (name, text)
            assert top >= 8, (name, text)
            assert right <= scene.width - 6, (name, text)
            assert bottom <= scene.height - 6, (name, text)
        for a, b in combinations(texts, 2):
            (l1, t1, r1, b1), (l2, t2, r2, b2) = a.box(), b.box()
            assert l1 >= r2 - 0.01 or l2 >= r1 - 0.01 or t1 >= b2 or t2 >= b1, (name, a, b)


def test_numbers_lie_within_their_cells() -> None:
    for name, scene in frames():
        cells = {shape.cell: shape for shape in scene.shapes if isinstance(shape, Polygon) and shape.cell}
        for text in (shape for shape in scene.shapes if isinstance(shape, Text) and shape.cell):
            half, height = text.width / 2, 0.364 * text.size
            middle = text.y - height
            for corner in product((text.x - half, text.x + half), (middle - height, middle + height)):
                assert inside(cells[text.cell], corner), (name, text)


def test_cells_lie_within_the_picture_and_apart() -> None:
    for name, scene in frames()[::5]:
        cells = [shape for grid in ("padded", "output") for shape in scene.cells(grid).values()]
        boxes = np.array([shape.box() for shape in cells if isinstance(shape, Polygon)])
        assert (boxes[:, :2] > 0).all(), name
        assert (boxes[:, 2] < scene.width).all(), name
        assert (boxes[:, 3] < scene.height).all(), name
        near = (boxes[:, None, :2] < boxes[None, :, 2:]).all(2)
        for a, b in np.argwhere(np.triu(near & near.T, 1)):
            one, other = cells[a], cells[b]
            assert isinstance(one, Polygon)
            assert isinstance(other, Polygon)
            assert separated(one, other) or separated(other, one), (name, one, other)


def separated(one: Polygon, other: Polygon) -> bool:
    """Whether an edge of one has all of the other on its far side."""
    edges = pairwise((*one.points, one.points[0]))
    return any(
        all((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) <= 0 for x, y in other.points) for (x1, y1), (x2, y2) in edges
    )


def test_large_inputs_are_thinned() -> None:
    film = isometric_film(dc.ConvTranspose((3, 3), stride=2, padding=1), (64, 64))
    assert len(film.scenes) <= 110
    assert "of 64×64 inputs drawn" in film.description
    conv = isometric_film(dc.Conv((3, 3), stride=2, padding=1), (64, 64))
    assert "of 32×32 outputs drawn" in conv.description
    with pytest.raises(dc.GeometryError, match="the lower map has"):
        isometric_film(dc.ConvTranspose((30, 30)), (4, 4))
    with pytest.raises(dc.GeometryError, match="more than three axes"):
        isometric_film(dc.ConvTranspose((1, 1, 1, 1)), (1, 1, 1, 1))


def guide() -> Film:
    return isometric_film(dc.ConvTranspose((3, 3), stride=2, padding=1, output_padding=1), (3, 3))


def test_films_are_small() -> None:
    film = guide()
    assert len(to_moving_svg(film)) < 100_000
    assert len(to_gif(film)) < 200_000


@pytest.mark.parametrize(
    "film",
    [guide(), isometric_film(dc.Conv((2, 2, 2), stride=2), (4, 2, 4)), isometric_film(dc.ConvTranspose((3,)), 4)],
    ids=lambda film: film.description[:50],
)
def test_parts_paint_the_frames(film: Film) -> None:
    """What a moving SVG and the player show at a time is the frame, to the pixel."""
    parts = parts_of(film)
    shared = sum(len(part.frames) > 1 for part in parts)
    assert shared > len(parts) / 3
    for at in range(0, len(film.scenes), max(1, len(film.scenes) // 5)):
        scene = film.scenes[at]
        shapes = tuple(shape for part in parts if at in part.frames for shape in part.shapes)
        assert sorted(map(repr, shapes)) == sorted(map(repr, scene.shapes))
        again = Scene(scene.width, scene.height, shapes, scene.title, scene.description)
        assert to_png(again, scale=1) == to_png(scene, scale=1)


def test_polygons_are_written_in_every_form() -> None:
    film = guide()
    cells = len(film.still.cells("padded")) + len(film.still.cells("output"))
    moving, page = to_moving_svg(film), to_html(film)
    assert page.count("<polygon") > cells
    # Equal cells are written once.
    assert moving.count("<polygon") < cells * 3
    assert 'fill-opacity="0.16"' in moving
