"""Channels, groups and slices of depth in every picture, against a definition of their own; what is thinned; values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc
from deconvs.drawing import (
    Film,
    Text,
    coverage_scene,
    direct_film,
    gemm_film,
    matrix_film,
    polyphase_film,
    scatter_film,
)

from .test_drawing import Index, read

Channels = tuple[int, int]
STACKS: list[tuple[dc.ConvTranspose, Index, Channels]] = [
    (dc.ConvTranspose((3, 2), stride=2, padding=1), (2, 3), (2, 3)),
    (dc.ConvTranspose((3,), stride=2, padding=1, output_padding=1, groups=2), (4,), (4, 6)),
    (dc.ConvTranspose((2,), stride=3, dilation=2, groups=3), (3,), (3, 3)),
    (dc.ConvTranspose((2, 3), stride=(1, 2), padding=((1, -1), (0, 2)), groups=2), (2, 2), (2, 4)),
    (dc.ConvTranspose((2, 1, 2), stride=(2, 1, 2), padding=((0, 1), (0, 0), (1, -1))), (2, 1, 2), (1, 1)),
    (dc.ConvTranspose((2, 2, 1), dilation=(2, 1, 1), stride=(1, 2, 1), groups=2), (2, 2, 2), (2, 2)),
]
IDS = [f"{g} of {n}, {channels}" for g, n, channels in STACKS]
Term = tuple[Index, Index]


def links(g: dc.ConvTranspose, n: Index, channels: Channels) -> dict[Index, set[Term]]:
    """(channel, position) of an output -> the (i, j) that reach it: every i and j of every channel tried."""
    size = [
        (n_a - 1) * s + d * (k - 1) + 1 - b - e
        for n_a, k, s, d, (b, e) in zip(n, g.kernel_size, g.stride, g.dilation, g.crop, strict=True)
    ]
    inputs, outputs = channels[0] // g.groups, channels[1] // g.groups
    found: dict[Index, set[Term]] = {(c, *o): set() for c in range(channels[1]) for o in product(*map(range, size))}
    for c_in, c_out in product(range(channels[0]), range(outputs)):
        for i, j in product(product(*map(range, n)), product(*map(range, g.kernel_size))):
            at = zip(i, j, g.stride, g.dilation, g.crop, strict=True)
            o = (c_in // inputs * outputs + c_out, *(i_a * s + j_a * d - b for i_a, j_a, s, d, (b, _) in at))
            if o in found:
                found[o].add(((c_in, *i), (c_in, c_out, *j)))
    return found


def data(g: dc.ConvTranspose, n: Index, channels: Channels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    x, w = (channels[0], *n), (channels[0], channels[1] // g.groups, *g.kernel_size)
    return np.arange(prod(x)).reshape(x) - 2, np.arange(prod(w)).reshape(w) % 23 - 4


def total(x: NDArray[np.int64], w: NDArray[np.int64], terms: set[Term]) -> int:
    return int(sum(x[i] * w[j] for i, j in terms))


@pytest.mark.parametrize(("g", "n", "channels"), STACKS, ids=IDS)
def test_direct(g: dc.ConvTranspose, n: Index, channels: Channels) -> None:
    of, (x, w) = links(g, n, channels), data(g, n, channels)
    first, *frames = direct_film(g, n, x, w, channels=channels).scenes
    assert len(frames) == len(of)
    assert not first.numbers("output")
    for (o, terms), scene in zip(of.items(), frames, strict=True):
        assert set(scene.cells("output", "lit")) == {o}
        assert set(scene.cells("input", "lit")) == {i for i, _ in terms}
        under = set(scene.cells("padded", "lit")) | set(scene.cells("padded", "covered"))
        assert len(under) == prod(g.kernel_size) * channels[0] // g.groups
        values, weights = scene.numbers("padded"), scene.numbers("window")
        if weights and values:
            assert {(read(values[at]), read(weights[at])) for at in scene.cells("padded", "lit")} == {
                (x[i], w[j]) for i, j in terms
            }
    shown = frames[-1].numbers("output")
    assert not shown or {o: read(text) for o, text in shown.items()} == {o: total(x, w, of[o]) for o in of}


@pytest.mark.parametrize("film_of", [direct_film, scatter_film, gemm_film, polyphase_film])
def test_numbers_are_left_out_only_where_cells_are_too_small(film_of: Callable[..., Film]) -> None:
    """The tests here compare what is written: in most of the cases it must be."""
    shown = [film_of(g, n, *data(g, n, channels), channels=channels).still for g, n, channels in STACKS]
    assert sum(bool(scene.numbers("output")) for scene in shown) >= len(STACKS) - 1


@pytest.mark.parametrize("columns", [False, True], ids=["scatter", "gemm"])
@pytest.mark.parametrize(("g", "n", "channels"), STACKS, ids=IDS)
def test_stamps(g: dc.ConvTranspose, n: Index, channels: Channels, columns: bool) -> None:
    of, (x, w) = links(g, n, channels), data(g, n, channels)
    first, *frames, last = (gemm_film if columns else scatter_film)(g, n, x, w, channels=channels).scenes
    if columns:
        turns = [{(c, *at) for c in range(channels[0])} for at in np.ndindex(*n)]
    else:
        turns = [{i} for i in np.ndindex(channels[0], *n)]
    assert len(frames) == len(turns)
    done: set[Index] = set()
    assert not first.cells("output", "lit")
    for turn, scene in zip(turns, frames, strict=True):
        done |= turn
        assert set(scene.cells("input", "lit")) == turn
        assert set(scene.cells("output", "lit")) == {o for o, terms in of.items() if turn & {i for i, _ in terms}}
        shown = scene.numbers("output")
        if shown:
            sums = {o: {(i, j) for i, j in terms if i in done} for o, terms in of.items()}
            assert {o: read(text) for o, text in shown.items()} == {
                o: total(x, w, terms) for o, terms in sums.items() if terms
            }
    if last.numbers("output"):
        assert {o: read(text) for o, text in last.numbers("output").items()} == {o: total(x, w, of[o]) for o in of}
    if columns and (texts := last.numbers("columns")):
        inputs, outputs = channels[0] // g.groups, channels[1] // g.groups
        for row, (c_out, *j) in enumerate(np.ndindex(channels[1], *g.kernel_size)):
            group = range(c_out // outputs * inputs, (c_out // outputs + 1) * inputs)
            for column, at in enumerate(np.ndindex(*n)):
                expected = sum(int(x[(c, *at)]) * int(w[(c, c_out % outputs, *j)]) for c in group)
                assert read(texts[row, column]) == expected


@pytest.mark.parametrize(("g", "n", "channels"), STACKS, ids=IDS)
def test_matrix(g: dc.ConvTranspose, n: Index, channels: Channels) -> None:
    of = links(g, n, channels)
    inputs, outputs = list(np.ndindex(channels[0], *n)), list(of)
    if len(inputs) > 40 or len(outputs) > 64:
        assert "drawn" in matrix_film(g, n, channels=channels).description
        return
    film = matrix_film(g, n, channels=channels)
    _, *frames, last = film.scenes
    entries = {(inputs.index(i), outputs.index(o)) for o, terms in of.items() for i, _ in terms}
    assert {at for at, cell in last.cells("matrix").items() if cell.cell and cell.cell.kind == "kernel"} == entries
    assert len(frames) == 2 * len(inputs)
    for row, (i, scene) in enumerate(zip(inputs, frames, strict=False)):
        assert set(scene.cells("matrix", "lit")) == {at for at in entries if at[0] == row}
        assert set(scene.cells("image", "lit")) == {o for o, terms in of.items() if i in {at for at, _ in terms}}


@pytest.mark.parametrize(("g", "n", "channels"), STACKS, ids=IDS)
def test_polyphase(g: dc.ConvTranspose, n: Index, channels: Channels) -> None:
    of, (x, w) = links(g, n, channels), data(g, n, channels)
    _, *frames, last = polyphase_film(g, n, x, w, channels=channels).scenes
    assert len(frames) == prod(g.stride)
    seen: set[Index] = set()
    for scene in frames:
        lit, taps = set(scene.cells("output", "lit")), set(scene.cells("kernel", "lit"))
        assert {j for o in lit for _, j in of[o]} <= taps
        assert not lit & seen
        seen |= lit
    assert seen == set(of)
    if last.numbers("output"):
        assert {o: read(text) for o, text in last.numbers("output").items()} == {o: total(x, w, of[o]) for o in of}


@pytest.mark.parametrize(("g", "n", "channels"), STACKS, ids=IDS)
def test_coverage(g: dc.ConvTranspose, n: Index, channels: Channels) -> None:
    of = links(g, n, channels)
    shown = coverage_scene(g, n, channels=channels).numbers("coverage")
    for o, terms in of.items():
        assert int(shown[o[1:]]) == len(terms)


def test_groups_alone_have_a_channel_each() -> None:
    g = dc.ConvTranspose((3,), stride=2, groups=3)
    assert direct_film(g, 2) == direct_film(g, 2, channels=(3, 3))
    assert direct_film(g, 2) != direct_film(g, 2, channels=(3, 6))


def test_planes_of_the_kernel_are_named_by_all_channels() -> None:
    film = direct_film(dc.ConvTranspose((3,), stride=2, groups=2), 3, channels=(2, 4))
    named = {shape.content for shape in film.still.shapes if isinstance(shape, Text) and "→" in shape.content}
    assert named == {"c 0→0", "c 0→1", "c 1→2", "c 1→3"}
    assert "2 to 4 channels, 3" in {shape.content for shape in film.still.shapes if isinstance(shape, Text)}


def test_films_of_many_cells_are_thinned_or_refused() -> None:
    """What would take minutes: fewer inputs are drawn; of a kernel that is too long by itself, it is said."""
    g = dc.ConvTranspose((3, 3, 3), stride=2, dilation=2)
    film = direct_film(g, (2, 2, 2))
    assert "of 2×2×2 inputs drawn" in film.description
    assert sum(len(scene.shapes) for scene in film.scenes) < 400_000
    with pytest.raises(
        dc.GeometryError, match=r"^too large to draw: the kernel with its planes has 4 rows and 80 columns"
    ):
        direct_film(dc.ConvTranspose((2, 2)), (2, 2), channels=(2, 40))


def test_sums_of_rounded_numbers_are_nearly_equal() -> None:
    film = direct_film(dc.ConvTranspose((1,)), 2, [1 / 3, 2.0], [0.5])
    assert ["≈" in scene.description.rpartition(" Shown: ")[2] for scene in film.scenes[1:]] == [True, False]
    with pytest.raises(dc.GeometryError, match=r"^the output is not finite"):
        direct_film(dc.ConvTranspose((1,)), 1, [1e200], [1e200])


def test_symbols_have_as_many_digits_as_one_axis_needs() -> None:
    film = scatter_film(dc.ConvTranspose((2,)), 12, values="symbols")
    assert film.still.numbers("input")[11,] == "x₁₁"


def test_default_numbers_tell_planes_apart() -> None:
    film = direct_film(dc.ConvTranspose((3, 3)), (2, 2), channels=(2, 2))
    planes = [
        [text for at, text in film.still.numbers("kernel").items() if at[:2] == lead] for lead in np.ndindex(2, 2)
    ]
    assert len({tuple(plane) for plane in planes}) == 4


@pytest.mark.parametrize("view", ["scatter", "direct", "matrix", "polyphase", "gemm", "coverage"])
def test_large_inputs_are_thinned(view: str) -> None:
    g = dc.ConvTranspose((4, 3), stride=2, padding=1)
    picture = dc.draw(g, (64, 64), view)
    drawn = {
        n: dc.draw(g, n, view).shown
        for n in product(range(2, 14), repeat=2)
        if f"{n[0]}×{n[1]} of 64×64 inputs" in picture.description
    }
    assert len(drawn) == 1
    (small,) = drawn.values()
    shown = picture.shown
    # But for the note, and numbers that count along rows of 64.
    if isinstance(shown, Film) and isinstance(small, Film):
        assert len(shown.scenes) == len(small.scenes) <= 101
    first, second = (film.still if isinstance(film, Film) else film for film in (shown, small))
    for grid in ("input", "output", "padded", "matrix", "columns", "coverage"):
        assert set(first.cells(grid)) == set(second.cells(grid))
        assert set(first.cells(grid, "lit")) == set(second.cells(grid, "lit"))


def test_numbers_of_a_thinned_picture_are_the_first() -> None:
    x = np.arange(100) * 7 % 97
    film = scatter_film(dc.ConvTranspose((2,), stride=2), 100, x)
    shown = film.still.numbers("input")
    assert 3 <= len(shown) <= 20
    assert {at: read(text) for at, text in shown.items()} == {(at,): x[at] for at in range(len(shown))}
    assert "of 100 inputs drawn" in film.description


def test_floats_are_written_as_fits_a_cell() -> None:
    x, w = [0.5, -1.25, 3.0], [2.0, 1 / 3]
    film = scatter_film(dc.ConvTranspose((2,), stride=2), 3, x, w)
    assert film.still.numbers("input") == {(0,): "0.5", (1,): "−1.25", (2,): "3"}
    assert film.still.numbers("kernel") == {(0,): "2", (1,): "0.333"}
    assert film.still.numbers("output") == {
        (0,): "1", (1,): "0.167", (2,): "−2.5", (3,): "−0.42", (4,): "6", (5,): "1",
    }  # fmt: skip


def test_symbols_name_positions() -> None:
    film = direct_film(dc.ConvTranspose((3, 3), stride=2, padding=1), (2, 2), values="symbols")
    assert film.still.numbers("input")[1, 0] == "x₁₀"
    assert film.still.numbers("kernel")[1, 2] == "w₁₂"
    assert film.still.numbers("output")[2, 1] == "y₂₁"
    assert "x₀₁·w₂₁ + x₁₁·w₀₁" in film.scenes[6].description.replace(" = ", " ")


@pytest.mark.parametrize("view", ["scatter", "direct", "matrix", "polyphase", "gemm", "coverage"])
def test_hidden_values_leave_the_cells(view: str) -> None:
    g = dc.ConvTranspose((3, 3), stride=2, padding=1)
    hidden, shown = (dc.draw(g, (2, 2), view, values=values).shown for values in ("hidden", "numbers"))
    first, second = (film.still if isinstance(film, Film) else film for film in (hidden, shown))
    for grid in ("input", "kernel", "output", "padded", "window", "columns", "transposed", "coverage"):
        assert not first.numbers(grid)
        assert set(first.cells(grid)) == set(second.cells(grid))
        assert set(first.cells(grid, "lit")) == set(second.cells(grid, "lit"))


def test_numbers_that_are_not_shown_are_checked() -> None:
    with pytest.raises(dc.GeometryError, match=r"^x does not fit the picture: x has shape \(3,\)"):
        dc.draw(dc.ConvTranspose((2,)), 2, "coverage", x=[1, 2, 3])
