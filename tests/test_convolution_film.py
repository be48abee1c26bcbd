"""The pictures of an ordinary convolution against a computation of their own: every output, input and tap tried."""

from __future__ import annotations

from functools import cache
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc
from deconvs.drawing import Film, Rect, Scene, Text
from deconvs.drawing.figures.convolution import convolution_film
from deconvs.drawing.figures.counting import counting_scene
from deconvs.drawing.figures.subsampling import subsampling_scene

Index = tuple[int, ...]
Case = tuple[dc.Conv, Index, tuple[int, int] | None]

CASES: list[Case] = [
    (dc.Conv((3, 3)), (4, 4), None),
    (dc.Conv((3, 3), stride=2, padding=1), (6, 6), None),
    (dc.Conv((3, 2), stride=(2, 3), dilation=(2, 1)), (8, 9), None),
    (dc.Conv((2, 2), stride=3), (5, 7), None),
    (dc.Conv((3, 3), padding=((-1, 2), (2, -1))), (4, 5), None),
    (dc.Conv((2, 3), stride=2, padding=((2, 0), (0, 3)), dilation=(1, 2)), (5, 4), None),
    (dc.Conv((3,), stride=2, padding=1), (8,), None),
    (dc.Conv((2,), stride=4, padding=((0, 3),)), (6,), None),
    (dc.Conv((2,), padding=3), (2,), None),
    (dc.Conv((2, 1, 3), stride=(1, 2, 1), padding=((0, 1), (0, 0), (1, 0))), (2, 3, 3), None),
    (dc.Conv((3, 3)), (4, 5), (2, 3)),
    (dc.Conv((2,), stride=2, groups=2), (7,), (4, 6)),
    (dc.Conv((2, 2), padding=((1, 0), (0, 1)), groups=3), (3, 2), None),
]
IDS = [f"{g} of {n}, {channels}" for g, n, channels in CASES]
Terms = dict[Index, set[tuple[Index, Index]]]


def channels_of(case: Case) -> tuple[int, int] | None:
    g, _, channels = case
    return channels or ((g.groups, g.groups) if g.groups > 1 else None)


def terms_of(case: Case) -> Terms:
    """Output -> the (i, j) that make it; every combination tried, i = o*s + j*d - b asked for."""
    g, n, _ = case
    size = [
        (m + sum(pad) - d * (k - 1) - 1) // s + 1
        for m, pad, d, k, s in zip(n, g.padding, g.dilation, g.kernel_size, g.stride, strict=True)
    ]
    spatial: Terms = {o: set() for o in product(*map(range, size))}
    for o, i, j in product(spatial, product(*map(range, n)), product(*map(range, g.kernel_size))):
        at = zip(o, i, j, n, g.stride, g.dilation, g.padding, strict=True)
        if all(i_a == o_a * s + j_a * d - b and -b <= i_a < m + e for o_a, i_a, j_a, m, s, d, (b, e) in at):
            spatial[o].add((i, j))
    pair = channels_of(case)
    if pair is None:
        return spatial
    inputs, outputs = pair[0] // g.groups, pair[1] // g.groups
    return {
        (c, *o): {((c // outputs * inputs + t, *i), (c, t, *j)) for t in range(inputs) for i, j in terms}
        for c in range(pair[1])
        for o, terms in spatial.items()
    }


def data(case: Case) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    g, n, _ = case
    pair = channels_of(case)
    x = n if pair is None else (pair[0], *n)
    w = g.kernel_size if pair is None else (pair[1], pair[0] // g.groups, *g.kernel_size)
    return np.arange(prod(x)).reshape(x) - 3, np.arange(prod(w)).reshape(w) * 3 - 4


@cache
def film_of(case: Case) -> Film:
    g, n, channels = case
    return convolution_film(g, n, *data(case), channels=channels)


def read(text: str) -> int:
    return int(text.replace("−", "-"))


def texts(scene: Scene) -> list[str]:
    return [shape.content for shape in scene.shapes if isinstance(shape, Text)]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_contributes_is_lit(case: Case) -> None:
    terms = terms_of(case)
    _, w = data(case)
    film = film_of(case)
    first, *frames = film.scenes
    assert len(film.scenes) == len(film.durations_ms) == 1 + len(terms)
    assert not any(first.cells(grid, "lit") for grid in ("input", "output", "window", "kernel"))
    assert not first.numbers("output")
    for (o, pairs), scene in zip(terms.items(), frames, strict=True):
        assert set(scene.cells("output", "lit")) == {o}
        assert set(scene.cells("input", "lit")) == {i for i, _ in pairs}
        per_window = w[o[0]].size if w.ndim > len(case[0].kernel_size) else w.size
        assert len(scene.cells("input", "lit")) + len(scene.cells("border", "covered")) == per_window
        assert set(scene.cells("kernel", "lit")) >= {j for _, j in pairs}
        assert len(scene.cells("kernel", "lit")) == per_window
        weights = weights_over(scene)
        assert weights in ({}, {i: w[j] for i, j in pairs})
    assert any(weights_over(scene) for scene in frames) or len(case[0].kernel_size) == 3


def weights_over(scene: Scene) -> dict[Index, int]:
    """Lit input -> the weight written in its cell."""
    found = {}
    for shape in scene.shapes:
        if isinstance(shape, Text) and shape.cell and shape.cell.grid == "window" and shape.cell.state == "lit":
            left, top, right, bottom = shape.box()
            for i, cell in scene.cells("input", "lit").items():
                assert isinstance(cell, Rect)
                if cell.x <= left and right <= cell.x + cell.width and cell.y <= top and bottom <= cell.y + cell.height:
                    found[i] = read(shape.content)
    return found


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_outputs_fill_with_their_numbers(case: Case) -> None:
    x, w = data(case)
    expected = {o: sum(int(x[i] * w[j]) for i, j in pairs) for o, pairs in terms_of(case).items()}
    film = film_of(case)
    for count, scene in enumerate(film.scenes):
        assert {o: read(text) for o, text in scene.numbers("output").items()} == dict(list(expected.items())[:count])
    still = film.still
    assert {o: read(text) for o, text in still.numbers("output").items()} == expected
    (focus,) = still.cells("output", "lit")
    assert len(terms_of(case)[focus]) == max(map(len, terms_of(case).values()))


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_captions_state_the_sum(case: Case) -> None:
    x, w = data(case)
    for (o, pairs), scene in zip(terms_of(case).items(), film_of(case).scenes[1:], strict=True):
        shown = scene.description.rpartition(" Shown: ")[2].removesuffix(".").replace("−", "-")
        name = f"output {o if len(o) > 1 else o[0]}"
        if not pairs:
            assert shown == f"{name} = 0: its window holds no input"
            continue
        head, _, rest = shown.partition(" = ")
        terms, _, result = rest.rpartition(" = ")
        assert (head, int(result)) == (name, sum(x[i] * w[j] for i, j in pairs))
        factors = [tuple(int(f.strip("()")) for f in term.split("×")) for term in terms.split(" + ") if "…" not in term]
        assert factors == [(x[i], w[j]) for i, j in sorted(pairs)][: len(factors)]
        assert len(factors) == len(pairs) or f"… ({len(pairs) - len(factors)} more)" in terms


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_no_window_reaches_is_marked(case: Case) -> None:
    """Every place of the padded input is tried with every output and tap."""
    g, n, _ = case
    padded = [range(-max(b, 0), m + max(e, 0)) for m, (b, e) in zip(n, g.padding, strict=True)]
    spatial = {o[-len(n) :] for o in terms_of(case)}
    under = {
        tuple(
            o_a * s + j_a * d - b for o_a, j_a, s, d, (b, _) in zip(o, j, g.stride, g.dilation, g.padding, strict=True)
        )
        for o, j in product(spatial, product(*map(range, g.kernel_size)))
    }
    expected: dict[str, int] = {}
    for place in product(*padded):
        inside = all(0 <= at < m for at, m in zip(place, n, strict=True))
        cut = any(not -b <= at < m + e for at, m, (b, e) in zip(place, n, g.padding, strict=True))
        name = (
            "cropped"
            if cut
            else ("output" if inside else "padding")
            if place in under
            else "missed" + " padding" * (not inside)
        )
        expected[name] = expected.get(name, 0) + 1
    planes = (channels_of(case) or (1,))[0]
    for scene in film_of(case).scenes[:: max(1, len(terms_of(case)) // 3)]:
        found: dict[str, int] = {}
        for rect in (*scene.cells("input").values(), *scene.cells("border").values()):
            assert rect.cell is not None
            found[rect.cell.kind] = found.get(rect.cell.kind, 0) + 1
            assert (rect.pattern == "hatch") == rect.cell.kind.startswith("missed")
        assert found == {kind: count * planes for kind, count in expected.items()}
        assert ("input under no window" in texts(scene)) == ("missed" in expected)
        assert ("zero under no window" in texts(scene)) == ("missed padding" in expected)


def test_the_hard_kinds_are_among_the_cases() -> None:
    marked = [film_of(case).scenes[0] for case in CASES]
    kinds = {rect.cell.kind for scene in marked for rect in scene.cells("input").values() if rect.cell}
    assert kinds == {"output", "missed", "cropped"}
    assert any(not pairs for case in CASES for pairs in terms_of(case).values())


def test_the_kernel_is_not_turned() -> None:
    for case in CASES:
        _, w = data(case)
        for scene in film_of(case).scenes[:2]:
            kernel = scene.numbers("kernel")
            assert {j: read(text) for j, text in kernel.items()} == {j: w[j] for j in np.ndindex(w.shape)}
    case = (dc.Conv((2, 2), groups=2), (2, 2), (2, 4))
    (kernel,) = [{t for t in texts(film_of(case).still) if t.startswith("c ")}]
    assert kernel == {"c 0", "c 1", "c 2", "c 3", "c 0→0", "c 0→1", "c 1→2", "c 1→3"}  # each input to its own group


def test_text_is_inside_and_apart() -> None:
    for case in CASES:
        film = film_of(case)
        for scene in (film.scenes[0], film.scenes[-1], film.still):
            boxes = [shape.box() for shape in scene.shapes if isinstance(shape, Text)]
            for left, top, right, bottom in boxes:
                assert min(left, top, scene.width - right, scene.height - bottom) >= 8
            for a, b in combinations(boxes, 2):
                assert a[2] <= b[0] + 0.01 or b[2] <= a[0] + 0.01 or a[3] <= b[1] or b[3] <= a[1], case


def test_what_is_too_large_is_thinned_or_refused() -> None:
    film = convolution_film(dc.Conv((3, 3), stride=2, padding=1), (64, 64))
    assert len(film.scenes) <= 102
    assert "of 32×32 outputs drawn" in " ".join(texts(film.still))
    with pytest.raises(dc.GeometryError, match="this picture is of an ordinary convolution"):
        convolution_film(dc.ConvTranspose((3, 3)), (2, 2))  # type: ignore[arg-type]


def test_symbols_and_hidden_values() -> None:
    g = dc.Conv((2, 2))
    symbols = convolution_film(g, (3, 3), values="symbols").still
    assert symbols.numbers("output")[1, 1] == "y₁₁"
    assert "x₀₁·w₀₁" in symbols.description
    hidden = convolution_film(g, (3, 3), values="hidden").still
    assert not any(hidden.numbers(grid) for grid in ("input", "kernel", "output", "window"))
    assert "4 products" in hidden.description


@pytest.mark.parametrize("case", [case for case in CASES if max(case[0].stride) > 1], ids=str)
def test_a_stride_keeps_some_of_the_outputs_at_stride_1(case: Case) -> None:
    g, n, channels = case
    x, w = data(case)
    scene = subsampling_scene(g, n, x, w, channels=channels)
    dense = terms_of((dc.Conv(g.kernel_size, 1, g.padding, g.dilation, g.groups), n, channels))
    assert {o: read(text) for o, text in scene.numbers("dense").items()} == {
        o: sum(int(x[i] * w[j]) for i, j in pairs) for o, pairs in dense.items()
    }
    lead = len(next(iter(dense))) - len(n)
    kept = {o: (*o[:lead], *(at * s for at, s in zip(o[lead:], g.stride, strict=True))) for o in terms_of(case)}
    crossed = {o for o, rect in scene.cells("dense").items() if rect.cell and rect.cell.kind == "cropped"}
    assert crossed == set(dense) - set(kept.values())
    assert {o: read(text) for o, text in scene.numbers("output").items()} == {
        o: sum(int(x[i] * w[j]) for i, j in pairs) for o, pairs in terms_of(case).items()
    }
    (o,), (at,) = scene.cells("output", "lit"), scene.cells("dense", "lit")
    assert kept[o] == at
    assert f"{len(kept)} of {len(dense)} outputs are kept" in scene.description


@pytest.mark.parametrize("case", [case for case in CASES if case[0].ndim == 1], ids=str)
def test_positions_are_counted(case: Case) -> None:
    g, n, _ = case
    scene = counting_scene(g, n)
    (k,), (s,), (d,) = g.kernel_size, g.stride, g.dilation
    count = len({o[-1] for o in terms_of(case)})
    assert set(scene.cells("positions", "lit")) == {(o, o * s + j * d) for o in range(count) for j in range(k)}
    assert [text for text in texts(scene) if text.startswith("output ")] == [f"output {o}" for o in range(count)]
    room = n[0] + sum(g.padding[0]) - d * (k - 1) - 1
    assert scene.description.endswith(f" = 1 + ⌊{room}/{s}⌋ = {count}.")


def test_counting_writes_the_guides_formula() -> None:
    def said(g: dc.Conv, n: int) -> str:
        return counting_scene(g, n).description.rpartition(": ")[2]

    assert said(dc.Conv((3,), 2, 1), 6) == "o = 1 + ⌊(i + 2p − k)/s⌋ = 1 + ⌊(6 + 2·1 − 3)/2⌋ = 1 + ⌊5/2⌋ = 3."
    assert said(dc.Conv((3,), 1, ((0, 2),), 2), 6) == (
        "o = 1 + ⌊(i + b + e − (d(k − 1) + 1))/s⌋ = 1 + ⌊(6 + 0 + 2 − 5)/1⌋ = 1 + ⌊3/1⌋ = 4."
    )
    with pytest.raises(dc.GeometryError, match="positions are counted along one axis"):
        counting_scene(dc.Conv((3, 3)), (4, 4))
