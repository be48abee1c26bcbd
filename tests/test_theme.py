"""The dark theme: every colour has a partner, text is legible on either paper, and only colours change."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import combinations

import pytest

import deconvs as dc
from deconvs.drawing import DRAWN, Film, Path, Rect, Scene, Text, style, theme, to_html, to_moving_svg, to_png, to_svg
from deconvs.drawing.figures.isometric import isometric_film
from deconvs.drawing.scene import Polygon, Shape

from .test_drawing_layout import contrast, luminance

HEX = re.compile("#[0-9A-F]{6}")
LOOKS = [*style._LOOKS.values(), *style.PHASES, *(style.heat(part / 40) for part in range(41))]
ON_PAPER = (style.INK, style.MUTED, style.BLUE, style.AMBER_TEXT, style.GREEN_TEXT, style.FOCUS)


def films() -> dict[str, Film | Scene]:
    """Small pictures of every view, with holes, phases, cropped places, channels and three axes among them."""
    g = dc.ConvTranspose((3, 2), stride=(2, 3), padding=((1, 0), (0, -1)))
    found = {view: dc.draw(g, (3, 2), view=view).shown for view in DRAWN}
    holes = dc.ConvTranspose((2,), stride=4)
    found |= {f"holes {view}": dc.draw(holes, 3, view=view).shown for view in ("coverage", "polyphase", "direct")}
    found["cropped"] = dc.draw(dc.ConvTranspose((2, 2), stride=2, padding=((3, 2), (0, 0))), (5, 2)).shown
    found["isometric"] = isometric_film(g, (3, 2), values="numbers")
    found["channels"] = isometric_film(dc.Conv((3, 3), padding=1), (5, 4), channels=(2, 3))
    found["space"] = isometric_film(dc.ConvTranspose((2, 2, 2), stride=2), (2, 1, 2), values="numbers")
    return found


@cache
def pairs() -> list[tuple[str, Scene, Scene]]:
    """(name, light, dark) of some frames of each picture."""
    found = []
    for name, picture in films().items():
        if isinstance(picture, Film):
            night = theme.dark(picture)
            chosen = sorted({0, 1, len(picture.scenes) // 2, len(picture.scenes) - 1})
            found += [(f"{name} {at}", picture.scenes[at], night.scenes[at]) for at in chosen]
            found.append((f"{name} still", picture.still, night.still))
        else:
            found.append((name, picture, theme.dark(picture)))
    return found


def test_every_colour_of_the_style_has_a_partner_of_its_own() -> None:
    constants = {value for value in vars(style).values() if isinstance(value, str) and HEX.fullmatch(value)}
    of_looks = {colour for look in LOOKS for colour in (look.fill, look.text, look.edge) if colour}
    partners = {colour: theme.partner(colour) for colour in constants | of_looks}
    assert len(constants) >= 15
    assert all(HEX.fullmatch(found) for found in partners.values())
    assert len(set(partners.values())) == len(partners)


def test_only_colours_change() -> None:
    for name, light, night in pairs():
        assert (light.paper, night.paper) == (style.PAPER, theme.PAPER)
        assert [colourless(shape) for shape in light.shapes] == [colourless(shape) for shape in night.shapes], name
        assert replace(light, shapes=(), paper="") == replace(night, shapes=(), paper="")
        for one, other in zip(light.shapes, night.shapes, strict=True):
            before, after = ([getattr(shape, field, None) for field in ("fill", "stroke")] for shape in (one, other))
            assert [colour is None for colour in before] == [colour is None for colour in after]
            assert all(a != b for a, b in zip(before, after, strict=True) if a is not None), (name, one)


def colourless(shape: Shape) -> Shape:
    match shape:
        case Rect() | Polygon() | Path():
            return replace(shape, fill=None, stroke=None)
        case Text():
            return replace(shape, fill="")
        case _:
            return replace(shape, stroke="")


def test_a_film_keeps_its_times_and_words() -> None:
    film = isometric_film(dc.ConvTranspose((2,), stride=2), 3)
    night = theme.dark(film)
    assert (night.durations_ms, night.title, night.description) == (film.durations_ms, film.title, film.description)
    assert (film.paper, night.paper) == (style.PAPER, theme.PAPER)
    assert {scene.paper for scene in night.scenes} == {theme.PAPER}
    assert theme.dark(night) == night


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.fill)
def test_text_is_legible_on_its_cell(look: style.Look) -> None:
    cell = Rect(0, 0, 30, 30, look.fill, look.edge, 1.0)
    scene = Scene(30, 30, (cell, Text(15, 20, "8", 12, look.text, anchor="middle")), "", "")
    for each in (scene, theme.dark(scene)):
        ground, text = each.shapes
        assert isinstance(ground, Rect)
        assert isinstance(text, Text)
        assert contrast(text.fill, str(ground.fill)) >= 4.5
        if look.pattern:
            assert contrast(text.fill, str(ground.stroke)) >= 4.5


def test_words_are_legible_on_the_paper() -> None:
    for colour in ON_PAPER:
        assert contrast(colour, style.PAPER) >= 4.5
        assert contrast(theme.partner(colour), theme.PAPER) >= 4.5, colour


def test_text_in_pictures_is_legible_in_both_themes() -> None:
    for name, *both in pairs():
        for scene in both:
            for at, shape in enumerate(scene.shapes):
                if isinstance(shape, Text):
                    for colour in below(scene, at, shape):
                        assert contrast(shape.fill, colour) >= 4.5, (name, shape, colour)


def below(scene: Scene, at: int, text: Text) -> set[str]:
    """The colours under the corners of a text's box and under its middle."""
    left, top, right, bottom = text.box()
    points = [(left, top), (right, top), (left, bottom), (right, bottom), ((left + right) / 2, (top + bottom) / 2)]
    found = set()
    for x, y in points:
        colour = scene.paper
        for shape in scene.shapes[:at]:
            if isinstance(shape, Rect | Polygon) and shape.fill and inside(shape, x, y):
                colour = blended(shape.fill, colour, getattr(shape, "opacity", 1.0))
        found.add(colour)
    return found


def inside(shape: Rect | Polygon, x: float, y: float) -> bool:
    if isinstance(shape, Rect):
        return 0 <= x - shape.x <= shape.width and 0 <= y - shape.y <= shape.height
    # All that pictures fill are convex: a point inside is on the same side of each of their edges.
    edges = zip(shape.points, (*shape.points[1:], shape.points[0]), strict=True)
    turns = [(x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) for (x1, y1), (x2, y2) in edges]
    return min(turns) >= 0 or max(turns) <= 0


def blended(over: str, under: str, opacity: float) -> str:
    parts = zip(bytes.fromhex(over[1:]), bytes.fromhex(under[1:]), strict=True)
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02X}" for a, b in parts)


def lightness(colour: str) -> float:
    """L*, 0 black to 100 white."""
    return 116 * luminance(colour) ** (1 / 3) - 16


@pytest.mark.parametrize("themed", [str, theme.partner])
def test_in_grey_strong_and_pale_are_apart(themed: object) -> None:
    assert callable(themed)
    strong = [themed(colour) for colour in (style.BLUE, style.AMBER, style.GREEN)]
    pale = [themed(colour) for colour in (style.BLUE_PALE, style.AMBER_PALE, style.GREEN_PALE)]
    for one, other in zip(strong, pale, strict=True):
        assert abs(lightness(one) - lightness(other)) >= 15
    assert all(abs(lightness(one) - lightness(other)) >= 8 for one, other in combinations(strong, 2))


def test_what_takes_part_stands_out_most_from_the_paper() -> None:
    for strong, pale in (
        (style.BLUE, style.BLUE_PALE),
        (style.AMBER, style.AMBER_PALE),
        (style.GREEN, style.GREEN_PALE),
    ):
        assert contrast(strong, style.PAPER) > contrast(pale, style.PAPER) + 0.5
        assert contrast(theme.partner(strong), theme.PAPER) > contrast(theme.partner(pale), theme.PAPER) + 0.5
    counts = [contrast(theme.partner(style.heat(part / 20).fill), theme.PAPER) for part in range(21)]
    assert counts == sorted(counts)


def test_every_format_has_the_paper() -> None:
    from io import BytesIO

    from PIL import Image

    film = theme.dark(isometric_film(dc.ConvTranspose((2,), stride=2), 3))
    for written in (to_svg(film.still), to_moving_svg(film), to_html(film)):
        assert f'fill="{theme.PAPER}"/>' in written
        assert not {style.PAPER, style.INK, style.FOCUS} & set(HEX.findall(written))
    page = to_html(film)
    assert f"background: {theme.PAPER}; color: {theme.partner(style.INK)}" in page
    assert "color-scheme: dark" in page
    with Image.open(BytesIO(to_png(film.still))) as image:
        assert image.convert("RGB").getpixel((1, 1)) == tuple(bytes.fromhex(theme.PAPER[1:]))


def test_a_light_page_stays_light() -> None:
    page = to_html(isometric_film(dc.ConvTranspose((2,), stride=2), 3))
    assert f"background: {style.PAPER}; color: {style.INK}" in page
    assert "color-scheme: light" in page


def test_a_colour_of_no_role_is_refused() -> None:
    scene = Scene(9, 9, (Rect(1, 1, 5, 5, "#123456"),), "A square", "Blue.")
    with pytest.raises(dc.GeometryError) as raised:
        theme.dark(scene)
    assert str(raised.value) == (
        "a colour has no partner for dark paper: '#123456'; use the colours of deconvs.drawing.style"
    )
