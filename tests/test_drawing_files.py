"""SVG, PNG, GIF and saving: what is written is what the scene says, whole, and the same every time."""

from __future__ import annotations

import hashlib
import os
import re
from io import BytesIO
from math import gcd
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tools import make_images

import deconvs as dc
from deconvs import files
from deconvs.drawing import (
    DRAWN,
    NAMED,
    Film,
    Line,
    Rect,
    Scene,
    Text,
    coverage_scene,
    direct_film,
    direct_scene,
    matrix_film,
    raster,
    render_named,
    save,
    to_gif,
    to_moving_svg,
    to_mp4,
    to_png,
    to_svg,
    video,
)
from deconvs.drawing.gallery import GALLERY
from deconvs.drawing.glyphs import glyph, text_width

from .test_drawing_cases import CASES

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


def test_every_case_can_be_written() -> None:
    for g, n in CASES:
        for scene in (direct_scene(g, n), coverage_scene(g, n)):
            ElementTree.fromstring(to_svg(scene))
            assert pixels(to_png(scene, scale=0.5)).std() > 1


def test_save_by_suffix(tmp_path: Path) -> None:
    film = direct_film(dc.ConvTranspose((2,)), 2)
    save(film, tmp_path / "a.svg")
    save(film.still, str(tmp_path / "b.PNG"))
    save(film, tmp_path / "c.gif")
    save(film.still, tmp_path / "d.gif")
    save(film.still, tmp_path / "e.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == to_moving_svg(film)
    assert (tmp_path / "b.PNG").read_bytes() == to_png(film.still)
    assert (tmp_path / "c.gif").read_bytes() == to_gif(film)
    with Image.open(tmp_path / "d.gif") as image:
        assert getattr(image, "n_frames", 1) == 1
    assert (tmp_path / "e.svg").read_text(encoding="utf-8") == to_svg(film.still)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.PNG", "c.gif", "d.gif", "e.svg"]


def test_saved_files_have_the_usual_rights(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    save(direct_scene(G, (2, 2)), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("failing", ["fsync", "replace", "interrupted"])
def test_a_failing_write_leaves_the_old_file(failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "figure.svg"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    if failing == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        monkeypatch.setattr(os, "fsync", full if failing == "fsync" else interrupted)
    expected = KeyboardInterrupt if failing == "interrupted" else dc.GeometryError
    with pytest.raises(expected) as caught:
        save(direct_scene(G, (2, 2)), target)
    if failing != "interrupted":
        assert str(caught.value) == (
            f"the file cannot be written: '{target}': No space left on device; save somewhere that can be written"
        )
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_several_files_are_written_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (tmp_path / name for name in ("b", "a", "c"))
    second.write_bytes(b"old")
    sync, replace, calls = os.fsync, Path.replace, []

    def full_at_the_third(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    contents = {first: b"1", second: b"2", third: b"3"}
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full_at_the_third)
        with pytest.raises(dc.GeometryError) as caught:
            files.write_all(contents)
    assert str(caught.value) == (
        f"the file cannot be written: '{third}': No space left on device; save somewhere that can be written"
    )
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {second: b"old"}

    moved = []
    monkeypatch.setattr(Path, "replace", lambda self, target: (moved.append(target), replace(self, target)))
    files.write_all(contents)
    assert moved == [first, second, third]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_folders_that_were_made_go_again_if_the_work_fails_and_they_are_empty(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()

    def interrupted_in(folder: Path, kept: Path | None) -> None:
        with files.folder_for_work(folder) as made:
            assert made.is_dir()
            if kept:
                kept.touch()
            raise KeyboardInterrupt

    for folder in (there, there / "a", there / "a/b"):
        with pytest.raises(KeyboardInterrupt):
            interrupted_in(folder, None)
        assert list(tmp_path.rglob("*")) == [there]
    with pytest.raises(KeyboardInterrupt):
        interrupted_in(there / "a/b", there / "a/mine")
    assert sorted(tmp_path.rglob("*")) == [there, there / "a", there / "a/mine"]
    with files.folder_for_work(there / "c"):
        pass
    assert (there / "c").is_dir()


def test_folders_that_are_missing_or_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = direct_scene(G, (2, 2))
    with pytest.raises(dc.GeometryError) as missing:
        save(scene, tmp_path / "none" / "a.svg")
    assert str(missing.value) == (
        f"the folder does not exist: '{tmp_path / 'none'}'; create it, or save somewhere else"
    )

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(dc.GeometryError) as refused:
        save(scene, tmp_path / "a.svg")
    assert str(refused.value) == (
        f"the file cannot be written: '{tmp_path / 'a.svg'}': Permission denied; save somewhere that can be written"
    )
    assert not list(tmp_path.iterdir())


MESSAGES = [
    (
        lambda: save(direct_scene(G, (2, 2)), "figure.jpg"),
        "no such picture format: 'figure.jpg' ends in '.jpg'; use one of .svg, .png, .gif, .apng, .webp, .mp4, .html",
    ),
    (
        lambda: save(direct_scene(G, (2, 2)), "figure"),
        "no such picture format: 'figure' has no suffix; use one of .svg, .png, .gif, .apng, .webp, .mp4, .html",
    ),
    (
        lambda: direct_film(dc.ConvTranspose(3, ndim=4), 2),
        "more than three axes are not drawn: 4 spatial axes; draw up to three of the axes",
    ),
    (
        lambda: coverage_scene(dc.ConvTranspose(3, ndim=2, groups=2), 2, channels=(2, 3)),
        "channels do not divide into the groups: channels=(2, 3), groups=2; use multiples of 2",
    ),
    (
        lambda: direct_film(G, 2, channels=4),  # type: ignore[arg-type]
        "channels are not a pair: channels=4; give (C_in, C_out)",
    ),
    (
        lambda: coverage_scene(dc.Conv((3,)), 4),  # type: ignore[arg-type]
        (
            "this picture starts from a transposed convolution: got Conv(kernel_size=(3,)); "
            "pass geometry.transpose(input_size), or draw the view direct or isometric"
        ),
    ),
    (
        lambda: matrix_film("3x3", 4),  # type: ignore[arg-type]
        "not a geometry: got str; pass a deconvs.ConvTranspose",
    ),
    (
        lambda: direct_scene(dc.ConvTranspose((41, 2)), (2, 2)),
        "too large to draw: the kernel is 41x2; use a smaller kernel or dilation: at most 40 cells a side are drawn",
    ),
    (
        lambda: direct_scene(G, (400, 400)),
        (
            "too many cells to draw: 801610 cells, of which the output has 801x801; "
            "use smaller sizes: at most 100000 cells in all are drawn"
        ),
    ),
    (
        lambda: direct_scene(dc.ConvTranspose((2,), dilation=10**12, padding=10**12 // 2), 5),
        (
            "too large to draw: the input with its zeros is 1000000000001; "
            "use smaller sizes: at most 40 cells a side are drawn"
        ),
    ),
    (
        lambda: matrix_film(dc.ConvTranspose((2,), stride=50, padding=25), 2),
        (
            "too large to draw: the image with its padding is 52; "
            "use a smaller kernel or dilation: at most 40 cells a side are drawn"
        ),
    ),
    (
        lambda: matrix_film(dc.ConvTranspose((9, 8)), (2, 2)),
        "too large to draw: the matrix is 1x72; use smaller sizes: at most 64 cells a side are drawn",
    ),
    (
        lambda: direct_film(dc.ConvTranspose((2,), padding=1), 1),
        "there is no output to draw: output size 0; use a larger input",
    ),
    (
        lambda: direct_film(G, (2, 2), x=np.ones((2, 3), int)),
        "x does not fit the picture: x has shape (2, 3); give it the shape (2, 2)",
    ),
    (
        lambda: direct_film(G, (2, 2), weight=np.ones((3, 3), complex)),
        "weight is not numeric: dtype complex128; give integers or floats",
    ),
    (
        lambda: direct_film(G, (2, 2), x=np.array([[1, 2], [3, np.inf]])),
        "x is not finite: it holds NaN or infinity; give numbers that can be written",
    ),
    (
        lambda: direct_film(G, (2, 2), values="names"),  # type: ignore[arg-type]
        "no such way to write values: values='names'; use one of numbers, symbols, hidden",
    ),
    (
        lambda: text_width("naïve", 10),
        (
            "a character cannot be drawn: 'ï' (U+00EF); use the printable ASCII characters or one of "
            "°±²³·¹½×Σᵀ–…′⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉←→−∗≈≠≤≥⌊⌋"
        ),
    ),
]


@pytest.mark.parametrize(("request_", "message"), MESSAGES, ids=[message.partition(":")[0] for _, message in MESSAGES])
def test_message(request_: Any, message: str) -> None:
    with pytest.raises(dc.GeometryError) as caught:
        request_()
    assert str(caught.value) == message
    assert caught.value.__cause__ is None


def test_channel_axes_of_size_one_are_welcome() -> None:
    x, w = np.array([[5, 6]]), np.array([[[1, 2, 3]]])
    assert direct_scene(dc.ConvTranspose((3,)), 2, x, w) == direct_scene(dc.ConvTranspose((3,)), 2, x[0], w[0, 0])


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


def test_named_pictures_are_written_and_current(tmp_path: Path, root: Path) -> None:
    written = render_named(tmp_path)
    names = {f"{name}{suffix}" for name in NAMED for suffix in (".gif", ".png", ".svg")}
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()} == names
    for path in written:
        if path.suffix == ".svg":
            kept = root / "img" / path.name
            assert hash_of(kept) == hash_of(path), f"{kept} is out of date: make images"


def test_pictures_of_the_documents_are_current(root: Path) -> None:
    """Shapes and words: a picture that would look otherwise has other text."""
    for name, picture in make_images.pictures().items():
        assert (root / "img" / name).read_text() == picture._repr_svg_(), f"{name} is out of date: make images"
    for entry in make_images.SHOWN:
        film = entry.draw()
        assert isinstance(film, Film)
        kept = (root / "img" / "gallery" / f"{entry.name}.svg").read_text()
        assert kept == to_moving_svg(film), f"{entry.name}.svg is out of date: make images"
    assert (root / "docs" / "gallery.md").read_text() == make_images.gallery_page()


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_named_pictures_are_what_their_names_say() -> None:
    def sizes(film: Film) -> list[tuple[int, ...]]:
        return [max(film.still.cells(grid)) for grid in ("input", "padded", "output")]

    assert sizes(NAMED["padded-convs"]()) == [(1, 1), (5, 5), (3, 3)]
    assert sizes(NAMED["fractionally-strided-convs"]()) == [(1, 1), (6, 6), (4, 4)]
    matrix = NAMED["deconvs-as-matrix"]().still
    assert [max(matrix.cells(grid)) for grid in ("image", "result", "matrix", "transposed")] == [
        (3, 3), (1, 1), (3, 15), (15, 3),
    ]  # fmt: skip


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
