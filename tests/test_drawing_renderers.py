"""Files as other programs read them: SVG painted by librsvg and by a browser, films and pages played in a browser.

Renderers smooth edges each in their own way, so that a picture is compared in three ways, of which each finds what
the others miss: few of all pixels may be far apart; few in any small tile without a pattern, so that another number or
a moved line is seen wherever it is; and in the middle of a cell, where nothing else lies, the colour is the scene's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from io import BytesIO
from itertools import pairwise
from math import hypot
from pathlib import Path as File

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser

import deconvs as dc
from deconvs.drawing import DRAWN, Film, Line, Path, Polygon, Rect, Scene, Text, to_png, to_svg
from deconvs.drawing.extents import extent
from deconvs.drawing.scene import Shape

from . import browser as browsers

Pixels = NDArray[np.int16]
Point = tuple[float, float]
Colour = tuple[int, ...]
FAR = 64
"""A pixel is far apart where a channel differs by more, of 255. Smooth edges are a step of their shade apart, which is
less; another colour of style.py, or ink instead of paper, is more."""
FEW = 0.035
"""So many of all pixels may be far apart. Patterns, which renderers lay each from its own corner, are 0.0185 of the
pixels of a polyphase picture; nothing else comes to a thousandth."""
TILE, FEW_OF_TILE = 32, 0.08
"""So many of a tile's. Renderers differ by up to 0.025 of a tile, in small letters; neighbouring frames by 0.15 and
more of at least one, as `test_the_comparison_tells_frames_apart` says."""
COLOUR = 3
"""Of 255: what rounding makes of a flat colour, once for each of the layers below."""

GEOMETRIES: dict[str, tuple[dc.ConvTranspose, int | tuple[int, ...]]] = {
    "1-D dilated": (dc.ConvTranspose((3,), stride=2, dilation=3), 4),
    "1-D cropped": (dc.ConvTranspose((4,), stride=2, padding=((1, 2),)), 4),
    "1-D output_padding": (dc.ConvTranspose((3,), stride=2, padding=1, output_padding=1), 4),
    "1-D groups": (dc.ConvTranspose((2,), stride=3, groups=2), 3),
    "2-D dilated": (dc.ConvTranspose((2, 3), stride=(2, 1), dilation=(2, 2)), (2, 3)),
    "2-D cropped": (dc.ConvTranspose((3, 4), stride=2, padding=((1, 0), (2, -1))), (3, 2)),
    "2-D output_padding": (dc.ConvTranspose((3, 3), stride=2, padding=1, output_padding=1), (2, 3)),
    "2-D groups": (dc.ConvTranspose((2, 3), stride=(2, 1), groups=2), (2, 2)),
    "3-D dilated": (dc.ConvTranspose((2, 2, 1), stride=(1, 2, 1), dilation=(2, 1, 1)), (2, 2, 2)),
    "3-D cropped": (dc.ConvTranspose((2, 3, 2), stride=2, padding=((0, 1), (1, 1), (0, 0))), (2, 2, 1)),
    "3-D output_padding": (dc.ConvTranspose((2, 2, 1), stride=(2, 1, 2), output_padding=(1, 0, 1)), (1, 2, 2)),
    "3-D groups": (dc.ConvTranspose((1, 2, 2), stride=(1, 2, 1), groups=2), (2, 1, 2)),
}
ALL_FORMATS = ("1-D cropped", "2-D groups", "3-D output_padding")
"""One of each dimension is written in every format, the others as SVG and PNG."""


FILMS = [view for view in DRAWN if view != "coverage"]


@cache
def picture(view: str, name: str) -> dc.Picture:
    g, n = GEOMETRIES[name]
    return dc.draw(g, n, view)


def still(view: str, name: str) -> Scene:
    shown = picture(view, name).shown
    return shown.still if isinstance(shown, Film) else shown


def pixels(image: bytes | Image.Image) -> Pixels:
    opened = Image.open(BytesIO(image)) if isinstance(image, bytes) else image
    return np.asarray(opened.convert("RGB"), np.int16)


@lru_cache(maxsize=4)
def painted(scene: Scene) -> Pixels:
    return pixels(to_png(scene, scale=1))


def far_apart(one: Pixels, other: Pixels) -> float:
    """The part of the pixels that are far apart."""
    assert one.shape == other.shape
    return float((abs(one - other).max(axis=-1) > FAR).mean())


def most_in_a_tile(scene: Scene, one: Pixels, other: Pixels) -> float:
    """The part of the pixels that are far apart, in the tile where they are most; shapes with patterns left out."""
    far = abs(one - other).max(axis=-1) > FAR
    for shape in scene.shapes:
        if isinstance(shape, Rect | Polygon) and shape.pattern:
            left, top, right, bottom = box_of(shape)
            far[max(0, int(top) - 1) : int(bottom) + 2, max(0, int(left) - 1) : int(right) + 2] = False
    rows, columns = (-(-size // TILE) for size in far.shape)
    padded = np.zeros((rows * TILE, columns * TILE))
    padded[: far.shape[0], : far.shape[1]] = far
    return float(padded.reshape(rows, TILE, columns, TILE).mean(axis=(1, 3)).max())


def box_of(shape: Rect | Polygon | Text) -> tuple[float, float, float, float]:
    if isinstance(shape, Rect):
        return shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    return shape.box()


def off_line(x: float, y: float, start: Point, end: Point) -> float:
    """How far a point is from a line between two."""
    (x1, y1), (x2, y2) = start, end
    dx, dy = x2 - x1, y2 - y1
    long = dx * dx + dy * dy
    along = 0 if long == 0 else min(1, max(0, ((x - x1) * dx + (y - y1) * dy) / long))
    return hypot(x - x1 - along * dx, y - y1 - along * dy)


def off_edges(polygon: Polygon, x: float, y: float) -> float:
    """How far a point is from the outline, negative inside."""
    edges = list(zip(polygon.points, (*polygon.points[1:], polygon.points[0]), strict=True))
    crossed = sum((y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in edges)
    off = min(off_line(x, y, *edge) for edge in edges)
    return -off if crossed % 2 else off


def covers(shape: Shape, x: float, y: float) -> bool:
    """Whether a shape is painted at a point or within 2 units of it."""
    match shape:
        case Line():
            # An arrow's head is a few widths wide.
            return off_line(x, y, (shape.x1, shape.y1), (shape.x2, shape.y2)) < 2 + 4 * shape.stroke_width
        case Polygon():
            return off_edges(shape, x, y) < 2 + shape.stroke_width / 2
        case Path():
            left, top, right, bottom = extent(shape)
            return left <= x <= right and top <= y <= bottom
        case _:
            left, top, right, bottom = box_of(shape)
            return left - 2 <= x <= right + 2 and top - 2 <= y <= bottom + 2


def flat_places(scene: Scene) -> Iterator[tuple[int, int, Colour]]:
    """(x, y, colour) in cells, where nothing else is painted: of upright ones below the edge, as their middle holds
    numbers, of slanted ones in the middle."""
    for at, shape in enumerate(scene.shapes):
        if not isinstance(shape, Rect | Polygon) or shape.cell is None or shape.fill is None or shape.pattern:
            continue
        left, top, right, bottom = box_of(shape)
        if isinstance(shape, Rect):
            x, y, wide = int((left + right) / 2), int(top + 3), right - left >= 12
        else:
            x, y = int((left + right) / 2), int((top + bottom) / 2)
            wide = shape.opacity == 1 and off_edges(shape, x + 0.5, y + 0.5) < -2 - shape.stroke_width / 2
        if wide and not any(covers(above, x + 0.5, y + 0.5) for above in scene.shapes[at + 1 :]):
            yield x, y, tuple(bytes.fromhex(shape.fill[1:]))


def assert_painted(scene: Scene, found: Pixels, name: str) -> None:
    expected = painted(scene)
    assert far_apart(expected, found) < FEW, name
    assert most_in_a_tile(scene, expected, found) < FEW_OF_TILE, name
    for x, y, colour in flat_places(scene):
        assert abs(found[y, x] - colour).max() <= COLOUR, (name, x, y)


@pytest.mark.parametrize("view", DRAWN)
def test_two_renderers_agree(view: str) -> None:
    for name in GEOMETRIES:
        scene = still(view, name)
        by_librsvg = pyvips.Image.svgload_buffer(to_svg(scene).encode()).flatten(background=[255, 255, 255]).numpy()
        assert_painted(scene, np.asarray(by_librsvg[..., :3], np.int16), f"{view}, {name}")


@pytest.mark.parametrize("view", FILMS)
def test_the_comparison_tells_frames_apart(view: str) -> None:
    """Neighbouring frames of a film differ in more than the comparison allows."""
    film = picture(view, "2-D cropped").shown
    assert isinstance(film, Film)
    for one, other in pairwise(film.scenes):
        with pytest.raises(AssertionError, match=view):
            assert_painted(one, painted(other), view)


def test_slanted_cells_are_held_by_their_colour() -> None:
    """Of each picture in slanted cells most are seen, and one in another colour is found."""
    for name in GEOMETRIES:
        scene = still("isometric", name)
        cells = [shape for shape in scene.shapes if isinstance(shape, Polygon) and shape.cell and not shape.pattern]
        places = list(flat_places(scene))
        assert len(places) > len(cells) / 3, name
    x, y, colour = places[-1]
    found = painted(scene).copy()
    found[y, x, 1] = colour[1] - 9
    with pytest.raises(AssertionError, match="a cell"):
        assert_painted(scene, found, "a cell")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.opened() as found:
        yield found


def of_page(taken: bytes, scene: Scene, left: float = 0, top: float = 0) -> Pixels:
    x, y = round(left), round(top)
    return pixels(taken)[y : y + round(scene.height), x : x + round(scene.width)]


@pytest.mark.parametrize("view", DRAWN)
def test_a_browser_shows_the_still_to_who_asks_for_no_motion(view: str, browser: Browser, tmp_path: File) -> None:
    for name in ("1-D cropped", "2-D output_padding", "3-D groups"):
        path, scene = tmp_path / f"{name}.svg", still(view, name)
        picture(view, name).save(path)
        with browsers.page(browser, path, still=True, width=1300, height=1300) as page:
            assert_painted(scene, of_page(page.screenshot(), scene), f"{view}, {name}")


@pytest.mark.parametrize("view", FILMS)
def test_a_browser_plays_the_svg(view: str, browser: Browser, tmp_path: File) -> None:
    for name in ("1-D output_padding", "2-D dilated"):
        path, film = tmp_path / "film.svg", picture(view, name).shown
        assert isinstance(film, Film)
        picture(view, name).save(path)
        with browsers.page(browser, path, width=1300, height=1300) as page:
            starts = np.cumsum([0, *film.durations_ms])
            count = len(film.scenes)
            for frame in sorted({0, 1, count // 2, count - 1}):
                middle = float(starts[frame] + film.durations_ms[frame] / 2)
                # Until it is drawn: a screenshot between two frames fails on a machine that has much to do.
                page.evaluate(
                    """at => new Promise(painted => {
                        for (const each of document.getAnimations()) { each.pause(); each.currentTime = at; }
                        requestAnimationFrame(() => requestAnimationFrame(painted));
                    })""",
                    middle,
                )
                scene = film.scenes[frame]
                assert_painted(scene, of_page(page.screenshot(), scene), f"{view}, {name}, frame {frame}")


@pytest.mark.parametrize("view", DRAWN)
def test_a_browser_plays_the_page(view: str, browser: Browser, tmp_path: File) -> None:
    path = tmp_path / "film.html"
    shown = picture(view, "2-D output_padding")
    shown.save(path)
    film = shown.shown
    scenes = film.scenes if isinstance(film, Film) else (film,)
    with browsers.page(browser, path, width=1300, height=1300) as page:
        if len(scenes) == 1:
            assert not page.locator(".controls").is_visible()
            return
        playing = page.get_by_role("button", name="Pause")
        assert playing.count() == 1  # it plays by itself
        playing.click()
        page.locator("#frame").fill("0")
        box = page.locator("svg").bounding_box()
        assert box is not None
        for frame in range(min(4, len(scenes))):
            found = of_page(page.screenshot(), scenes[frame], box["x"], box["y"])
            assert_painted(scenes[frame], found, f"{view}, frame {frame}")
            assert page.locator("#number").text_content() == f"{frame + 1} / {len(scenes)}"
            page.keyboard.press("ArrowRight") if frame % 2 else page.locator("#on").click()
    with browsers.page(browser, path, still=True) as page:
        assert page.get_by_role("button", name="Play").count() == 1  # it waits


@pytest.mark.parametrize("view", DRAWN)
def test_a_browser_counts_the_frames(view: str, browser: Browser, tmp_path: File) -> None:
    """GIF, WebP and APNG decoded by the browser, and the MP4 for its length."""
    shown = picture(view, "1-D cropped")
    kinds = {".gif": "image/gif", ".webp": "image/webp", ".apng": "image/png"}
    film = shown.shown if isinstance(shown.shown, Film) else None
    # Equal frames in a row are one, shown longer.
    pngs = [to_png(scene, width=320) for scene in film.scenes] if film else []
    different = 1 + sum(one != other for one, other in pairwise(pngs))
    for suffix in (*kinds, ".mp4"):
        shown.save(tmp_path / f"film{suffix}", width=320)
    blank = tmp_path / "page.html"
    blank.write_text("<body>", encoding="utf-8")
    with browsers.page(browser, blank) as page:
        for suffix, kind in kinds.items():
            data = list((tmp_path / f"film{suffix}").read_bytes())
            frames, total = page.evaluate(
                """async ([data, type]) => {
                    const decoder = new ImageDecoder({data: new Uint8Array(data), type});
                    await decoder.completed; await decoder.tracks.ready;
                    const count = decoder.tracks.selectedTrack.frameCount;
                    let total = 0;
                    for (let at = 0; at < count; ++at)
                        total += (await decoder.decode({frameIndex: at})).image.duration ?? 0;
                    return [count, total / 1000];
                }""",
                [data, kind],
            )
            if film is None:
                assert frames == 1
                continue
            assert frames == different, suffix
            # GIF counts in hundredths of a second: each frame may be rounded by less than one.
            assert abs(total - sum(film.durations_ms)) <= 10 * frames, suffix
        length = page.evaluate(
            """data => new Promise((resolve, reject) => {
                const video = document.createElement("video");
                video.onloadedmetadata = () => resolve(video.duration);
                video.onerror = () => reject(new Error(video.error.message));
                video.src = URL.createObjectURL(new Blob([new Uint8Array(data)], {type: "video/mp4"}));
            })""",
            list((tmp_path / "film.mp4").read_bytes()),
        )
        if film is not None:
            # Two frames of an MP4, which has up to 50 a second: its header rounds to whole ones.
            assert length == pytest.approx(sum(film.durations_ms) / 1000, abs=0.04)


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("view", DRAWN)
def test_every_view_of_every_kind_is_written(view: str, name: str, tmp_path: File) -> None:
    shown = picture(view, name)
    count = len(shown.shown.scenes) if isinstance(shown.shown, Film) else 1
    for suffix in (".svg", ".png", *((".gif", ".apng", ".webp", ".html") if name in ALL_FORMATS else ())):
        path = tmp_path / f"film{suffix}"
        shown.save(path, **({} if suffix in (".svg", ".html") else {"width": 120}))
        if suffix == ".svg":
            pyvips.Image.svgload_buffer(path.read_bytes())
        elif suffix == ".html":
            assert path.read_text(encoding="utf-8").endswith("</html>\n")
        else:
            with Image.open(path) as image:
                frames = getattr(image, "n_frames", 1)
                assert 1 <= frames <= (1 if suffix == ".png" else count)
                image.seek(frames - 1)
                assert image.size[0] == 120
