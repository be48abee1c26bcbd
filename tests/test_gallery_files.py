"""The gallery as files: valid, whole whatever interrupts, with a sheet and an index; the command."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import resvg_py
from PIL import Image

import deconvs as dc
from deconvs import cli, files
from deconvs.drawing import Film
from deconvs.drawing.gallery import GALLERY, render, render_gallery
from deconvs.drawing.gallery.index import index_page
from deconvs.drawing.gallery.sheet import ZOOM, contact_sheet, sheet_svg

from .test_gallery import picture, pictures, still

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
        ({"formats": 3}, "no such format of the gallery: 3; use one of svg, png, gif, apng, webp, mp4, html"),
        ({"workers": "2"}, "workers is not an integer: workers='2'; use an integer of at least 1"),
        ({"workers": 0}, "workers is too small: workers=0; use an integer of at least 1"),
        ({"only": []}, "no picture in the gallery is chosen: an empty list; use one of no_padding_no_strides"),
        ({"formats": ["bmp"]}, "no such format of the gallery: 'bmp'; use one of svg, png, gif, apng, webp, mp4, html"),
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
