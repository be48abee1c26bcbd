"""SVG, still and moving: well-formed, accessible, small, the same every time; ids apart on one page."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import deconvs as dc
from deconvs.drawing import (
    NAMED,
    Film,
    Line,
    Rect,
    Scene,
    direct_film,
    direct_scene,
    to_moving_svg,
    to_svg,
)
from deconvs.drawing.glyphs import glyph

G = dc.ConvTranspose((3, 3), stride=2)
SVG = "{http://www.w3.org/2000/svg}"


def ids(svg: str) -> list[str]:
    return [found for element in ElementTree.fromstring(svg).iter() if (found := element.get("id"))]


@pytest.mark.parametrize("scene", [NAMED[name]().still for name in NAMED], ids=list(NAMED))
def test_svg_is_well_formed_and_accessible(scene: Scene) -> None:
    svg = to_svg(scene)
    root = ElementTree.fromstring(svg)
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert (title.text, desc.text) == (scene.title, scene.description)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert (root.get("width"), root.get("height")) == (f"{scene.width:g}", f"{scene.height:g}")
    found = ids(svg)
    assert len(set(found)) == len(found)
    used = {use.get("href") for use in root.iter(f"{SVG}use")}
    assert used <= {f"#{name}" for name in found}
    assert len(svg) < 100_000


def test_svg_ids_differ_between_pictures_and_not_between_runs() -> None:
    scenes = direct_film(G, (2, 2)).scenes
    svgs = [to_svg(scene) for scene in scenes]
    together = [name for svg in svgs for name in ids(svg)]
    assert len(set(together)) == len(together)
    assert svgs == [to_svg(scene) for scene in direct_film(G, (2, 2)).scenes]


def film_of(*pictures: tuple[Rect | Line, ...], durations: tuple[int, ...] = ()) -> Film:
    scenes = tuple(Scene(90, 60, shapes, "Shapes", "Some shapes.") for shapes in pictures)
    return Film(scenes, durations or (100,) * len(scenes), "Shapes", "Some shapes.", scenes[-1])


def test_ids_of_hundreds_of_films_differ() -> None:
    """Six hundred would share a name among 33,696 prefixes 99 times of 100."""
    seen: set[str] = set()
    for at in range(600):
        film = film_of((Line(at, 0, at, 9, "#17212B"),), (Line(at, 9, 9, at, "#17212B"),))
        svg = to_moving_svg(film)
        names = {*ids(svg), *re.findall(r"@keyframes (\w+)", svg)}
        assert len(names) == 4
        assert not names & seen
        seen |= names


def test_moving_svgs_are_small() -> None:
    """Ids are long enough to be unique and short enough: a film writes them thousands of times."""
    for view, n, most in (("direct", 2, 100_000), ("isometric", 3, 100_000), ("morph", 2, 225_000)):
        film = dc.draw(G, (n, n), view).shown
        assert isinstance(film, Film)
        svg = to_moving_svg(film)
        assert len(svg.encode()) < most, view
        found = ids(svg)
        assert len(set(found)) == len(found)
        used = {use.get("href") for use in ElementTree.fromstring(svg).iter(f"{SVG}use")}
        assert used <= {f"#{name}" for name in found}


def test_svg_cells_can_be_found() -> None:
    root = ElementTree.fromstring(to_svg(direct_scene(G, (2, 2))))
    lit = root.findall(f"{SVG}rect[@data-grid='padded'][@data-state='lit']")
    assert [rect.get("data-index") for rect in lit] == ["2,2", "2,4", "4,2", "4,4"]
    assert {rect.get("data-kind") for rect in lit} == {"input"}


def test_svg_escapes_what_it_is_told() -> None:
    scene = Scene(10, 10, (), "a < b & c", '"quoted" > plain')
    root = ElementTree.fromstring(to_svg(scene))
    assert [root[0].text, root[1].text] == [scene.title, scene.description]


def test_glyphs_hold_what_the_figures_need() -> None:
    printable = "".join(map(chr, range(32, 127)))
    needed = printable + "×−→ᵀ½·…≤≥₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹′°–Σ⌊⌋∗"
    for weight in ("regular", "semibold"):
        for character in needed:
            drawn = glyph(character, weight)
            assert drawn.advance > 0
            assert bool(drawn.path) == (character != " ")
            assert drawn.top <= drawn.bottom
    assert -740 < glyph("H", "regular").top < -720
    assert glyph("H", "regular").bottom == 0
    assert glyph("p", "regular").bottom > 150


def test_glyphs_are_small_and_carry_their_licence() -> None:
    folder = Path(dc.__file__).parent / "drawing"
    assert (folder / "glyphs.json").stat().st_size < 150_000
    licence = (folder / "GLYPHS-LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright 2016 The Inter Project Authors" in licence
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
