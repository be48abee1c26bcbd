"""The tour: from the terminal text to the page, and every way its input or folder can be wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import deconvs as dc
from deconvs.cli import run
from deconvs.tour import numbers, photos


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One run of `deconvs tour` with the test card."""
    out = tmp_path_factory.mktemp("tour") / "made" / "here"
    command = [sys.executable, "-m", "deconvs", "tour", "--out", str(out)]
    return out, subprocess.run(command, capture_output=True, text=True, timeout=120)


C_TABLE = """\
   1 2 3 · 4 5 6 · 7 8 9 · · · · ·
   · 1 2 3 · 4 5 6 · 7 8 9 · · · ·
   · · · · 1 2 3 · 4 5 6 · 7 8 9 ·
   · · · · · 1 2 3 · 4 5 6 · 7 8 9
"""


def test_it_tells_the_story_in_order_and_ends_with_the_page(
    toured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, result = toured
    assert result.returncode == 0, result.stderr
    told = result.stdout
    parts = [
        C_TABLE,
        "    9 18 18  9",
        "   21 52 59 36",
        "input padded to 6x6",
        "inserted and padded to 7x7",
        "21 24 55 32 36",
        "7x7 is the zero-inserted, padded input, the output is 5x5.",
        "six views: equal (scatter, matrix, direct, polyphase, subpixel, gemm)",
        "the guide's fifteen relationships, and the one it leaves out: hold, on",
        "equal, number for number, on 120 random layers",
        "This is the checkerboard.",
        str(out / "index.html"),
    ]
    places = [told.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert told.count("equal to the transposed convolution") == 2
    assert told.rstrip().splitlines()[-1] == str((out / "index.html").resolve())
    assert "NOT" not in told


class Page(HTMLParser):
    """Collects tags with their attributes, and checks that they are closed."""

    VOID = {"meta", "img", "source", "br", "link", "path", "rect", "use", "line"}

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_other_file(toured: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    text = (toured[0] / "index.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    sources = [value for tag, attrs in page.tags for key, value in attrs.items() if key in ("src", "srcset")]
    assert len(sources) == 3 * 2 + 4 * 3
    assert all(source and source.startswith("data:image/") for source in sources)
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "link")]
    assert re.findall(r"url\(|@import", text) == []
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    identifiers = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(identifiers) == len(set(identifiers))
    assert "$" not in re.sub(r"data:image[^\"]*", "", text)  # every placeholder was filled
    assert "https://doi.org/10.1109/CVPR.2010.5539957" in text
    assert "http://arxiv.org/abs/1603.07285" in text
    assert "<td>55</td>" not in text  # the 5x5 is in the figure; the tables hold the 4x4s
    assert "<td>63</td>" in text


def test_the_pictures_are_whole(toured: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out = toured[0]
    assert sorted(path.name for path in out.iterdir() if path.suffix == ".gif") == [
        "deconvs-as-matrix.gif",
        "fractionally-strided-convs.gif",
        "padded-convs.gif",
    ]
    frames = {}
    for path in out.iterdir():
        if path.suffix in (".gif", ".png"):
            with Image.open(path) as image:
                image.load()
                frames[path.name] = getattr(image, "n_frames", 1)
    assert frames["padded-convs.gif"] == 17
    assert frames["fractionally-strided-convs.gif"] == 26
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


def test_the_checkerboard_is_there_where_it_is_said_to_be() -> None:
    """A flat picture: whatever pattern comes out, the kernel put it in."""
    flat = np.full((12, 10, 3), 90, np.uint8)
    spread = {}
    for kernel in photos.KERNELS:
        pixels = photos.upsample(flat, kernel, (0, 0)).pixels
        assert pixels.shape == (24, 20, 3)
        spread[kernel.name] = sorted({int(value) for value in np.unique(pixels)})
    assert spread == {"nearest": [90], "bilinear": [90], "uneven": [40, 80, 160], "even": [90]}


def test_upsampling_is_what_pillow_calls_nearest_and_bilinear() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    kernels = {kernel.name: kernel for kernel in photos.KERNELS}
    for name, method in (("nearest", Image.Resampling.NEAREST), ("bilinear", Image.Resampling.BILINEAR)):
        theirs = np.asarray(Image.fromarray(picture).resize((14, 18), method)).astype(int)
        ours = photos.upsample(picture, kernels[name], (0, 0)).pixels.astype(int)
        assert np.abs(ours - theirs).max() <= 1, name  # Pillow rounds after each axis


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def test_pictures_of_many_kinds_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    colour = Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8))
    for mode in ("RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "I;16"):
        if mode == "CMYK":
            path = saved(tmp_path / "cmyk.jpg", colour.convert("CMYK"))
        elif mode == "I;16":
            path = saved(tmp_path / "deep.png", Image.fromarray(rng.integers(0, 2**16, (40, 30)).astype(np.uint16)))
        else:
            path = saved(tmp_path / f"{mode}.png", colour.convert(mode))
        assert photos.load(path).shape == (40, 30, 3)
    clear = saved(tmp_path / "clear.png", Image.new("RGBA", (4, 4), (255, 0, 0, 0)))
    assert np.unique(photos.load(clear)).tolist() == [255]
    assert photos.load(saved(tmp_path / "dot.png", Image.new("RGB", (1, 1)))).shape == (1, 1, 3)
    assert max(photos.load(saved(tmp_path / "long.png", Image.new("RGB", (9000, 3)))).shape) == photos.LONGEST_SIDE
    turned = colour.copy()
    exif = turned.getexif()
    exif[0x0112] = 6  # a camera held upright
    assert photos.load(saved(tmp_path / "turned.jpg", turned, exif=exif)).shape == (30, 40, 3)


def test_a_picture_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = saved(tmp_path / "own.png", Image.new("RGB", (20, 11), (10, 200, 30)))
    assert run(["tour", "--out", str(tmp_path / "out"), "--image", str(own)]) == 0
    assert "40x22" in capsys.readouterr().out
    with Image.open(tmp_path / "out/upsampled-nearest.png") as image:
        assert image.size == (40, 22)
        assert image.getpixel((3, 3)) == (10, 200, 30)
    # A second tour into the same folder is welcome.
    assert run(["tour", "--out", str(tmp_path / "out"), "--image", str(own)]) == 0


def damaged(kind: str, folder: Path) -> Path:
    """A file that is no good as a picture."""
    path = folder / f"{kind}.png"
    whole = BytesIO()
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(whole, "PNG")
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(
            {"empty": b"", "text": b"not a picture", "cut": whole.getvalue()[:4000], "gif": b"GIF89a" + bytes(40)}[kind]
        )
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "missing",
            "the picture cannot be read: {path}: No such file or directory; check the path and its permissions",
        ),
        ("folder", "the picture cannot be read: {path}: Is a directory; check the path and its permissions"),
        ("empty", "not a picture that can be read: {path} is no PNG or JPEG; give a PNG or JPEG"),
        ("text", "not a picture that can be read: {path} is no PNG or JPEG; give a PNG or JPEG"),
        ("gif", "not a picture that can be read: {path} is no PNG or JPEG; give a PNG or JPEG"),
        ("cut", "the picture is damaged: {path}: "),
    ],
)
def test_pictures_that_cannot_be_read(
    kind: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damaged(kind, tmp_path)
    assert run(["tour", "--out", str(tmp_path / "out"), "--image", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"deconvs: {message.format(path=path)}")
    assert not (tmp_path / "out").exists()


def test_oversized_pictures_are_refused_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = saved(tmp_path / "huge.png", Image.new("1", (20_000, 12_000)))
    for limit in (photos.MAX_PIXELS, 10**12):  # ours, and Pillow's own
        monkeypatch.setattr(photos, "MAX_PIXELS", limit)
        assert run(["tour", "--out", str(tmp_path / "out"), "--image", str(huge)]) == 2
        assert "the picture is too large" in capsys.readouterr().err


def test_folders_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    assert run(["tour", "--out", str(file)]) == 2
    assert capsys.readouterr().err.startswith("deconvs: ")
    assert run(["tour", "--out", str(file / "below")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert file.read_text() == "mine"
    page = tmp_path / "site/index.html"
    page.parent.mkdir()
    page.write_text("<h1>my own page</h1>")
    assert run(["tour", "--out", str(page.parent)]) == 2
    assert "was not made by deconvs tour" in capsys.readouterr().err
    assert page.read_text() == "<h1>my own page</h1>"
    assert list(page.parent.iterdir()) == [page]


def test_a_folder_without_write_permission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.access(closed, os.W_OK):  # root may write anywhere: say for it what the system says to others
        monkeypatch.setattr("deconvs.files.os.access", lambda *_: False)
    assert run(["tour", "--out", str(closed)]) == 2
    assert capsys.readouterr().err == (
        f"deconvs: the folder cannot be written: '{closed}'; choose a folder that can be written\n"
    )


def test_the_picture_itself_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = saved(tmp_path / "upsampled-even.png", Image.new("RGB", (5, 5)))
    before = mine.read_bytes()
    assert run(["tour", "--out", str(tmp_path), "--image", str(mine)]) == 2
    assert "the picture would be overwritten" in capsys.readouterr().err
    assert mine.read_bytes() == before


def test_a_failing_check_is_told_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        numbers.Demonstrations, "views", lambda self, g: dict.fromkeys(dc.VIEWS, True) | {"gemm": False}
    )
    assert run(["tour", "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().out
    assert "six views: NOT EQUAL: gemm" in told
    assert "Something that must be equal was NOT" in told
    assert "They do not all agree!" in (tmp_path / "out/index.html").read_text()


def test_without_pytorch_the_tour_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "find_spec", lambda name: None)
    assert run(["tour", "--out", str(tmp_path / "out")]) == 0
    assert "PyTorch is not installed here" in capsys.readouterr().out
