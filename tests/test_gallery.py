"""The gallery: the guide's figures are all there, light what adds, and say what was corrected."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations, product

import pytest

import deconvs as dc
from deconvs.drawing import NAMED, Film, Scene, Text
from deconvs.drawing.gallery import GALLERY, Entry
from deconvs.drawing.gallery.table import SECTIONS

Index = tuple[int, ...]
Term = tuple[Index, Index]

# From the guide: name, figure, i, k, s, p, o; figure of the transpose, i', o'.
GUIDE = [
    ("no_padding_no_strides", "2.1", 4, 3, 1, 0, 2, "4.1", 2, 4),
    ("arbitrary_padding_no_strides", "2.2", 5, 4, 1, 2, 6, "4.2", 6, 5),
    ("same_padding_no_strides", "2.3", 5, 3, 1, 1, 5, "4.3", 5, 5),
    ("full_padding_no_strides", "2.4", 5, 3, 1, 2, 7, "4.4", 7, 5),
    ("no_padding_strides", "2.5", 5, 3, 2, 0, 2, "4.5", 2, 5),
    ("padding_strides", "2.6", 5, 3, 2, 1, 3, "4.6", 3, 5),
    ("padding_strides_odd", "2.7", 6, 3, 2, 1, 3, "4.7", 3, 6),
]
FILMS = [name for name, entry in GALLERY.items() if entry.view in ("isometric", "direct")]


@cache
def picture(name: str) -> Film | Scene:
    return GALLERY[name].draw()


def pictures() -> dict[str, Film | Scene]:
    return {name: picture(name) for name in GALLERY}


def still(name: str) -> Scene:
    shown = picture(name)
    return shown.still if isinstance(shown, Film) else shown


def test_names_are_unique_and_the_sections_complete() -> None:
    names = [entry.name for entries in SECTIONS.values() for entry in entries]
    assert len(set(names)) == len(names) == len(GALLERY)
    assert all(re.fullmatch("[a-z0-9_-]+", name) for name in names)
    assert all(GALLERY[name].name == name for name in names)
    assert len({film.description for film in pictures().values()}) == len(names)


def test_the_fifteen_animations_are_those_of_the_guide() -> None:
    expected = {name for name, *_ in GUIDE} | {f"{name}_transposed" for name, *_ in GUIDE} | {"dilation"}
    assert len(expected) == 15
    animations = {entry.name: entry for entry in SECTIONS["The guide's animations"]}
    assert set(animations) == expected | {"dilation_transposed"}
    assert all(entry.view == "isometric" for entry in animations.values())
    for name, figure, i, k, s, p, o, transposed_figure, i_back, o_back in GUIDE:
        direct, back = animations[name], animations[f"{name}_transposed"]
        assert (direct.figure, back.figure) == (figure, transposed_figure)
        assert direct.geometry == dc.Conv((k, k), s, p)
        assert direct.input_size == (i, i)
        assert direct.geometry.output_size((i, i)) == (o, o) == (i_back, i_back)
        assert isinstance(back.geometry, dc.ConvTranspose)
        assert (back.geometry.kernel_size, back.geometry.stride) == ((k, k), (s, s))
        assert back.input_size == (i_back, i_back)
        assert back.geometry.output_size(back.input_size) == (o_back, o_back)
    dilation = animations["dilation"]
    assert (dilation.figure, dilation.geometry, dilation.input_size) == ("5.1", dc.Conv((3, 3), dilation=2), (7, 7))


def test_static_figures_what_is_lacking_and_the_demonstrations() -> None:
    statics = SECTIONS["The guide's static figures"]
    assert [entry.figure for entry in statics] == ["1.1", "1.2", "1.3", "1.4", "2.8", "2.8", "section 4.1"]
    lacking = {entry.name: entry.geometry for entry in SECTIONS["What the guide lacks"]}
    assert {g.ndim for g in lacking.values()} == {1, 2, 3}
    assert any(g.groups > 1 for g in lacking.values())
    transposed = [g for g in lacking.values() if isinstance(g, dc.ConvTranspose)]
    assert any(b != e for g in transposed for b, e in g.crop)
    assert any(min(b, e) < 0 for g in transposed for b, e in g.crop)
    assert any(len(set(g.kernel_size)) > 1 for g in transposed)
    assert lacking["output_padding"] == dc.ConvTranspose((3, 3), stride=2, padding=1, output_padding=1)
    assert GALLERY["dilation_transposed"].geometry.dilation == (2, 2)
    assert [entry.name for entry in SECTIONS["The three demonstrations"]] == list(NAMED)
    for name in NAMED:
        drawn = picture(name)
        assert isinstance(drawn, Film)
        assert drawn.scenes == NAMED[name]().scenes
        assert drawn.title == NAMED[name]().title


def test_the_guides_numbers() -> None:
    """Figures 1.1 and 1.2 as they are printed."""

    def output(name: str) -> list[int]:
        drawn = picture(name)
        assert isinstance(drawn, Film)
        return [int(text) for text in drawn.still.numbers("output").values()]

    assert output("numerical_no_padding_no_strides") == [12, 12, 17, 10, 17, 19, 9, 6, 14]
    assert output("numerical_padding_strides") == [6, 17, 3, 8, 17, 13, 6, 4, 4]


def links_of(entry: Entry) -> dict[Index, set[Term]]:
    """Output -> the (i, j) that make it, by the definitions of both operators; every i and j of every channel tried."""
    g, n, m = entry.geometry, entry.input_size, entry.geometry.output_size(entry.input_size)
    transposed = isinstance(g, dc.ConvTranspose)
    sides = g.crop if isinstance(g, dc.ConvTranspose) else g.padding
    pair = entry.options.get("channels")
    spatial: dict[Index, set[Term]] = {o: set() for o in product(*map(range, m))}
    for i, o, j in product(product(*map(range, n)), spatial, product(*map(range, g.kernel_size))):
        short, long = (i, o) if transposed else (o, i)
        axes = zip(short, long, j, g.stride, g.dilation, sides, strict=True)
        cut = not transposed and any(not -b <= at < size + e for at, size, (b, e) in zip(long, n, sides, strict=True))
        if not cut and all(a * s + t * d == z + b for a, z, t, s, d, (b, _) in axes):
            spatial[o].add((i, j))
    if pair is None:
        return spatial
    each_in, each_out = pair[0] // g.groups, pair[1] // g.groups
    return {
        (c, *o): {((c // each_out * each_in + at, *i), j) for at in range(each_in) for i, j in terms}
        for c in range(pair[1])
        for o, terms in spatial.items()
    }


def place(entry: Entry, i: Index) -> Index:
    """Where input ``i`` lies on the lower map of an isometric picture: after zeros between and around."""
    g = entry.geometry
    if isinstance(g, dc.Conv):
        return tuple(at + b for at, (b, _) in zip(i, g.padding, strict=True))
    axes = zip(i, g.kernel_size, g.stride, g.dilation, g.crop, strict=True)
    return tuple(at * s + d * (k - 1) - b for at, k, s, d, (b, _) in axes)


@pytest.mark.parametrize("name", FILMS)
def test_every_frame_lights_what_makes_its_output(name: str) -> None:
    entry, film = GALLERY[name], picture(name)
    assert isinstance(film, Film)
    links = links_of(entry)
    opening = 0 if entry.view == "isometric" else 1
    assert len(film.scenes) == len(film.durations_ms) == len(links) + opening
    for (o, terms), scene in zip(links.items(), film.scenes[opening:], strict=True):
        inputs = {i for i, _ in terms}
        assert set(scene.cells("output", "lit")) == {o}
        if entry.view == "isometric":
            assert set(scene.cells("padded", "lit")) == {place(entry, i) for i in inputs}
        else:
            assert set(scene.cells("input", "lit")) == inputs


def test_stamps_light_what_an_input_reaches() -> None:
    stamped = [entry for entry in GALLERY.values() if entry.view == "scatter"]
    assert stamped
    for entry in stamped:
        film, links = picture(entry.name), links_of(entry)
        assert isinstance(film, Film)
        inputs = [(c, *i) for c in range(entry.options["channels"][0]) for i in product(*map(range, entry.input_size))]
        assert len(film.scenes) == len(inputs) + 2
        for i, scene in zip(inputs, film.scenes[1:-1], strict=True):
            assert set(scene.cells("input", "lit")) == {i}
            assert set(scene.cells("output", "lit")) == {
                o for o, terms in links.items() if i in {at for at, _ in terms}
            }


def test_every_film_is_compared_with_the_definition() -> None:
    views = {entry.view for entry in GALLERY.values() if entry.moves}
    assert views == {"isometric", "direct", "scatter", "matrix"}


def test_the_matrices_light_a_row_for_each_result() -> None:
    for name in ("deconvs-as-matrix", "convolution_as_matrix"):
        entry, film = GALLERY[name], picture(name)
        links = links_of(entry)
        rows, columns = ({x: at for at, x in enumerate(product(range(n), range(n)))} for n in (2, 4))
        entries = {(rows[i], columns[o]) for o, terms in links.items() for i, _ in terms}
        scenes = film.scenes if isinstance(film, Film) else (film,)
        last = scenes[-1].cells("matrix")
        assert {at for at, rect in last.items() if rect.cell and rect.cell.kind == "kernel"} == entries
        assert len(last) == 4 * 16
        if isinstance(film, Film):
            assert len(scenes) == 10
            for row, scene in enumerate(scenes[1:5]):
                assert set(scene.cells("matrix", "lit")) == {at for at in entries if at[0] == row}


@pytest.mark.parametrize("name", GALLERY)
def test_the_arithmetic_is_true(name: str) -> None:
    """What is written is computed anew, axis by axis."""
    entry = GALLERY[name]
    sizes = []
    for line in entry.arithmetic.split("; "):
        *sums, result = line.split(" = ")
        for text in sums[2:]:
            code = re.sub(r"⌊(.*)/(\d+)⌋", r"((\1) // \2)", text).replace("−", "-").replace("·", "*")
            assert eval(code, {"__builtins__": {}}) == int(result), line
        sizes.append(int(result))
    assert set(sizes) == set(entry.geometry.output_size(entry.input_size))


def test_corrections_are_noted() -> None:
    said = {name: entry.correction for name, entry in GALLERY.items()}
    for name, *_ in GUIDE:
        assert "turned by 180°" in said[f"{name}_transposed"]
        for each in (name, f"{name}_transposed"):
            assert ("no strides is stride 1" in said[each]) == name.endswith("no_strides")
    assert "it is 3×3" in said["padding_strides_odd_transposed"]
    zeros = {
        name: re.findall("around the input (.*) on each side", text)
        for name, text in said.items()
        if name.endswith("_transposed")
    }
    expected = ["lie 2 zeros", "lies 1 zero", "", "lie no zeros", "lie 2 zeros", "", "lie 1 or 2 zeros"]
    for (name, *_), text in zip(GUIDE, expected, strict=True):
        assert zeros[f"{name}_transposed"] == ([text] if text else [])
    for name, drawn in pictures().items():
        assert said[name] in drawn.description
        assert not GALLERY[name].figure or GALLERY[name].figure in drawn.description


@pytest.mark.parametrize("name", GALLERY)
def test_text_is_inside_and_apart(name: str) -> None:
    drawn = picture(name)
    for scene in (
        (*drawn.scenes[:: max(1, len(drawn.scenes) // 4)], drawn.still) if isinstance(drawn, Film) else (drawn,)
    ):
        boxes = [shape.box() for shape in scene.shapes if isinstance(shape, Text)]
        for left, top, right, bottom in boxes:
            assert min(left, top, scene.width - right, scene.height - bottom) >= 8
        for a, b in combinations(boxes, 2):
            assert a[2] <= b[0] + 0.01 or b[2] <= a[0] + 0.01 or a[3] <= b[1] or b[3] <= a[1]


def test_scenes_are_not_scenes_by_accident() -> None:
    assert {name for name, drawn in pictures().items() if isinstance(drawn, Scene)} == {
        entry.name for entry in GALLERY.values() if not entry.moves
    }
