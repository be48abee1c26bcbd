"""Files as other programs read them: SVG painted by librsvg and by a browser, films and pages played in a browser.

Renderers smooth edges each in their own way, so pictures are compared twice: few pixels may be far apart (edges and
letters are a few per cent of a picture), and the middle of the upper edge of each cell, where nothing is written, must
have the very colour that the scene names, but for what a translucent face or a pattern lies over.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser

import deconvs as dc
from deconvs.drawing import DRAWN, Film, Polygon, Rect, Scene, to_png, to_svg

from . import browser as browsers

Pixels = NDArray[np.int16]
FAR, FEW = 64, 0.035
"""A pixel is far apart where a channel differs by FAR of 255; at most this part of the pixels may be."""

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
EVERY = list(product(DRAWN, GEOMETRIES))


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


def far_apart(one: Pixels, other: Pixels) -> float:
    """The part of the pixels that are far apart."""
    assert one.shape == other.shape
    return float((abs(one - other).max(axis=-1) > FAR).mean())


def flat_places(scene: Scene) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """(x, y, colour) in cells, where nothing else is painted."""
    boxes = [
        (shape, (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height))
        for shape in scene.shapes
        if isinstance(shape, Rect)
    ]
    if any(isinstance(shape, Polygon) for shape in scene.shapes):
        return
    for at, (rect, (left, top, right, _)) in enumerate(boxes):
        if rect.cell is None or rect.fill is None or rect.pattern or rect.width < 12:
            continue
        x, y = int((left + right) / 2), int(top + 3)
        if all(not (x1 - 2 <= x <= x2 + 2 and y1 - 2 <= y <= y2 + 2) for _, (x1, y1, x2, y2) in boxes[at + 1 :]):
            yield x, y, tuple(bytes.fromhex(rect.fill[1:]))


def assert_painted(scene: Scene, found: Pixels, name: str) -> None:
    expected = pixels(to_png(scene, scale=1))
    assert far_apart(expected, found) < FEW, name
    for x, y, colour in flat_places(scene):
        assert abs(found[y, x] - colour).max() <= 3, (name, x, y)


@pytest.mark.parametrize("view", DRAWN)
def test_two_renderers_agree(view: str) -> None:
    for name in GEOMETRIES:
        scene = still(view, name)
        by_librsvg = pyvips.Image.svgload_buffer(to_svg(scene).encode()).flatten(background=[255, 255, 255]).numpy()
        assert_painted(scene, np.asarray(by_librsvg[..., :3], np.int16), f"{view}, {name}")


def test_the_comparison_tells_frames_apart() -> None:
    """Neighbouring frames of a film differ in more than the comparison allows, by count or by colour."""
    film = picture("direct", "2-D cropped").shown
    assert isinstance(film, Film)
    for one, other in zip(film.scenes[1:], film.scenes[2:], strict=False):
        with pytest.raises(AssertionError):
            assert_painted(one, pixels(to_png(other, scale=1)), "another frame")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.opened() as found:
        yield found


def of_page(taken: bytes, scene: Scene, left: float = 0, top: float = 0) -> Pixels:
    x, y = round(left), round(top)
    return pixels(taken)[y : y + round(scene.height), x : x + round(scene.width)]


@pytest.mark.parametrize("view", DRAWN)
def test_a_browser_shows_the_still_to_who_asks_for_no_motion(view: str, browser: Browser, tmp_path: Path) -> None:
    for name in ("1-D cropped", "2-D output_padding", "3-D groups"):
        path, scene = tmp_path / f"{name}.svg", still(view, name)
        picture(view, name).save(path)
        with browsers.page(browser, path, still=True, width=1300, height=1300) as page:
            assert_painted(scene, of_page(page.screenshot(), scene), f"{view}, {name}")


@pytest.mark.parametrize("view", [view for view in DRAWN if view != "coverage"])
def test_a_browser_plays_the_svg(view: str, browser: Browser, tmp_path: Path) -> None:
    for name in ("1-D output_padding", "2-D dilated"):
        path, film = tmp_path / "film.svg", picture(view, name).shown
        assert isinstance(film, Film)
        picture(view, name).save(path)
        with browsers.page(browser, path, width=1300, height=1300) as page:
            starts = np.cumsum([0, *film.durations_ms])
            count = len(film.scenes)
            for frame in sorted({0, 1, count // 2, count - 1}):
                middle = float(starts[frame] + film.durations_ms[frame] / 2)
                page.evaluate(
                    "at => { for (const each of document.getAnimations()) { each.pause(); each.currentTime = at; } }",
                    middle,
                )
                scene = film.scenes[frame]
                assert_painted(scene, of_page(page.screenshot(), scene), f"{view}, {name}, frame {frame}")


@pytest.mark.parametrize("view", DRAWN)
def test_a_browser_plays_the_page(view: str, browser: Browser, tmp_path: Path) -> None:
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
def test_a_browser_counts_the_frames(view: str, browser: Browser, tmp_path: Path) -> None:
    """GIF, WebP and APNG decoded by the browser, and the MP4 for its length."""
    shown = picture(view, "1-D cropped")
    kinds = {".gif": "image/gif", ".webp": "image/webp", ".apng": "image/png"}
    film = shown.shown if isinstance(shown.shown, Film) else None
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
            # Equal frames in a row are one, shown longer.
            different = 1 + sum(
                to_png(one, width=320) != to_png(other, width=320)
                for one, other in zip(film.scenes, film.scenes[1:], strict=False)
            )
            assert frames == different, suffix
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
            assert length == pytest.approx(sum(film.durations_ms) / 1000, abs=0.05)


@pytest.mark.parametrize(("view", "name"), EVERY, ids=[f"{view}, {name}" for view, name in EVERY])
def test_every_view_of_every_kind_is_written_in_every_format(view: str, name: str, tmp_path: Path) -> None:
    shown = picture(view, name)
    count = len(shown.shown.scenes) if isinstance(shown.shown, Film) else 1
    for suffix in (".svg", ".png", ".gif", ".apng", ".webp", ".html"):
        path = tmp_path / f"film{suffix}"
        shown.save(path, **({} if suffix in (".svg", ".html") else {"width": 120}))
        if suffix in (".gif", ".apng", ".webp"):
            with Image.open(path) as image:
                assert 1 <= getattr(image, "n_frames", 1) <= count
                image.seek(getattr(image, "n_frames", 1) - 1)
                assert image.size[0] == 120
        elif suffix == ".html":
            assert path.read_text(encoding="utf-8").endswith("</html>\n")
        elif suffix == ".svg":
            pyvips.Image.svgload_buffer(path.read_bytes())
