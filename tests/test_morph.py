"""What the morph shows: every frame's numbers, lit cells and words against a computation of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc
from deconvs.drawing import Film, Rect, Scene, to_gif, to_moving_svg
from deconvs.drawing.figures.morph import morph_film

from .test_drawing import data, links_of, read
from .test_drawing_cases import CASES, IDS

Index = tuple[int, ...]


class Chapters:
    """The film cut where its story goes on."""

    def __init__(self, film: Film, g: dc.ConvTranspose, n: Index) -> None:
        self.links = links_of(g, n)
        most = max(map(len, self.links.values()))
        frames: Iterator[Scene] = iter(film.scenes)

        def take(count: int) -> list[Scene]:
            return [next(frames) for _ in range(count)]

        travels = max(g.stride) > 1
        (self.opening,) = take(1)
        self.stamps = take(prod(n))
        (self.stamped, self.touched) = take(2)
        self.terms = take(min(most, 9))
        (self.turned,) = take(1)
        self.apart = take(1 + 6 * travels)
        self.inserted = take(1 * travels)
        (self.padded,) = take(1)
        self.slides = take(len(self.links))
        (self.slid, self.colours) = take(2)
        self.dealt = take(prod(g.stride))
        self.closing = take(1 + 5 * travels)
        self.phases = take(prod(g.stride))
        (self.ending,) = take(1)
        assert not list(frames)


@cache
def drawn(g: dc.ConvTranspose, n: Index) -> Film:
    """The film of a case; drawing is most of what these tests do."""
    return morph_film(g, n, *data(g, n))


def shown(scene: Scene) -> str:
    return scene.description.rpartition(" Shown: ")[2]


def kinds(scene: Scene, grid: str) -> dict[Index, str]:
    return {at: rect.cell.kind for at, rect in scene.cells(grid).items() if rect.cell}


def numbers(scene: Scene, grid: str) -> dict[Index, int]:
    return {at: read(text) for at, text in scene.numbers(grid).items()}


def turn_of(g: dc.ConvTranspose, at: Index, step: Index, first: Index) -> int:
    """The phase of a position: (at * step + first) mod stride."""
    residue = [(a * d + b) % s for a, d, b, s in zip(at, step, first, g.stride, strict=True)]
    return int(np.ravel_multi_index(residue, g.stride))


def phase_of(g: dc.ConvTranspose, o: Index) -> int:
    return turn_of(g, o, (1,) * g.ndim, tuple(b for b, _ in g.crop))


def expected(g: dc.ConvTranspose, n: Index, x: NDArray[np.int64], w: NDArray[np.int64]) -> dict[Index, int]:
    return {o: int(sum(x[i] * w[j] for i, j in pairs)) for o, pairs in links_of(g, n).items()}


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_stamps_add_up(g: dc.ConvTranspose, n: Index) -> None:
    x, w = data(g, n)
    chapters = Chapters(drawn(g, n), g, n)
    assert not chapters.opening.numbers("output")
    before: list[Index] = []
    for i, scene in zip(product(*map(range, n)), chapters.stamps, strict=True):
        before.append(i)
        pairs = {o: {(a, j) for a, j in found if a in before} for o, found in chapters.links.items()}
        sums = {o: int(sum(x[a] * w[j] for a, j in found)) for o, found in pairs.items() if found}
        assert numbers(scene, "output") in (sums, {})
        assert {o for o, kind in kinds(scene, "output").items() if kind == "output"} == set(sums)
        assert set(scene.cells("output", "lit")) == {o for o, found in pairs.items() if i in {a for a, _ in found}}
        assert set(scene.cells("input", "lit")) == {i}
        assert set(scene.cells("kernel", "lit")) == set(np.ndindex(*g.kernel_size))
    assert numbers(chapters.stamped, "output") in (expected(g, n, x, w), {})


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_no_frame_shows_a_false_number(g: dc.ConvTranspose, n: Index) -> None:
    x, w = data(g, n)
    film = drawn(g, n)
    chapters = Chapters(film, g, n)
    results = expected(g, n, x, w)
    inputs = {i: int(x[i]) for i in np.ndindex(*n)}
    taps = {j: int(w[j]) for j in np.ndindex(*g.kernel_size)}
    turned = {tuple(k - 1 - a for a, k in zip(j, g.kernel_size, strict=True)): value for j, value in taps.items()}
    stamping = [chapters.opening, *chapters.stamps]
    for scene in film.scenes:
        assert set(scene.cells("input")) == set(inputs)
        assert set(scene.cells("output")) == set(results)
        assert numbers(scene, "input") in (inputs, {})
        assert numbers(scene, "kernel") in (taps, {})
        assert numbers(scene, "turned").items() <= turned.items()
        assert set(scene.numbers("zeros").values()) <= {"0"}
        if scene not in stamping:
            assert numbers(scene, "output") in (results, {})
    assert len({(scene.width, scene.height) for scene in film.scenes}) == 1
    assert film.still == film.scenes[-1]


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_an_output_is_read_backwards(g: dc.ConvTranspose, n: Index) -> None:
    x, w = data(g, n)
    chapters = Chapters(drawn(g, n), g, n)
    (focus,) = chapters.touched.cells("output", "lit")
    pairs = sorted(chapters.links[focus])
    assert len(pairs) == max(map(len, chapters.links.values()))
    assert f"{len(pairs)} stamp" in shown(chapters.touched)
    assert set(chapters.touched.cells("input", "lit")) == {i for i, _ in pairs}
    assert set(chapters.touched.cells("kernel", "lit")) == {j for _, j in pairs}
    laid = set()
    for (i, j), scene in zip(pairs, chapters.terms, strict=False):
        laid.add(tuple(k - 1 - a for a, k in zip(j, g.kernel_size, strict=True)))
        assert set(scene.cells("input", "lit")) == {i}
        assert set(scene.cells("kernel", "lit")) == {j}
        assert set(scene.cells("turned")) == laid
        assert f"{x[i]}×{w[j]}".replace("-", "−") in shown(scene)
        assert shown(scene).startswith("Scatter read at one output = gather")
    assert set(chapters.turned.cells("turned")) == set(np.ndindex(*g.kernel_size))
    how = "reversed" if g.ndim == 1 else "turned by 180°"
    assert shown(chapters.turned).startswith(f"Scatter read at one output = gather with the kernel {how}")


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_inputs_move_apart_and_zeros_come_between(g: dc.ConvTranspose, n: Index) -> None:
    film = drawn(g, n)
    chapters = Chapters(film, g, n)
    if max(g.stride) == 1:
        assert "there is nothing to insert" in shown(chapters.apart[0])
    pitch = 0.0
    for scene in film.scenes:
        rects = [rect for rect in scene.cells("input").values() if isinstance(rect, Rect)]
        for a, b in combinations(rects, 2):
            assert abs(a.x - b.x) >= a.width or abs(a.y - b.y) >= a.height
        pitch = rects[0].width
    for scene, rest in zip(chapters.inserted, [chapters.apart[-1]], strict=False):
        assert not rest.cells("zeros")
        zeros = set(kinds(scene, "zeros").values())
        assert zeros <= {"inserted"}
        count = prod((m - 1) * s + 1 for m, s in zip(n, g.stride, strict=True)) - prod(n)
        assert len(scene.cells("zeros")) <= count
    size = [m + d * (k - 1) for m, k, d in zip(g.output_size(n), g.kernel_size, g.dilation, strict=True)]
    every = kinds(chapters.padded, "zeros") | {(*i, -1): kind for i, kind in kinds(chapters.padded, "input").items()}
    assert sum(kind != "cropped" for kind in every.values()) == prod(size)
    first, last, closed = (
        # Edges lie inside of cells: only their middles stay where they are.
        {i: (r.x + r.width / 2, r.y + r.height / 2) for i, r in scene.cells("input").items() if isinstance(r, Rect)}
        for scene in (chapters.opening, chapters.padded, chapters.phases[-1])
    )
    assert closed == first
    for i, j in combinations(last, 2):
        for axis, place in ((-1, 0), (-2, 1)):
            if g.ndim + axis >= 0:
                step = g.stride[axis] * (j[axis] - i[axis])
                near = first[j][place] - first[i][place]
                assert last[j][place] - last[i][place] == pytest.approx(near * g.stride[axis], abs=pitch / 10), step


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_the_window_meets_what_contributes(g: dc.ConvTranspose, n: Index) -> None:
    x, w = data(g, n)
    chapters = Chapters(drawn(g, n), g, n)
    made: set[Index] = set()
    results = expected(g, n, x, w)
    for (o, pairs), scene in zip(chapters.links.items(), chapters.slides, strict=True):
        made.add(o)
        assert set(scene.cells("input", "lit")) == {i for i, _ in pairs}
        assert len(scene.cells("zeros", "covered")) == prod(g.kernel_size) - len(pairs)
        weights = scene.numbers("window")
        lit = {read(weights[at]) for at in scene.cells("window", "lit") if at in weights}
        assert lit in ({int(w[j]) for _, j in pairs}, set())
        assert {at for at, kind in kinds(scene, "output").items() if kind != "unknown"} == made
        text = shown(scene).replace("−", "-")
        assert f"output {o if len(o) > 1 else o[0]} = " in text
        assert text.rpartition(" = ")[2].removesuffix(".").removesuffix(": no input reaches it") == str(results[o])


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_phases_share_out_the_taps_and_make_the_outputs(g: dc.ConvTranspose, n: Index) -> None:
    _, w = data(g, n)
    chapters = Chapters(drawn(g, n), g, n)
    taps = {j: turn_of(g, j, g.dilation, (0,) * g.ndim) for j in np.ndindex(*g.kernel_size)}
    outputs = {o: phase_of(g, o) for o in chapters.links}
    assert kinds(chapters.colours, "kernel") == {j: f"phase {turn}" for j, turn in taps.items()}
    assert kinds(chapters.colours, "output") == {o: f"phase {turn}" for o, turn in outputs.items()}
    for turn, scene in enumerate(chapters.dealt):
        own = {j for j, of in taps.items() if of == turn}
        assert set(scene.cells("kernel", "lit")) == own
        small = kinds(scene, "small")
        assert sum(kind != "unknown" for kind in small.values()) == sum(of <= turn for of in taps.values())
        lit = scene.cells("small", "lit")
        written = scene.numbers("small")
        assert sorted(read(written[at]) for at in lit if at in written) in (sorted(int(w[j]) for j in own), [])
        assert not own or f"{len(own)} of {w.size} taps" in shown(scene) or "every tap meets inputs" in shown(scene)
        # What the others meet is zero: no output of the phase hears from them.
        assert {j for o, of in outputs.items() if of == turn for _, j in chapters.links[o]} <= own
    for turn, scene in enumerate(chapters.phases):
        of = kinds(scene, "output")
        assert of == {o: f"phase {own}" if own <= turn else "unknown" for o, own in outputs.items()}
        heard = {i for o, own in outputs.items() if own == turn for i, _ in chapters.links[o]}
        assert set(scene.cells("input", "lit")) == heard
        assert not scene.cells("zeros")
    assert kinds(chapters.ending, "output") == {o: f"phase {turn}" for o, turn in outputs.items()}


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_captions_count_the_products(g: dc.ConvTranspose, n: Index) -> None:
    chapters = Chapters(drawn(g, n), g, n)
    useful = sum(map(len, chapters.links.values()))
    direct = len(chapters.links) * prod(g.kernel_size)
    scatter = prod(n) * prod(g.kernel_size)

    def products(count: int) -> str:
        return f"{count} product{'' if count == 1 else 's'}"

    assert products(scatter) in shown(chapters.stamped)
    assert products(direct) in shown(chapters.slid)
    assert (f"of which {direct - useful} with zeros" in shown(chapters.slid)) == (direct > useful)
    assert shown(chapters.ending).startswith(f"Scatter = gather = direct = polyphase The same {products(useful)}")
    assert (f"scatter crops {scatter - useful}" in shown(chapters.ending)) == (scatter > useful)
    assert shown(chapters.slid).startswith("Scatter = gather = direct")
    assert shown(chapters.closing[0]).startswith("Direct without its inserted zeros = polyphase")


def test_numbers_are_shown_in_most_cases() -> None:
    """The others have no room for them, which the tests of their values allow."""
    found: Counter[str] = Counter()
    for g, n in CASES:
        chapters = Chapters(drawn(g, n), g, n)
        film = {grid: bool(chapters.ending.numbers(grid)) for grid in ("input", "kernel", "turned", "small", "output")}
        film["stamps"] = bool(chapters.stamps[-1].numbers("output"))
        film["window"] = any(scene.numbers("window") for scene in chapters.slides)
        film["zeros"] = any(scene.numbers("zeros") for scene in chapters.slides)
        found.update(grid for grid, has in film.items() if has)
    everywhere = dict.fromkeys(("input", "kernel", "turned", "small"), 16)
    assert found == {**everywhere, "output": 15, "stamps": 15, "zeros": 14, "window": 11}


def test_the_whole_story_in_words() -> None:
    film = morph_film(dc.ConvTranspose((3,), stride=2), (2,), [1, 2], [3, 4, 5])
    said = list(dict.fromkeys(shown(scene).partition(" Inputs moved")[0] for scene in film.scenes))
    assert said == [
        "Scatter, the definition Every input stamps the kernel times its value. What overlaps adds up.",
        "Scatter, the definition Input 0 stamps 1 × kernel onto the output.",
        "Scatter, the definition Input 1 stamps 2 × kernel onto the output.",
        "Scatter, the definition All stamps added up: 6 products.",
        "Scatter read at one output 2 stamps touched output 2. Which input, with which tap?",
        "Scatter read at one output = gather Input 0 reached it with tap 2: 1×5",
        "Scatter read at one output = gather Input 1 reached it with tap 0: 2×3",
        (
            "Scatter read at one output = gather with the kernel reversed "
            "Inputs forwards met taps backwards. Turned, both run forwards. output 2 = 1×5 + 2×3 = 11"
        ),
        (
            "Gather = an ordinary convolution = direct "
            "Stamps lie 2 apart. Move the inputs 2 apart: each lies where its stamp does."
        ),
        "Gather = an ordinary convolution = direct Insert 1 zero between neighbours. Zeros add nothing to a sum.",
        "Gather = an ordinary convolution = direct Pad 2 on each side: every output is one position of the window.",
        "Gather = direct: the reversed kernel slides at step 1 output 0 = 1×3 = 3",
        "Gather = direct: the reversed kernel slides at step 1 output 1 = 1×4 = 4",
        "Gather = direct: the reversed kernel slides at step 1 output 2 = 1×5 + 2×3 = 11",
        "Gather = direct: the reversed kernel slides at step 1 output 3 = 2×4 = 8",
        "Gather = direct: the reversed kernel slides at step 1 output 4 = 2×5 = 10",
        "Scatter = gather = direct The same outputs, now from 15 products, of which 9 with zeros.",
        (
            "Direct, sorted by what its taps meet "
            "Outputs 2 apart meet inputs with the same taps: one phase, one colour and pattern."
        ),
        "Direct, sorted by what its taps meet Phase 0: 2 of 3 taps meet inputs, the other only zeros.",
        "Direct, sorted by what its taps meet Phase 1: 1 of 3 taps meets inputs, the others only zeros.",
        "Direct without its inserted zeros = polyphase The inserted zeros go, the inputs close up.",
        (
            "Direct without its inserted zeros = polyphase "
            "Phase 0: its kernel of 2 makes the framed outputs, 2 apart, at step 1."
        ),
        (
            "Direct without its inserted zeros = polyphase "
            "Phase 1: its kernel of 1 makes the framed outputs, 2 apart, at step 1."
        ),
        (
            "Scatter = gather = direct = polyphase "
            "The same 6 products of inputs and taps. Besides, direct multiplies 9 zeros, polyphase 2."
        ),
    ]


@pytest.mark.parametrize(
    ("g", "n", "channels"),
    [
        (dc.ConvTranspose((3,), stride=2, padding=1), (3,), (2, 2)),
        (dc.ConvTranspose((2,), stride=2, groups=2), (2,), (4, 2)),
        (dc.ConvTranspose((2, 3), stride=(1, 2)), (2, 2), (1, 2)),
    ],
)
def test_channels_and_groups(g: dc.ConvTranspose, n: Index, channels: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(-9, 10, (channels[0], *n))
    w = rng.integers(-9, 10, (channels[0], channels[1] // g.groups, *g.kernel_size))
    each_in, each_out = channels[0] // g.groups, channels[1] // g.groups
    links: dict[Index, set[tuple[Index, Index]]] = {}
    for c, (o, pairs) in product(range(channels[1]), links_of(g, n).items()):
        first = c // each_out * each_in
        links[c, *o] = {((a, *i), (a, c % each_out, *j)) for a in range(first, first + each_in) for i, j in pairs}
    results = {o: int(sum(x[i] * w[j] for i, j in pairs)) for o, pairs in links.items()}
    film = morph_film(g, n, x, w, channels=channels)
    assert numbers(film.still, "output") == results
    slides = [scene for scene in film.scenes if shown(scene).startswith("Gather = direct: ")]
    for (o, pairs), scene in zip(links.items(), slides, strict=True):
        assert set(scene.cells("output", "lit")) <= {o}
        assert set(scene.cells("input", "lit")) == {i for i, _ in pairs}
        assert f"output ({', '.join(map(str, o))})" in shown(scene)


def test_three_axes_move_slice_by_slice() -> None:
    g, n = dc.ConvTranspose((2, 2, 1), stride=(2, 1, 1)), (2, 2, 2)
    x, w = data(g, n)
    film = morph_film(g, n, x, w)
    assert numbers(film.still, "output") == expected(g, n, x, w)


def test_symbols_and_hidden() -> None:
    g = dc.ConvTranspose((2,), stride=2)
    symbols = morph_film(g, (2,), values="symbols")
    assert symbols.still.numbers("output") == {(0,): "y₀", (1,): "y₁", (2,): "y₂", (3,): "y₃"}
    assert any("x₁·w₀" in shown(scene) for scene in symbols.scenes)
    hidden = morph_film(g, (2,), values="hidden")
    assert not any(scene.numbers(grid) for scene in hidden.scenes for grid in ("input", "kernel", "output", "zeros"))


def test_what_is_refused_and_what_is_thinned() -> None:
    with pytest.raises(dc.GeometryError, match="too many phases to tell apart"):
        morph_film(dc.ConvTranspose((4, 4), stride=4), (2, 2))
    film = morph_film(dc.ConvTranspose((4,), stride=2, padding=1), (200,))
    assert "of 200 inputs drawn" in film.description


def test_the_film_is_small() -> None:
    film = morph_film(dc.ConvTranspose((3, 3), stride=2), (2, 2))
    assert len(film.scenes) <= 90
    assert len(to_moving_svg(film)) < 250_000
    assert len(to_gif(film)) < 400_000
