"""`dc.draw`, its views against the definition, its formats: files that are valid, whole and small."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import product
from math import prod
from pathlib import Path
from xml.etree import ElementTree

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import deconvs as dc
from deconvs import files
from deconvs.drawing import (
    DRAWN,
    Film,
    Line,
    Scene,
    Text,
    gemm_film,
    polyphase_film,
    scatter_film,
    style,
    to_apng,
    to_gif,
    to_html,
    to_moving_svg,
    to_mp4,
    to_png,
    to_webp,
    video,
)
from deconvs.drawing.parts import parts_of

from .test_drawing import Index, data, links_of, read
from .test_drawing_cases import CASES, IDS

G = dc.ConvTranspose((3, 3), stride=2)
SVG = "{http://www.w3.org/2000/svg}"
TOO_SMALL_FOR_NUMBERS = [(dc.ConvTranspose((7, 7), padding=3), (5, 5))]
"""Of the gemm view: a matrix of 49 by 25 on a page."""


def film_of(g: dc.ConvTranspose, n: Index, view: str) -> Film:
    shown = dc.draw(g, n, view).shown
    assert isinstance(shown, Film)
    return shown


@pytest.mark.parametrize("film_of_view", [scatter_film, gemm_film])
@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_stamps_add_up(g: dc.ConvTranspose, n: Index, film_of_view: Callable[..., Film]) -> None:
    links, (x, w) = links_of(g, n), data(g, n)
    film = film_of_view(g, n, x, w)
    inputs = list(product(*map(range, n)))
    assert len(film.scenes) == len(film.durations_ms) == len(inputs) + 2
    first, *frames, last = film.scenes
    assert not first.numbers("output")
    assert all(not first.cells(grid, "lit") for grid in ("input", "kernel", "output"))
    for count, (i, scene) in enumerate(zip(inputs, frames, strict=True), start=1):
        assert set(scene.cells("input", "lit")) == {i}
        assert set(scene.cells("kernel", "lit")) == set(product(*map(range, g.kernel_size)))
        assert set(scene.cells("output", "lit")) == {o for o, of in links.items() if i in {at for at, _ in of}}
        if (g, n) in TOO_SMALL_FOR_NUMBERS and film_of_view is gemm_film:
            continue
        so_far = set(inputs[:count])
        sums = {o: [int(x[at]) * int(w[j]) for at, j in of if at in so_far] for o, of in links.items()}
        assert {o: read(text) for o, text in scene.numbers("output").items()} == {
            o: sum(terms) for o, terms in sums.items() if terms
        }
    if last.numbers("output"):
        whole = {o: sum(int(x[i]) * int(w[j]) for i, j in of) for o, of in links.items()}
        assert {o: read(text) for o, text in last.numbers("output").items()} == whole
    else:
        assert (g, n) in TOO_SMALL_FOR_NUMBERS
    assert {o for o, cell in last.cells("output").items() if cell.pattern == "hatch"} == {
        o for o, of in links.items() if not of
    }


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_columns_are_taps_times_inputs(g: dc.ConvTranspose, n: Index) -> None:
    x, w = data(g, n)
    film = gemm_film(g, n, x, w)
    expected = np.outer(w.ravel(), x.ravel())
    _, *frames, last = film.scenes
    for column, scene in enumerate(frames):
        assert set(scene.cells("columns", "lit")) == {(row, column) for row in range(w.size)}
        if (g, n) in TOO_SMALL_FOR_NUMBERS:
            continue
        assert {at: read(text) for at, text in scene.numbers("columns").items()} == {
            at: value for at, value in np.ndenumerate(expected) if at[1] <= column
        }
    assert set(last.cells("columns")) == set(np.ndindex(expected.shape))


@pytest.mark.parametrize(("g", "n"), CASES, ids=IDS)
def test_phases_take_their_own_taps(g: dc.ConvTranspose, n: Index) -> None:
    links, (x, w) = links_of(g, n), data(g, n)
    film = polyphase_film(g, n, x, w)
    residues = list(product(*map(range, g.stride)))
    _, *frames, last = film.scenes
    assert len(frames) == len(residues)
    begins = tuple(b for b, _ in g.crop)
    shown: set[Index] = set()
    for scene in frames:
        lit = set(scene.cells("output", "lit"))
        taps = set(scene.cells("kernel", "lit"))
        of = {tuple((at + b) % s for at, b, s in zip(o, begins, g.stride, strict=True)) for o in lit}
        assert len(of) <= 1
        for residue in of:
            assert lit == {
                o for o in links if tuple((at + b) % s for at, b, s in zip(o, begins, g.stride, strict=True)) == residue
            }
            assert taps == {
                j
                for j in product(*map(range, g.kernel_size))
                if tuple(at * d % s for at, d, s in zip(j, g.dilation, g.stride, strict=True)) == residue
            }
        assert set(scene.cells("input", "lit")) == {i for o in lit for i, _ in links[o]}
        shown |= lit
        assert set(scene.numbers("output")) == shown
    assert {o: read(text) for o, text in last.numbers("output").items()} == {
        o: sum(int(x[i]) * int(w[j]) for i, j in of) for o, of in links.items()
    }
    # Phases differ by more than their colours.
    looks = {(cell.fill, cell.pattern) for cell in last.cells("output").values()}
    assert len({pattern for _, pattern in looks}) == len(looks)


@pytest.mark.parametrize("view", DRAWN)
@pytest.mark.parametrize(("g", "n"), [case for case in CASES if prod(case[1]) < 9], ids=str)
def test_text_neither_overlaps_nor_leaves_the_picture(g: dc.ConvTranspose, n: Index, view: str) -> None:
    shown = dc.draw(g, n, view).shown
    for scene in shown.scenes if isinstance(shown, Film) else (shown,):
        boxes = [shape.box() for shape in scene.shapes if isinstance(shape, Text)]
        for left, top, right, bottom in boxes:
            assert 0 <= left < right <= scene.width
            assert 0 <= top < bottom <= scene.height
        for one, (left, top, right, bottom) in enumerate(boxes):
            for left_2, top_2, right_2, bottom_2 in boxes[:one]:
                apart = right <= left_2 or right_2 <= left or bottom <= top_2 or bottom_2 <= top
                assert apart, [shape for shape in scene.shapes if isinstance(shape, Text)][one]


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("look", [*style.PHASES, style.look("product"), style.look("product", "lit")], ids=str)
def test_numbers_have_contrast(look: style.Look) -> None:
    light, dark = sorted((luminance(look.fill), luminance(look.text)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def visible(svg: str) -> Iterator[tuple[float, float, set[str]]]:
    """(begin, end, keyframes that show something) as a part of the time, read from the rules."""
    rules = {
        name: [(float(at), int(shown)) for at, shown in re.findall(r"([\d.]+)%\{opacity:(\d)\}", steps)]
        for name, steps in re.findall(r"@keyframes (\S+?)\{((?:[\d.]+%\{opacity:\d\})+)\}", svg)
    }
    times = sorted({at for steps in rules.values() for at, _ in steps})
    for begin, end in zip(times, [*times[1:], 100.0], strict=True):
        yield begin, end, {name for name, steps in rules.items() if [on for at, on in steps if at <= begin][-1]}


@pytest.mark.parametrize("view", [view for view in DRAWN if view != "coverage"])
def test_a_moving_svg_shows_each_frame_in_its_time(view: str) -> None:
    """What is visible between two steps, painted, is the frame itself; of long films, some frames are."""
    film = film_of(G, (2, 2), view)
    svg = to_moving_svg(film)
    root = ElementTree.fromstring(svg)
    style_of = root.find(f"{SVG}style")
    assert style_of is not None
    assert (style_of.text or "").startswith("@media (prefers-reduced-motion:no-preference){")
    moments = list(visible(svg))
    starts = np.cumsum([0, *film.durations_ms]) * 100 / sum(film.durations_ms)
    shown = list(zip(film.scenes, starts, starts[1:], strict=False))
    for scene, start, end in [*shown[:: len(shown) // 8 + 1], shown[-1]]:
        (names,) = {frozenset(names) for begin, until, names in moments if begin < (start + end) / 2 < until}
        frame = ElementTree.fromstring(svg)
        for group in frame.iter(f"{SVG}g"):
            name = (group.get("style") or "").removeprefix("animation-name:")
            if name:
                group.set("opacity", str(int(name in names)))
        assert alike(painted(ElementTree.tostring(frame, "unicode")), painted_scene(scene))


def painted(svg: str) -> NDArray[np.uint8]:
    import resvg_py

    return pixels(bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)))


def painted_scene(scene: Scene) -> NDArray[np.uint8]:
    return pixels(to_png(scene, scale=1))


def pixels(png: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Hundredths of a pixel are rounded once more: some pixels of an edge get another shade, none another colour."""
    apart = np.abs(one.astype(int) - other.astype(int)).max(axis=-1)
    return one.shape == other.shape and int(apart.max()) <= 64 and np.count_nonzero(apart) <= 40


@pytest.mark.parametrize("view", DRAWN)
def test_who_does_not_animate_sees_the_still(view: str, tmp_path: Path) -> None:
    picture = dc.draw(G, (2, 2), view)
    still = picture.shown.still if isinstance(picture.shown, Film) else picture.shown
    picture.save(tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert np.array_equal(painted(svg), painted_scene(still))
    assert svg == picture._repr_svg_()


def test_shapes_whose_order_differs_are_not_shared() -> None:
    one, two = (Line(x, 0, 9 - x, 9, "#17212B") for x in (1, 2))
    scenes = tuple(Scene(9, 9, shapes, "Lines", "Two.") for shapes in ((one, two), (two, one)))
    parts = parts_of(Film(scenes, (100, 100), "Lines", "Two.", scenes[0]))
    assert [part.frames for part in parts] == [(0,), (1,), ()]
    assert [list(part.shapes) for part in parts] == [[one, two], [two, one], [one, two]]


def test_files_are_small(tmp_path: Path) -> None:
    """The default picture of every view; what is embedded in pages must not weigh them down.

    But for "morph", which shows four views in one film; tests/test_morph.py holds its limits.
    """
    for view in set(DRAWN) - {"morph"}:
        picture = dc.draw(G, (2, 2), view)
        for suffix, most in ((".svg", 100_000), (".gif", 200_000), (".webp", 400_000)):
            picture.save(tmp_path / f"a{suffix}")
            assert (tmp_path / f"a{suffix}").stat().st_size < most, (view, suffix)


@pytest.mark.parametrize("view", [view for view in DRAWN if view != "coverage"])
def test_moving_formats_hold_every_frame(view: str, tmp_path: Path) -> None:
    film = film_of(dc.ConvTranspose((3,), stride=2, padding=1), (3,), view)
    for write in (to_gif, to_apng, to_webp):
        with Image.open(BytesIO(write(film, width=400))) as image:
            assert image.width == 400
            durations = []
            for frame in range(getattr(image, "n_frames", 1)):
                image.seek(frame)
                image.load()
                durations.append(image.info["duration"])
            # Equal frames may be one, shown longer.
            assert sum(durations) == sum(film.durations_ms)
            assert len(film.scenes) - 1 <= len(durations) <= len(film.scenes)
            assert image.info["loop"] == 0
    (tmp_path / "a.mp4").write_bytes(to_mp4(film, width=401))
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert frames >= len(film.scenes)
    assert seconds == pytest.approx(sum(film.durations_ms) / 1000, abs=0.05)


def test_lossless_frames_are_the_scenes() -> None:
    film = film_of(G, (2, 2), "scatter")
    for write in (to_apng, to_webp):
        with Image.open(BytesIO(write(film))) as image:
            image.seek(2)
            with Image.open(BytesIO(to_png(film.scenes[2], scale=1))) as scene:
                assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(scene.convert("RGB")))


def test_the_player_has_every_frame_and_nothing_from_elsewhere() -> None:
    film = film_of(G, (2, 2), "direct")
    page = to_html(film)
    assert not re.search(r"""(src|href)=["'](?!#)""", page)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    shown = {int(frame) for frames in re.findall(r'data-frames="([ \d]*)"', page) for frame in frames.split()}
    assert shown == set(range(len(film.scenes)))
    durations = json.loads(re.findall(r"durations = (\[.*?\])", page)[0])
    assert durations == list(film.durations_ms)
    for control in ('id="play"', 'aria-label="Step back"', 'aria-label="Step on"', 'type="range"'):
        assert control in page


def test_the_player_says_what_it_is_told_and_no_more() -> None:
    scene = Scene(9, 9, (), "</script><b>", "</script><b> & more")
    page = to_html(Film((scene, scene), (1, 2), scene.title, scene.description, scene))
    assert page.count("</script>") == 1
    assert "<b>" not in page


def test_a_video_needs_ffmpeg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(video, "_ffmpeg", lambda: None)
    target = tmp_path / "a.mp4"
    target.write_bytes(b"before")
    with pytest.raises(dc.GeometryError, match=r"^MP4 is written by ffmpeg, which is not installed: .*; install one"):
        dc.draw(G, (2, 2)).save(target)
    assert target.read_bytes() == b"before"


def test_a_video_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(video, "_ffmpeg", lambda: "false")
    with pytest.raises(dc.GeometryError, match=r"^ffmpeg wrote no film: exit code 1; use .webp or .gif$"):
        dc.draw(dc.ConvTranspose((2,)), 2).save(tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".svg", ".png", ".gif", ".apng", ".webp", ".html"])
def test_an_interrupted_save_leaves_the_old_file(suffix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / f"a{suffix}"
    target.write_bytes(b"before")

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dc.draw(dc.ConvTranspose((2,)), 2, "scatter").save(target)
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(dc.GeometryError, match=r"^no such picture: view='side'; use one of scatter, matrix, direct"):
        dc.draw(G, (2, 2), "side")
    with pytest.raises(
        dc.GeometryError, match=r"^x is no array: its rows differ in length; give it the shape \(2, 2\)"
    ):
        dc.draw(G, (2, 2), x=[[1], [1, 2]])
    with pytest.raises(dc.GeometryError, match=r"^too many phases to tell apart: stride 5×2 makes 10; use a stride of"):
        dc.draw(dc.ConvTranspose((2, 2), stride=(5, 2)), (2, 2), "polyphase")
    with pytest.raises(dc.GeometryError, match=r"^too large to draw: the matrix of taps and inputs is 81x1"):
        dc.draw(dc.ConvTranspose((9, 9)), (2, 2), "gemm")
    with pytest.raises(
        dc.GeometryError, match=r"^too many cells to draw: 5004010 cells, of which the output has 2001x2001; use"
    ):
        dc.draw(G, (1000, 1000), "scatter")
    with pytest.raises(dc.GeometryError, match=r"^no such theme: theme='sepia'; use one of light, dark"):
        dc.draw(G, (2, 2), theme="sepia")


def test_help_names_every_view(capsys: pytest.CaptureFixture[str]) -> None:
    from deconvs.cli import run

    assert run(["draw", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert f"{', '.join(DRAWN[:-1])} or {DRAWN[-1]}." in told


def test_the_command_draws(tmp_path: Path) -> None:
    from deconvs.cli import run

    out = tmp_path / "a.gif"
    assert (
        run(["draw", "5", "-k", "4", "-s", "2", "-p", "1", "--view", "scatter", "--out", str(out), "--width", "300"])
        == 0
    )
    with Image.open(out) as image:
        assert (image.width, image.n_frames) == (300, 7)  # type: ignore[attr-defined]
    numbers = ["--x", "[7, 0, 0, 0, 0]", "--weight", "[1, 10, 100, 1000]"]
    assert run(["draw", "5", "-k", "4", "--out", str(tmp_path / "b.html"), *numbers]) == 0
    assert "7000" in (tmp_path / "b.html").read_text(encoding="utf-8")
    assert run(["draw", "5", "--out", str(tmp_path / "c.html"), "--x", "[1"]) == 2
    assert not (tmp_path / "c.html").exists()


def test_ffmpeg_of_the_system_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video.shutil, "which", lambda name: f"/somewhere/{name}")
    assert video._ffmpeg() == "/somewhere/ffmpeg"
    monkeypatch.setattr(video.shutil, "which", lambda _: None)
    found = video._ffmpeg()
    assert found is not None
    assert b"ffmpeg version" in subprocess.run([found, "-version"], capture_output=True, check=True).stdout
