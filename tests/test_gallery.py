"""The gallery: the guide's figures are all there, light what adds, and say what was corrected."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from itertools import combinations, product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import resvg_py
from PIL import Image

import deconvs as dc
from deconvs import cli, files
from deconvs.drawing import NAMED, Film, Scene, Text
from deconvs.drawing.gallery import GALLERY, Entry, render, render_gallery
from deconvs.drawing.gallery.index import index_page
from deconvs.drawing.gallery.sheet import ZOOM, contact_sheet, sheet_svg
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
FILMS = [name for name, entry in GALLERY.items() if entry.view in ("isometric", "convolution", "direct")]


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
    assert views == {"isometric", "convolution", "direct", "scatter", "matrix"}


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


FEW = ["padding_strides", "one_axis", "counting_positions"]


def test_files_are_valid(tmp_path: Path) -> None:
    written = render_gallery(tmp_path / "new" / "folder", only=FEW, formats=["gif", "svg", "png", "webp", "html"])
    assert sorted(path.name for path in written) == sorted(path.name for path in (tmp_path / "new/folder").iterdir())
    by_name = {path.name: path for path in written}
    assert [name for name in by_name if name.startswith("counting")] == [
        "counting_positions.svg",
        "counting_positions.png",
    ]
    for name in FEW:
        drawn = picture(name)
        with Image.open(by_name[f"{name}.png"]) as image:
            assert image.size == (2 * still(name).width, 2 * still(name).height)
        root = ElementTree.fromstring(by_name[f"{name}.svg"].read_text())
        assert root[0].text == GALLERY[name].title
        assert root[1].text == drawn.description
        if isinstance(drawn, Film):
            for suffix in ("gif", "webp"):
                with Image.open(by_name[f"{name}.{suffix}"]) as image:
                    assert image.n_frames == len(drawn.scenes)  # type: ignore[attr-defined]
                    assert image.size == (still(name).width, still(name).height)
            assert b"keyframes" in by_name[f"{name}.svg"].read_bytes()
            assert "<script" in by_name[f"{name}.html"].read_text()
    with Image.open(by_name["contact-sheet.png"]) as image:
        assert image.width > 900


def test_processes_draw_the_same(tmp_path: Path) -> None:
    one = render_gallery(tmp_path / "one", only=FEW[1:], formats=["svg", "png"], theme="dark")
    two = render_gallery(tmp_path / "two", only=FEW[1:], formats=["svg", "png"], theme="dark", workers=2)
    assert [path.name for path in one] == [path.name for path in two]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_the_sheet_shows_every_still_with_its_name() -> None:
    stills = [(name, still(name)) for name in GALLERY]
    root = ElementTree.fromstring(sheet_svg(stills))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    groups = [each for each in root if each.tag.endswith("}g") and "translate" in each.get("transform", "")]
    pictures, names = groups[::2], groups[1::2]
    assert len(pictures) == len(names) == len(GALLERY)
    boxes = []
    for group, (_, scene) in zip(pictures, stills, strict=True):
        x, y, scale = map(float, re.findall(r"[\d.]+", group.get("transform", "")))
        boxes.append((x, y, x + scale * scene.width, y + scale * scene.height))
    assert all(left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in boxes)
    for at, a in enumerate(boxes):
        assert all(a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1] for b in boxes[:at])


def test_the_sheet_is_small_and_clean() -> None:
    """A palette; paper and large fields keep their colour, smooth edges are nearly as they were painted."""
    stills = [(name, still(name)) for name in GALLERY]
    data = contact_sheet(stills)
    assert len(data) < 400_000
    painted = bytes(resvg_py.svg_to_bytes(svg_string=sheet_svg(stills), skip_system_fonts=True, zoom=ZOOM))
    assert len(data) < 0.5 * len(painted)
    with Image.open(BytesIO(data)) as image, Image.open(BytesIO(painted)) as whole:
        assert image.mode == "P"
        shown, drawn = (np.asarray(each.convert("RGB")).astype(int) for each in (image, whole))
    apart = np.abs(shown - drawn).max(axis=-1)
    packed = drawn @ (65536, 256, 1)
    colours, counts = np.unique(packed, return_counts=True)
    assert not apart[np.isin(packed, colours[counts > 2000])].any()
    # Some shades of edges are seldom: they take what is near.
    assert apart.max() < 64
    assert (apart > 16).mean() < 0.005
    assert apart.mean() < 0.5


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "img":
            self.images.append(found)
        if tag == "a":
            self.links.append(found["href"] or "")
        assert tag not in ("script", "link", "iframe")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_index_tells_all_of_every_picture() -> None:
    items = [(GALLERY[name], still(name), film.description, ("gif", "svg", "png")) for name, film in pictures().items()]
    text = index_page(items)
    page = Page()
    page.feed(text)
    assert [image["src"] for image in page.images] == [f"{name}.svg" for name in GALLERY]
    assert [image["alt"] for image in page.images] == [film.description for film in pictures().values()]
    assert {f"{name}.{suffix}" for name in GALLERY for suffix in ("gif", "svg", "png")} < set(page.links)
    assert {f"#{name}" for name in GALLERY} < set(page.links)
    assert not any(link.startswith(("http", "//")) for link in page.links)
    for entry in GALLERY.values():
        for said in (entry.title, entry.arithmetic, entry.correction, f"figure {entry.figure}"):
            assert said in page.text or said in ("figure ", "figure section 4.1"), said
    assert "prefers-color-scheme: dark" in text
    assert f"{len(GALLERY)} pictures" in page.text


def test_an_interruption_leaves_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true = render.rendered

    def interrupted(name: str, *rest: object) -> render.Rendered:
        if name == FEW[2]:
            raise KeyboardInterrupt
        return true(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(render, "rendered", interrupted)
    with pytest.raises(KeyboardInterrupt):
        render_gallery(tmp_path / "folder", only=FEW[1:], formats=["svg"])
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["one_axis.svg"]
    ElementTree.fromstring((tmp_path / "folder/one_axis.svg").read_text())
    with pytest.raises(KeyboardInterrupt):
        render_gallery(tmp_path / "other", only=FEW[2:], formats=["svg"])
    assert not (tmp_path / "other").exists()


SCRIPT = """
import sys
from deconvs.drawing.gallery import render_gallery

if __name__ == "__main__":
    told = lambda files, done, total: print(*files, flush=True)
    render_gallery(sys.argv[1], formats=["gif", "svg", "png"], workers=2, report=told)
"""


def test_an_interruption_from_the_keyboard_ends_all_processes(tmp_path: Path) -> None:
    """As a terminal sends it: to the process and to those that draw for it."""
    script, folder = tmp_path / "draw.py", tmp_path / "folder"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=60)
            ended = time.monotonic()
            # Those that drew leave the group by ending.
            while time.monotonic() < ended + 10:
                try:
                    os.killpg(process.pid, 0)
                except ProcessLookupError:
                    break
                time.sleep(0.05)
            else:
                raise AssertionError("a process still draws")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    assert said.rstrip().endswith("KeyboardInterrupt")
    written = list(folder.iterdir())
    assert 0 < len(written) < 3 * len(GALLERY)
    assert not {"index.html", "contact-sheet.png"} & {path.name for path in written}
    for path in written:
        assert path.stem in GALLERY
        if path.suffix == ".svg":
            ElementTree.parse(path)
        else:
            with Image.open(path) as image:
                image.seek(getattr(image, "n_frames", 1) - 1)
                image.load()


def test_a_disk_that_is_full_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(dc.GeometryError, match="the file cannot be written"):
        render_gallery(tmp_path / "folder", only=FEW[2:], formats=["svg"])
    assert not (tmp_path / "folder").exists()


def test_what_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for options, message in (
        ({"only": ["nothing"]}, "no such picture in the gallery: 'nothing'; use one of no_padding_no_strides, arb"),
        ({"only": 3}, "no such picture in the gallery: 3; use one of no_padding_no_strides, arb"),
        ({"only": [["one_axis"]]}, "no such picture in the gallery: ['one_axis']; use one of no_padding_no_strides"),
        ({"formats": 3}, "no such format of the gallery: 3; use one of gif, svg, png, apng, webp, mp4, html"),
        ({"workers": "2"}, "workers is not an integer: workers='2'; use an integer of at least 1"),
        ({"workers": 0}, "workers is too small: workers=0; use an integer of at least 1"),
        ({"only": []}, "no picture in the gallery is chosen: an empty list; use one of no_padding_no_strides"),
        ({"formats": ["bmp"]}, "no such format of the gallery: 'bmp'; use one of gif, svg, png, apng, webp, mp4, html"),
        ({"theme": "grey"}, "no such theme: 'grey'; use one of light, dark"),
        ({"directory": tmp_path / "file"}, f"not a folder: '{tmp_path / 'file'}' is a file; choose a folder that can"),
    ):
        given = {"directory": tmp_path / "new", **options}
        with pytest.raises(dc.GeometryError, match=re.escape(message)):
            render_gallery(**given)  # type: ignore[arg-type]
        assert not (tmp_path / "new").exists()
    assert (tmp_path / "file").read_text() == "mine"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made"
    only = ["--only", "counting_positions", "--only", "one_axis"]
    assert cli.run(["gallery", "--out", str(folder), *only, "--formats", "svg, png", "--theme", "dark"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert set(lines[:-1]) == {str(folder / f"{name}.{suffix}") for name in FEW[1:] for suffix in ("svg", "png")}
    assert lines[-1] == f"{folder}: 6 files; open {folder / 'index.html'}"
    assert "#10161D" in (folder / "one_axis.svg").read_text()
    assert cli.run(["gallery", "--out", str(folder), "--only", "nothing"]) == 2
    assert "use one of no_padding_no_strides, " in capsys.readouterr().err


def test_the_command_tells_no_file_where_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What does not move is no GIF; what moves tells its own."""
    only = ["--only", "counting_positions", "--only", "one_axis"]
    assert cli.run(["gallery", "--out", str(tmp_path), *only, "--formats", "gif"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "one_axis.gif"),
        f"{tmp_path}: 3 files; open {tmp_path / 'index.html'}",
    ]


def test_the_help_names_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gallery", "--help"]) == 0
    told = capsys.readouterr().out
    assert all(re.search(rf"\b{suffix}\b", told) for suffix in render.FORMATS)


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
