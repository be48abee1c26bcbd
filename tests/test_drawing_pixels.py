"""PNG, GIF and MP4: colours are those of the scene, frames and their times those of the film."""

from __future__ import annotations

from io import BytesIO
from math import gcd
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import deconvs as dc
from deconvs.drawing import (
    DRAWN,
    NAMED,
    Film,
    Rect,
    Scene,
    Text,
    direct_scene,
    raster,
    to_gif,
    to_mp4,
    to_png,
    video,
)
from deconvs.drawing.gallery import GALLERY

from .test_drawing_svg import film_of

G = dc.ConvTranspose((3, 3), stride=2)


def pixels(data: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def test_png_has_the_size_asked_for() -> None:
    scene = direct_scene(G, (2, 2))
    assert pixels(to_png(scene)).shape[:2] == (2 * scene.height, 2 * scene.width)
    assert pixels(to_png(scene, scale=1)).shape[:2] == (scene.height, scene.width)
    assert pixels(to_png(scene, width=400)).shape[1] == 400
    assert to_png(scene) == to_png(scene)


def test_png_shows_the_cells_in_their_colours_and_the_text() -> None:
    scene = direct_scene(G, (2, 2))
    shown = pixels(to_png(scene, scale=1))
    for grid in ("input", "padded", "output"):
        for rect in scene.cells(grid).values():
            assert rect.fill is not None
            # Low on the left: no number is there.
            assert bytes(shown[int(rect.y + rect.height - 6), int(rect.x + 6)]).hex() == rect.fill[1:].lower()
    for text in (shape for shape in scene.shapes if isinstance(shape, Text)):
        left, top, right, bottom = map(round, text.box())
        assert len(np.unique(shown[top:bottom, left:right].reshape(-1, 3), axis=0)) > 1, text


GREY, RED, GREEN, BLUE = 0x646464, 0x700000 + 0x6464, 0x646E64, 0x646470


@pytest.mark.parametrize(
    ("palette", "nearest"),
    [
        # Off by 12 in red and 10 in green, by 10 in red and 12 in blue: the eye minds green most, blue least.
        ([RED, GREEN], RED),
        ([GREEN, RED], RED),
        ([0x6E6464, BLUE], BLUE),
        ([BLUE, 0x6E6464], BLUE),
        ([RED, GREEN, GREY], GREY),
    ],
)
def test_edges_take_the_colour_that_is_nearest_to_the_eye(palette: list[int], nearest: int) -> None:
    (found,) = raster.nearest(np.array([GREY], np.uint32), np.array(palette, np.uint32))
    assert palette[found] == nearest


def gif_blocks(data: bytes) -> list[dict[str, Any]]:
    """The frames of a GIF file, read from its bytes: local palette or not, disposal."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 128 else 0)
    frames, control = [], 0
    while data[at] != 0x3B:
        if data[at] == 0x21:
            control = data[at + 3] if data[at + 1] == 0xF9 else control
            at += 2
        else:
            local = data[at + 9] & 128
            frames.append({"local palette": bool(local), "disposal": control >> 2 & 7})
            at += 11 + (3 << (data[at + 9] & 7) + 1 if local else 0)
        while data[at]:
            at += data[at] + 1
        at += 1
    return frames


@pytest.mark.parametrize("name", NAMED)
def test_gif(name: str) -> None:
    film = NAMED[name]()
    data = to_gif(film)
    assert len(data) < 190_000
    assert data == to_gif(film)
    with Image.open(BytesIO(data)) as image:
        assert image.n_frames == len(film.scenes)
        assert image.info["loop"] == 0
        assert image.size == (film.scenes[0].width, film.scenes[0].height)
        durations = []
        for at, scene in enumerate(film.scenes):
            image.seek(at)
            durations.append(image.info["duration"])
            # Every frame, as a viewer composes it, is the scene: flat colours exactly, edges nearly.
            shown, drawn = np.asarray(image.convert("RGB")).astype(int), pixels(to_png(scene, scale=1)).astype(int)
            assert np.abs(shown - drawn).mean() < 0.6
            for rect in (*scene.cells("input").values(), *scene.cells("matrix").values()):
                corner = int(rect.y + rect.height - 6), int(rect.x + 6)
                assert (shown[corner] == drawn[corner]).all()
        assert tuple(durations) == film.durations_ms
    blocks = gif_blocks(data)
    assert len(blocks) == len(film.scenes)
    assert all(block == {"local palette": False, "disposal": 1} for block in blocks)


@pytest.mark.parametrize("fills", [254, 300])
def test_gif_of_more_colours_than_a_palette_has(fills: int) -> None:
    colours = [f"#{40 + 3 * (at % 20):02X}{30 + 5 * (at // 20):02X}{at % 7 * 30:02X}" for at in range(fills)]
    assert len(set(colours)) == fills
    # No smooth edges: whole pixels. What is narrow, or not in every scene, is used less.
    cells = tuple(
        Rect(at % 30 * 10, at // 30 * 10, 10 if at < 200 else 5, 10, colour) for at, colour in enumerate(colours)
    )
    scenes = tuple(Scene(300, 120, shapes, "Colours", "Many.") for shapes in (cells, cells[1:], cells[2:]))
    with Image.open(BytesIO(to_gif(Film(scenes, (100,) * 3, "Colours", "Many.", scenes[0])))) as image:
        for at, scene in enumerate(scenes):
            image.seek(at)
            shown, drawn = np.asarray(image.convert("RGB")).astype(int), pixels(to_png(scene, scale=1)).astype(int)
            exact = (shown == drawn).all(axis=-1)
            assert exact[10:60].all()
            # The paper has an entry, too; what none is left for takes the nearest, a step or two in the table above.
            assert np.abs(shown - drawn).max() <= 60
            assert exact.all() == (fills == 254)


@pytest.mark.parametrize("view", [view for view in DRAWN if view != "coverage"])
def test_durations_fit_the_rate_of_a_video(view: str) -> None:
    for g, n in ((G, (2, 2)), (dc.ConvTranspose((3,), stride=2), (9,)), (dc.ConvTranspose((2, 2)), (4, 5))):
        film = dc.draw(g, n, view).shown
        assert isinstance(film, Film)
        assert gcd(*film.durations_ms) * video.MOST_A_SECOND >= 1000, sorted(set(film.durations_ms))


def test_durations_of_the_gallery_fit_the_rate_of_a_video() -> None:
    for name in ("padding_strides", "one_axis", "groups_transposed", "deconvs-as-matrix"):
        film = GALLERY[name].draw()
        assert isinstance(film, Film)
        assert gcd(*film.durations_ms) * video.MOST_A_SECOND >= 1000


LOW, HIGH = Rect(10, 10, 40, 30, "#1D5FA9"), Rect(30, 20, 40, 30, "#F2B134")


@pytest.mark.parametrize(
    ("film", "seconds"),
    [
        (film_of((LOW,), durations=(1300,)), 1.3),
        (film_of((LOW,), (LOW,), durations=(700, 900)), 1.6),
        (film_of((LOW,), (HIGH,), (HIGH,), durations=(120, 440, 900)), 1.46),
    ],
    ids=["one scene", "stands still", "ends standing"],
)
def test_a_video_is_as_long_as_its_film(film: Film, seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(to_mp4(film))
    _, found = imageio_ffmpeg.count_frames_and_secs(str(path))
    # ffmpeg tells hundredths.
    assert found == pytest.approx(seconds, abs=0.011)


def test_films_that_are_none_are_refused() -> None:
    small, large = (Scene(size, 20, (), "Nothing", "An empty picture.") for size in (40, 41))
    for scenes, durations, still, message in (
        ((), (), small, "the film has no scenes: an empty tuple; give at least one scene"),
        (
            (small, small),
            (100,),
            small,
            "scenes and durations differ in number: 2 scenes, 1 durations; give each scene its milliseconds",
        ),
        (
            (small, large),
            (100, 100),
            small,
            "the scenes differ in size: 40x20, 41x20; draw all of them, and the still, alike",
        ),
        (
            (small,),
            (100,),
            large,
            "the scenes differ in size: 40x20, 41x20; draw all of them, and the still, alike",
        ),
    ):
        with pytest.raises(dc.GeometryError) as caught:
            Film(scenes, durations, "Nothing", "Nothing happens.", still)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    "options", [{"scale": 0}, {"scale": -1.0}, {"scale": float("nan")}, {"width": 10**6}, {"scale": 1e9}]
)
def test_pictures_of_no_or_too_many_pixels_are_refused(options: dict[str, Any]) -> None:
    scene = Scene(40, 20, (), "Nothing", "An empty picture.")
    with pytest.raises(dc.GeometryError, match=r"no size that can be drawn: .* for a scene of 40x20"):
        to_png(scene, **options)
    with pytest.raises(dc.GeometryError, match="width is too small: width=0"):
        to_png(scene, width=0)
    assert len(to_png(scene, width=10_000)) > 0
