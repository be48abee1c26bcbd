"""What the pictures say is true: cells, numbers and words against a computation of their own."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise, product
from math import prod

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc
from deconvs.drawing import Film, Scene, Text, coverage_scene, direct_film, direct_scene, matrix_film, style
from deconvs.drawing.figures import words

from .test_drawing_cases import CASES, IDS

Index = tuple[int, ...]
Links = dict[Index, set[tuple[Index, Index]]]


def links_of(g: dc.ConvTranspose, n: Index) -> Links:
    """Output -> the (i, j) that reach it: every i and j tried, i*s + j*d = o + b asked for."""
    size = tuple(
        (n_a - 1) * s + d * (k - 1) + 1 - b - e
        for n_a, k, s, d, (b, e) in zip(n, g.kernel_size, g.stride, g.dilation, g.crop, strict=True)
    )
    found: Links = {o: set() for o in product(*map(range, size))}
    for i in product(*map(range, n)):
        for j in product(*map(range, g.kernel_size)):
            o = tuple(
                i_a * s + j_a * d - b for i_a, j_a, s, d, (b, _) in zip(i, j, g.stride, g.dilation, g.crop, strict=True)
            )
            if o in found:
                found[o].add((i, j))
    return found


def data(g: dc.ConvTranspose, n: Index) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An x and a weight whose elements are all different, so that a number tells where it comes from."""
    x = np.arange(prod(n)).reshape(n) - 1
    return x, np.arange(prod(g.kernel_size)).reshape(g.kernel_size) - 4


def read(text: str) -> int:
    return int(text.replace("−", "-"))


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_direct_film_lights_what_contributes(g: dc.ConvTranspose, n: Index) -> None:
    links = links_of(g, n)
    x, w = data(g, n)
    film = direct_film(g, n, x, w)
    assert len(film.scenes) == len(film.durations_ms) == 1 + len(links)
    first, *frames = film.scenes
    assert all(not first.cells(grid, "lit") for grid in ("input", "padded", "output", "window"))
    assert "Every output is one position of the kernel on this grid." in " ".join(texts(first))
    assert not first.numbers("output")
    for (o, pairs), scene in zip(links.items(), frames, strict=True):
        assert set(scene.cells("output", "lit")) == {o}
        assert set(scene.cells("input", "lit")) == {i for i, _ in pairs}
        under = set(scene.cells("padded", "lit")) | set(scene.cells("padded", "covered"))
        assert len(under) == prod(g.kernel_size)
        values, weights = scene.numbers("padded"), scene.numbers("window")
        if weights:  # there is room for them
            assert set(weights) == under
            lit = scene.cells("padded", "lit")
            assert {(read(values[at]), read(weights[at])) for at in lit} == {(x[i], w[j]) for i, j in pairs}
            assert all(values[at] == "0" for at in scene.cells("padded", "covered"))


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_direct_film_ends_with_the_output(g: dc.ConvTranspose, n: Index) -> None:
    links = links_of(g, n)
    x, w = data(g, n)
    expected = {o: int(sum(x[i] * w[j] for i, j in pairs)) for o, pairs in links.items()}
    film = direct_film(g, n, x, w)
    for count, scene in enumerate(film.scenes):
        shown = {o: read(text) for o, text in scene.numbers("output").items()}
        assert shown == dict(list(expected.items())[:count])
    still = direct_scene(g, n, x, w)
    assert {o: read(text) for o, text in still.numbers("output").items()} == expected
    (focus,) = still.cells("output", "lit")
    assert len(links[focus]) == max(map(len, links.values()))


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_captions_state_the_sum(g: dc.ConvTranspose, n: Index) -> None:
    links = links_of(g, n)
    x, w = data(g, n)
    for (o, pairs), scene in zip(links.items(), direct_film(g, n, x, w).scenes[1:], strict=True):
        _, _, shown = scene.description.rpartition(" Shown: ")
        name = str(o) if len(o) > 1 else str(o[0])
        total = sum(x[i] * w[j] for i, j in pairs)
        if not pairs:
            assert shown == f"output {name} = 0: no input reaches it."
            continue
        head, _, rest = shown.removesuffix(".").replace("−", "-").partition(" = ")
        terms, _, result = rest.rpartition(" = ")
        assert (head, int(result)) == (f"output {name}", total)
        written = [term for term in terms.split(" + ") if "…" not in term]
        factors = [tuple(int(f.strip("()")) for f in term.split("×")) for term in written]
        assert factors == [(x[i], w[j]) for i, j in sorted(pairs)][: len(factors)]
        assert len(factors) == len(pairs) or f"… ({len(pairs) - len(factors)} more)" in terms


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_the_kinds_of_cells(g: dc.ConvTranspose, n: Index) -> None:
    """Input elements lie s apart, what is cropped is kept aside, and the labelled size is that of the rest."""
    scene = direct_scene(g, n)
    kinds = {at: rect.cell.kind for at, rect in scene.cells("padded").items() if rect.cell}
    size = tuple(m + d * (k - 1) for m, k, d in zip(g.output_size(n), g.kernel_size, g.dilation, strict=True))
    assert sum(kind != "cropped" for kind in kinds.values()) == prod(size)
    inputs = [at for at, kind in kinds.items() if kind == "input"]
    for axis, s in enumerate(g.stride):
        places = sorted({at[axis] for at in inputs})
        assert all(b - a == s for a, b in pairwise(places))
    assert len(inputs) <= prod(n)
    if "cropped" not in kinds.values():
        assert len(inputs) == prod(n)
    assert "×".join(map(str, size)) in texts(scene)


def texts(scene: Scene) -> list[str]:
    return [shape.content for shape in scene.shapes if hasattr(shape, "content")]


def flat(index: Index, size: Index) -> int:
    return int(np.ravel_multi_index(index, size))


MATRIX_CASES = [(g, n) for g, n in CASES if prod(g.output_size(n)) <= 64]


@pytest.mark.parametrize(("g", "n"), MATRIX_CASES, ids=map(str, MATRIX_CASES))
def test_matrix_film_writes_the_matrix(g: dc.ConvTranspose, n: Index) -> None:
    links = links_of(g, n)
    m = g.output_size(n)
    _, w = data(g, n)
    film = matrix_film(g, n, weight=w)
    rows = list(product(*map(range, n)))
    assert len(film.scenes) == len(film.durations_ms) == 2 * len(rows) + 2
    expected = {(flat(i, n), flat(o, m)): int(w[j]) for o, pairs in links.items() for i, j in pairs}
    for count, scene in enumerate(film.scenes[: len(rows) + 1]):
        shown = {at for at, rect in scene.cells("matrix").items() if rect.cell and rect.cell.kind == "kernel"}
        assert shown == {at for at in expected if at[0] < count}
    for step, scene in enumerate(film.scenes[1:-1]):
        i = rows[step % len(rows)]
        reached = {o for o, pairs in links.items() if i in {at for at, _ in pairs}}
        assert set(scene.cells("image", "lit")) == reached
        assert set(scene.cells("result", "lit")) == {i}
        assert set(scene.cells("matrix", "lit")) == {(flat(i, n), flat(o, m)) for o in reached}
        turned = scene.cells("transposed", "lit")
        assert not scene.cells("transposed") or set(turned) == {(flat(o, m), flat(i, n)) for o in reached}
        assert len(scene.cells("border", "covered")) + len(reached) == prod(g.kernel_size)
        stamps = {o: read(text) for o, text in scene.numbers("image").items() if o in reached}
        assert not stamps or stamps == {o: int(w[j]) for o, pairs in links.items() for at, j in pairs if at == i}
    last = film.scenes[-1]
    numbers = {at: read(text) for at, text in last.numbers("matrix").items()}
    assert not numbers or numbers == expected


def test_matrix_film_writes_symbols_without_a_weight() -> None:
    numbers = matrix_film(dc.ConvTranspose((3, 3)), (2, 2)).scenes[-1].numbers("matrix")
    assert [numbers[1, column] for column in (1, 2, 3, 5, 6, 7, 9, 10, 11)] == [
        "w₀₀", "w₀₁", "w₀₂", "w₁₀", "w₁₁", "w₁₂", "w₂₀", "w₂₁", "w₂₂",
    ]  # fmt: skip
    assert len(numbers) == 36


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_coverage_is_darker_where_there_are_more_products(g: dc.ConvTranspose, n: Index) -> None:
    counts = {o: len(pairs) for o, pairs in links_of(g, n).items()}
    scene = coverage_scene(g, n)
    fills = {counts[o]: rect.fill for o, rect in scene.cells("coverage").items()}
    # Of one hue, so the sum of the channels orders them; holes have a look of their own.
    light = [sum(bytes.fromhex(str(fills[count])[1:])) for count in sorted(set(fills) - {0})]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == len(light)
    assert fills[max(fills)] == style.heat(1).fill
    legend = {
        shape.content: rect.fill
        for (row,), rect in scene.cells("legend").items()
        for shape in scene.shapes
        if isinstance(shape, Text) and 0 < shape.y - rect.y < rect.height and "product" in shape.content
    }
    assert legend == {f"{count} product{'' if count == 1 else 's'}": fills[count] for count in fills}


def test_unequal_sides_are_told_apart() -> None:
    assert words.sides(((1, 2), (3, 4))) == "1 top, 2 bottom, 3 left, 4 right"
    assert words.sides(((0, 2), (3, 0))) == "2 bottom, 3 left"
    assert words.sides(((5, 5), (-1, 4))) == "5 top and bottom, −1 left, 4 right"
    assert words.sides(((0, 0), (3, 3))) == "3 left and right"
    assert words.sides(((1, 2),)) == "1 left, 2 right"
    g = dc.ConvTranspose((4, 4), padding=((1, 2), (3, 0)))
    assert words.kernel_and_stride(g) == "kernel 4×4, stride 1, crop 1 top, 2 bottom, 3 left"
    assert words.preparation(g.plan("direct")) == (
        "Pad 2 top, 1 bottom, 3 right, then convolve at stride 1 with the kernel turned by 180°"
    )


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_coverage_counts(g: dc.ConvTranspose, n: Index) -> None:
    expected = {o: len(pairs) for o, pairs in links_of(g, n).items()}
    scene = coverage_scene(g, n)
    assert set(scene.cells("coverage")) == set(expected)
    assert {o: int(text) for o, text in scene.numbers("coverage").items()} in (expected, {})
    holes = {o for o, rect in scene.cells("coverage").items() if rect.cell and rect.cell.kind == "hole"}
    assert holes == {o for o, count in expected.items() if count == 0}
    assert f"Products per output: {min(expected.values())}" in scene.description or len(set(expected.values())) == 1


def test_default_numbers_hide_no_flip() -> None:
    scene = direct_scene(dc.ConvTranspose((3, 3), stride=2), (2, 2))
    assert scene.numbers("input") == {(0, 0): "1", (0, 1): "2", (1, 0): "3", (1, 1): "4"}
    assert list(scene.numbers("kernel").values()) == list("123456789")
    assert list(scene.numbers("turned").values()) == list("987654321")


def test_frames_are_of_one_size_and_say_what_they_show() -> None:
    for film in (
        direct_film(dc.ConvTranspose((3, 3), stride=2), (2, 2)),
        matrix_film(dc.ConvTranspose((3,), stride=2, padding=1), 4),
    ):
        assert isinstance(film, Film)
        assert len({(scene.width, scene.height) for scene in film.scenes}) == 1
        assert len({scene.description for scene in film.scenes}) == len(film.scenes)
        assert film.durations_ms[0] > film.durations_ms[1] < film.durations_ms[-1]


def test_the_description_is_alternative_text() -> None:
    assert direct_film(dc.ConvTranspose((3, 3), stride=2), (2, 2)).description == (
        "Transposed convolution of the 2×2 input 1 2; 3 4 with the kernel 1 2 3; 4 5 6; 7 8 9 "
        "(kernel 3×3, stride 2), computed as an ordinary convolution. Insert 1 zero between neighbours, "
        "pad 2 on each side, then convolve at stride 1 with the kernel turned by 180°. "
        "The 5×5 output is 1 2 5 4 6; 4 5 14 10 12; 10 14 36 24 30; 12 15 34 20 24; 21 24 55 32 36."
    )
    assert coverage_scene(dc.ConvTranspose((3,), stride=2, dilation=2), 5).description == (
        "Heat map of the 13-element output of a transposed convolution of a 5-element input "
        "(kernel 3, stride 2, dilation 2). Products per output: 0 to 3. Holes hold only the bias."
    )


def test_importing_loads_no_arrays_and_no_rasteriser() -> None:
    code = "import sys, deconvs.drawing; print({'numpy', 'scipy', 'PIL', 'resvg_py'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
