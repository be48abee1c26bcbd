"""What the sub-pixel film shows: every number of every frame against a computation of its own."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import product
from math import prod

import numpy as np
import pytest

import deconvs as dc
from deconvs.drawing import Film, Scene
from deconvs.drawing.figures.subpixel import subpixel_film

from .test_drawing import data, links_of, read
from .test_drawing_cases import CASES, IDS

Index = tuple[int, ...]


def kinds(scene: Scene, grid: str) -> dict[Index, str]:
    return {at: rect.cell.kind for at, rect in scene.cells(grid).items() if rect.cell}


@cache
def drawn(g: dc.ConvTranspose, n: Index) -> Film:
    """The film of a case."""
    return subpixel_film(g, n, *data(g, n))


def turn_of(residue: Index, g: dc.ConvTranspose) -> int:
    return int(np.ravel_multi_index(residue, g.stride))


def tap_turns(g: dc.ConvTranspose) -> dict[Index, int]:
    """Tap -> the phase of the output that it reaches from input 0."""
    return {
        j: turn_of(tuple(j_a * d % s for j_a, d, s in zip(j, g.dilation, g.stride, strict=True)), g)
        for j in product(*map(range, g.kernel_size))
    }


def output_turns(g: dc.ConvTranspose, n: Index) -> dict[Index, int]:
    return {
        o: turn_of(tuple((o_a + b) % s for o_a, (b, _), s in zip(o, g.crop, g.stride, strict=True)), g)
        for o in links_of(g, n)
    }


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_the_output_fills_channel_by_channel(g: dc.ConvTranspose, n: Index) -> None:
    x, w = data(g, n)
    film = drawn(g, n)
    count = prod(g.stride)
    assert len(film.scenes) == len(film.durations_ms) == 2 * count + 3
    expected = {o: int(sum(x[i] * w[j] for i, j in pairs)) for o, pairs in links_of(g, n).items()}
    turns = output_turns(g, n)
    for at, scene in enumerate(film.scenes):
        shuffled = min(count, max(0, at - 1 - count))
        shown = {o: read(text) for o, text in scene.numbers("output").items()}
        if film.still.numbers("output"):  # there is room for them
            assert shown == {o: value for o, value in expected.items() if turns[o] < shuffled}
        lit = {o for o, turn in turns.items() if count + 1 < at < 2 * count + 2 and turn == at - count - 2}
        assert set(scene.cells("output", "lit")) == lit
    assert film.still == film.scenes[-1]
    cropped = film.still.cells("cropped")
    assert {rect.cell.kind for rect in cropped.values() if rect.cell} <= {"cropped"}
    # Blocks are whole before the crop.
    assert (len(cropped) + len(expected)) % count == 0


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_small_kernels_hold_every_tap_once(g: dc.ConvTranspose, n: Index) -> None:
    _, w = data(g, n)
    opening, rearranged, *_ = drawn(g, n).scenes
    assert set(kinds(opening, "kernels").values()) == {"unknown"}
    turns = tap_turns(g)
    assert kinds(opening, "kernel") == {j: f"phase {turn}" for j, turn in turns.items()}
    written, of = rearranged.numbers("kernels"), kinds(rearranged, "kernels")
    found = Counter((of[at], read(text)) for at, text in written.items() if of[at] != "zero")
    assert found == Counter((f"phase {turn}", int(w[j])) for j, turn in turns.items())
    assert {written[at] for at, kind in of.items() if kind == "zero"} <= {"0"}
    assert sum(kind == "zero" for kind in of.values()) == len(of) - w.size
    assert len(of) % prod(g.stride) == 0


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_channels_are_the_outputs_of_a_phase(g: dc.ConvTranspose, n: Index) -> None:
    """And beside them only sums that are cropped; the window lights what the sum of its place is made of."""
    x, w = data(g, n)
    film = drawn(g, n)
    count, turns = prod(g.stride), output_turns(g, n)
    links = links_of(g, n)
    expected = {o: int(sum(x[i] * w[j] for i, j in pairs)) for o, pairs in links.items()}
    for turn, scene in enumerate(film.scenes[2 : 2 + count]):
        of = kinds(scene, "maps")
        assert {at for at, rect in scene.cells("maps", "lit").items()} == {at for at in of if of[at] == f"phase {turn}"}
        assert set(of.values()) == {f"phase {before}" for before in range(turn + 1)} | (
            {"unknown"} if turn + 1 < count else set()
        )
        numbers = Counter(read(text) for at, text in scene.numbers("maps").items() if of[at] == f"phase {turn}")
        if numbers:  # there is room for them
            assert not Counter(expected[o] for o in expected if turns[o] == turn) - numbers
        _, _, shown = scene.description.rpartition(" Shown: ")
        weights = scene.numbers("window")
        if "output" in shown and weights:
            name = shown.partition("output ")[2].partition(" =")[0]
            (o,) = (o for o in links if (str(o) if len(o) > 1 else str(o[0])) == name)
            values = scene.numbers("padded")
            lit = Counter((read(values[at]), read(weights[at])) for at in scene.cells("padded", "lit"))
            assert lit == Counter((int(x[i]), int(w[j])) for i, j in links[o])
            assert all(
                text == "0" for at, text in values.items() if at in weights and at not in scene.cells("padded", "lit")
            )
            assert turns[o] == turn


def test_numbers_are_shown_in_most_cases() -> None:
    """The others have no room for them, which the tests of their values allow."""
    found: Counter[str] = Counter()
    for g, n in CASES:
        scenes = drawn(g, n).scenes
        grids = ("padded", "kernel", "kernels", "maps", "window", "output")
        found.update(grid for grid in grids if any(scene.numbers(grid) for scene in scenes))
    assert found == {"padded": 16, "kernel": 16, "kernels": 16, "maps": 15, "output": 15, "window": 9}


def full_film_output(g: dc.ConvTranspose, n: Index, channels: tuple[int, int]) -> None:
    rng = np.random.default_rng(prod(n))
    x = rng.integers(-9, 10, (channels[0], *n))
    w = rng.integers(-9, 10, (channels[0], channels[1] // g.groups, *g.kernel_size))
    film = subpixel_film(g, n, x, w, channels=channels)
    each_in, each_out = channels[0] // g.groups, channels[1] // g.groups
    expected = {
        (c, *o): int(
            sum(
                x[(a, *i)] * w[(a, c % each_out, *j)]
                for a in range(c // each_out * each_in, (c // each_out + 1) * each_in)
                for i, j in pairs
            )
        )
        for c in range(channels[1])
        for o, pairs in links_of(g, n).items()
    }
    last = film.scenes[-1]
    assert {o: read(text) for o, text in last.numbers("output").items()} == expected
    assert set(last.cells("output")) == set(expected)


@pytest.mark.parametrize(
    ("g", "n", "channels"),
    [
        (dc.ConvTranspose((3,), stride=2), (4,), (2, 3)),
        (dc.ConvTranspose((3,), stride=2, groups=2), (3,), (4, 2)),
        (dc.ConvTranspose((3, 2), stride=(2, 1), padding=((1, 0), (0, 0))), (2, 3), (2, 1)),
    ],
)
def test_channels_and_groups(g: dc.ConvTranspose, n: Index, channels: tuple[int, int]) -> None:
    full_film_output(g, n, channels)


def test_three_axes() -> None:
    g, n = dc.ConvTranspose((2, 2, 2), stride=(1, 2, 2), padding=(0, 1, 0)), (2, 2, 2)
    x, w = (values % 5 - 2 for values in data(g, n))
    links = links_of(g, n)
    film = subpixel_film(g, n, x, w)
    shown = {o: read(text) for o, text in film.scenes[-1].numbers("output").items()}
    assert shown == {o: int(sum(x[i] * w[j] for i, j in pairs)) for o, pairs in links.items()}
    assert set(film.scenes[-1].cells("output")) == set(links)


def test_captions_say_what_is_done() -> None:
    film = subpixel_film(dc.ConvTranspose((3, 3), stride=2), (2, 2))
    said = [scene.description.rpartition(" Shown: ")[2] for scene in film.scenes]
    slides = "Channel of phase {}: its small kernel slides over the input at stride 1."
    assert said == [
        "Taps of one colour and pattern meet the same inputs: they belong to one phase.",
        "The kernel rearranged: a small kernel for each phase, turned, 7 zeros among them to make them equal.",
        f"{slides.format('(0, 0)')} output (2, 2) = 1×9 + 2×7 + 3×3 + 4×1 = 36",
        f"{slides.format('(0, 1)')} output (2, 3) = 2×8 + 4×2 = 24",
        f"{slides.format('(1, 0)')} output (3, 2) = 3×6 + 4×4 = 34",
        f"{slides.format('(1, 1)')} output (3, 3) = 4×5 = 20",
        *(
            f"Channel of phase {phase}: its elements go to the framed places, 2 apart."
            for phase in product(range(2), repeat=2)
        ),
        "Cropped 1 bottom, 1 right, where blocks are not whole: the 5×5 output.",
    ]
    one = subpixel_film(dc.ConvTranspose((3,), padding=1), (4,))
    said = [scene.description.rpartition(" Shown: ")[2] for scene in one.scenes]
    assert said[1] == "The kernel reversed."
    assert said[3] == "One channel: nothing to shuffle."


def test_symbols_and_hidden() -> None:
    g = dc.ConvTranspose((2,), stride=2)
    symbols = subpixel_film(g, (2,), values="symbols").still
    assert [text for _, text in sorted(symbols.numbers("output").items())] == ["y₀", "y₁", "y₂", "y₃"]
    hidden = subpixel_film(g, (2,), values="hidden").still
    assert not hidden.numbers("output")
    assert not hidden.numbers("maps")


def test_what_is_refused_and_what_is_thinned() -> None:
    with pytest.raises(dc.GeometryError, match="too many phases to tell apart"):
        subpixel_film(dc.ConvTranspose((4, 4), stride=4), (2, 2))
    film = subpixel_film(dc.ConvTranspose((4, 4), stride=2, padding=1), (32, 32))
    assert "of 32×32 inputs drawn" in film.description
    large = subpixel_film(dc.ConvTranspose((31, 31), stride=2), (2, 2))
    assert len(large.scenes[0].cells("kernel")) == 961
