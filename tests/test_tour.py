"""The tour: from the terminal text to the page, and every way its input or folder can be wrong."""

from __future__ import annotations

import dataclasses
import errno
import io
import os
import random
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import deconvs as dc
from deconvs import relationships
from deconvs.cli import run
from deconvs.drawing import NAMED
from deconvs.tour import numbers, page, photos, place, told
from deconvs.tour.progress import Steps

DEMO = numbers.DEMONSTRATIONS
FEW = relationships.check_all(2)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tour without its long parts: no figures painted, few relationships, no PyTorch."""
    monkeypatch.setattr("deconvs.tour.to_gif", lambda film: b"GIF89a")
    monkeypatch.setattr("deconvs.tour.to_png", lambda scene: photos.png(np.full((2, 3, 3), 7, np.uint8)))
    monkeypatch.setattr("deconvs.tour.check_all", lambda progress: FEW)
    monkeypatch.setattr(numbers, "compare_with_peer", lambda progress: numbers.Peer(None))


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
    assert result.stderr == ""  # not even an empty line of the progress bar
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
    assert {path.name for path in out.iterdir()} == set(place.names())
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


UNEQUAL = numbers.Demonstrations(
    unit=dc.ConvTranspose((3, 2), padding=((1, 0), (0, -1)), dilation=(1, 2)),
    strided=dc.ConvTranspose((3, 2), stride=(2, 3), padding=((0, 1), (2, 0)), dilation=(1, 2)),
    x=np.array([[[1, -2, 3], [4, 5, -7]]]),
    weight=np.array([[[[2, 3], [-5, 7], [11, 13]]]]),
)


def test_demonstrations_hold_for_axes_that_differ() -> None:
    unit, strided = UNEQUAL.unit, UNEQUAL.strided
    for g in (unit, strided):
        assert UNEQUAL.views(g) == dict.fromkeys(dc.VIEWS, True)
        assert UNEQUAL.convolves(g)
    expected = dc.conv_transpose(UNEQUAL.x, UNEQUAL.weight, stride=(2, 3), padding=((0, 1), (2, 0)), dilation=(1, 2))
    assert UNEQUAL.output(strided).tolist() == expected[0].tolist()
    # Rows: 2 of padding, then every 2nd; columns: span - 1 - 2 = 0 before, then every 3rd, 2 after.
    padded, _ = UNEQUAL.direct(strided)
    assert padded.tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 0, 0, -2, 0, 0, 3, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [4, 0, 0, 5, 0, 0, -7, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    image, back = UNEQUAL.ones()
    assert (image.shape, back.shape) == ((2, 3), UNEQUAL.output(unit).shape)
    assert UNEQUAL.c().shape == (6, 3 * 6)


def test_the_sizes_that_page_and_terminal_tell_are_those_of_the_demonstrations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figure = page.Figure(b"", b"", "", "", 1)
    peer = numbers.Peer(None)
    text = page.write(
        figures=dict.fromkeys(NAMED, figure), demo=UNEQUAL, names=[], equal={}, relationships=[], photos=[], peer=peer
    )
    story = " ".join(re.sub(r"<[^>]*>", "", text.partition("<main>")[2]).split())
    for sentence in (
        "A 3×2 kernel sliding over a 3×6 image gives a 2×3 result: 6 sums of 6 products.",
        "C with 6 rows and 18 columns.",
        "leads from 18 numbers to 6 has a transpose that leads from 6 back to 18.",
        "[[1, -2, 3], [4, 5, -7]] with the weights -5 to 13.",
        "The same 3×6 comes from an ordinary convolution.",
        "Pad the 2×3 input with zeros, 1 top, 2 bottom, 2 left, 3 right, which makes it 5×8,",
        "At stride (2, 3), copies of the kernel lie (2, 3) apart.",
        "put (1, 2) zeros between neighbours: 2×3 becomes 3×7, and with its padding, 2 top, 1 bottom, 2 right, 6×9.",
        "then gives 4×7.",
        "“(2, 3) into (6, 9)”. The 6×9 is",
        "the output is 4×7.",
        "deconvs explain 2x3 -k 3x2 -s 2x3 ",
    ):
        assert sentence in story, sentence
    told.matrix(UNEQUAL)
    told.three_names(UNEQUAL)
    printed = capsys.readouterr().out
    for part in (
        "C, 6x18: a 3x2 convolution of a 3x6 image as a matrix (weights -5 to 13,",
        "C leads from 3x6 to 2x3, its transpose Cᵀ back to 3x6.",
        "With [[1, -2, 3], [4, 5, -7]] and weights -5 to 13:",
        "input padded to 5x8",
        "At stride (2, 3), zeros also",
        "inserted and padded to 6x9",
        '"(2, 3) into (6, 9)": 6x9 is the zero-inserted, padded input, the output is 4x7.',
    ):
        assert part in printed, part
    captions = told.captions(UNEQUAL)
    assert captions["padded-convs"].startswith("Stride 1: the 2×3 input is padded to 5×8; the turned kernel gives 3×6.")
    assert captions["fractionally-strided-convs"] == (
        "Stride (2, 3): zeros between and around make 6×9 of 2×3; the turned kernel gives 4×7."
    )


def test_what_is_remarked_about_the_kernels_is_their_coverage() -> None:
    """Away from the border, one axis times the other."""
    inner = {k.name: set(k.geometry.coverage((8, 8))[4:-4, 4:-4].ravel().tolist()) for k in photos.KERNELS}
    assert inner == {"nearest": {1}, "bilinear": {4}, "uneven": {1, 2, 4}, "even": {4}}
    remarks = {kernel.name: kernel.remark for kernel in photos.KERNELS}
    assert "outputs sum 1, 2 or 4 products" in remarks["uneven"]
    assert "every output sums 4 products" in remarks["even"]


class Stream(io.StringIO):
    """Standard error that says whether it is a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "environment", "shown"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
        (False, {"TERM": "xterm", "FORCE_COLOR": "1"}, False),
    ],
)
def test_progress_is_shown_on_terminals_only(
    terminal: bool, environment: dict[str, str], shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = Stream(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    with Steps() as steps:
        assert list(steps.each("counting", [3, 1, 2])) == [3, 1, 2]
    assert ("counting" in stream.getvalue()) is shown
    assert bool(stream.getvalue()) is shown


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


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def wave(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Smooth, so that JPEG keeps it nearly, and different in each row, column and channel."""
    return np.asarray(sum(step * at for step, at in zip((3, 2, 37), np.indices(shape))) + 20, np.uint8)  # noqa: B905


def on_white(picture: Image.Image) -> NDArray[np.float64]:
    """What a picture with alpha looks like on white paper, by the definition of alpha."""
    pixels = np.asarray(picture.convert("RGBA")).astype(float)
    alpha = pixels[..., 3:] / 255
    return pixels[..., :3] * alpha + 255 * (1 - alpha)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_pictures_are_read_exactly(mode: str, tmp_path: Path) -> None:
    picture = Image.fromarray(wave((40, 30, 3))).convert(mode)
    expected = np.asarray(picture.convert("RGB"))
    assert len(np.unique(expected)) >= {"1": 2, "P": 6}.get(mode, 100)
    assert photos.load(saved(tmp_path / "picture.png", picture)).tolist() == expected.tolist()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pictures_are_read_on_white(mode: str, tmp_path: Path) -> None:
    pixels = wave((40, 30, 4 if mode == "RGBA" else 2))
    pixels[..., -1] = np.arange(1200).reshape(40, 30) % 256
    picture = Image.fromarray(pixels, mode)
    found = photos.load(saved(tmp_path / "picture.png", picture))
    assert np.abs(found - on_white(picture)).max() <= 1
    assert found[0, 0].tolist() == [255, 255, 255]  # wholly transparent


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpegs_are_read_nearly(mode: str, tmp_path: Path) -> None:
    picture = Image.fromarray(wave((40, 30, 3))).convert(mode)
    found = photos.load(saved(tmp_path / "picture.jpg", picture, quality=100)).astype(int)
    assert np.abs(found - np.asarray(picture.convert("RGB"))).mean() < 3


def test_greys_of_16_bits_are_scaled_not_cut(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(8, 32)
    found = photos.load(saved(tmp_path / "deep.png", Image.fromarray(ramp)))
    assert found.tolist() == np.repeat(np.arange(256).reshape(8, 32, 1), 3, axis=2).tolist()
    # To the nearest: 0.49 and 0.51 of a step, and the end of the range.
    fine = np.array([[0, 126, 131, 257, 383, 388, 65535 - 126, 65535 - 131, 65535]], np.uint16)
    assert photos.load(saved(tmp_path / "fine.png", Image.fromarray(fine)))[0, :, 1].tolist() == [
        0, 0, 1, 1, 1, 2, 255, 254, 255,
    ]  # fmt: skip
    clear = saved(tmp_path / "clear.png", Image.fromarray(fine), transparency=257)
    assert photos.load(clear)[0, :5, 0].tolist() == [0, 0, 1, 255, 1]


@pytest.mark.parametrize(("dtype", "mode"), [("<u2", "I;16"), (">u2", "I;16B"), ("<i4", "I")])
def test_every_deep_grey_of_pillow_is_scaled(dtype: str, mode: str) -> None:
    """Which of them a PNG is read as depends on the version of Pillow."""
    deep = Image.fromarray(np.array([[0, 257, 32896, 65278, 65535]], dtype))
    assert deep.mode == mode
    assert np.asarray(photos._eight_bits(deep)).tolist() == [[0, 1, 128, 254, 255]]


def test_pictures_are_read_upright_small_and_however_tiny(tmp_path: Path) -> None:
    picture = Image.fromarray(wave((40, 30, 3)))
    exif = picture.getexif()
    exif[0x0112] = 6  # a camera held upright: the first row is the right side
    turned = photos.load(saved(tmp_path / "turned.png", picture, exif=exif))
    assert turned.tolist() == np.rot90(wave((40, 30, 3)), -1).tolist()
    dot = photos.load(saved(tmp_path / "dot.png", Image.new("RGB", (1, 1), (9, 8, 7))))
    assert dot.tolist() == [[[9, 8, 7]]]
    long = photos.load(saved(tmp_path / "long.png", Image.new("RGB", (9000, 90), (9, 8, 7))))
    assert long.shape == (3, photos.LONGEST_SIDE, 3)
    assert np.unique(long).tolist() == [7, 8, 9]


def test_the_detail_shows_a_slanted_edge_in_even_surroundings() -> None:
    rows, columns = np.indices((photos.DETAIL, photos.DETAIL))
    slanted = np.clip(130 + 40.0 * (rows - columns), 90, 170)
    straight = np.where(columns < 9, 90.0, 170.0)
    flat = np.full(slanted.shape, 130.0)
    stripes = np.where((rows + columns) // 2 % 2, 90.0, 170.0)
    noise = np.random.default_rng(3).choice([90.0, 170.0], slanted.shape)
    rated = [photos._lacking(part) for part in (slanted, straight, flat, stripes, noise)]
    assert rated[0] < rated[1] < rated[2] < min(rated[3:])
    assert photos._lacking(slanted + 60) > rated[0] < photos._lacking(slanted - 60)
    # Found in a picture that has them all, each in surroundings of its own grey.
    picture = np.full((60, 100), 130.0)
    for (top, left), part in {(4, 4): noise, (4, 40): straight, (36, 4): stripes, (36, 68): slanted}.items():
        picture[top : top + photos.DETAIL, left : left + photos.DETAIL] = part
    assert photos.telling_detail(np.repeat(picture[..., None], 3, axis=2).astype(np.uint8)) == (36, 68)


@pytest.mark.usefixtures("quick")
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
        ("folder", "not a picture that can be read: {path} is not a regular file; give a PNG or JPEG"),
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


def test_devices_and_pipes_are_not_opened(tmp_path: Path) -> None:
    """In processes of their own: where they are opened after all, that never ends."""
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        command = [sys.executable, "-m", "deconvs", "tour", "--out", str(tmp_path / "out"), "--image", str(path)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert result.returncode == 2
        assert result.stderr == (
            f"deconvs: not a picture that can be read: {path} is not a regular file; give a PNG or JPEG\n"
        )


def test_no_more_of_a_file_is_read_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "dot.png", Image.new("RGB", (1, 1), (9, 8, 7)))
    size = path.stat().st_size
    monkeypatch.setattr(photos, "MAX_BYTES", size)
    assert photos.load(path).tolist() == [[[9, 8, 7]]]
    monkeypatch.setattr(photos, "MAX_BYTES", size - 1)
    with pytest.raises(dc.GeometryError) as caught:
        photos.load(path)
    assert str(caught.value) == f"the picture is too large: {path} has more than {size - 1} bytes; scale it down first"


def test_damaged_orientations_are_an_error_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.fromarray(wave((8, 8, 3)))
    path = saved(tmp_path / "exif.jpg", picture, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    # Pillow warns of them and reads on: warnings are errors in this suite, so none comes through here.
    assert photos.load(path).shape == (8, 8, 3)

    def broken(image: Image.Image) -> Image.Image:
        raise KeyError(0x0112)

    monkeypatch.setattr("deconvs.tour.photos.ImageOps.exif_transpose", broken)
    with pytest.raises(dc.GeometryError, match=r"the picture is damaged: .*exif\.jpg: 274; give a PNG or JPEG"):
        photos.load(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_whatever_is_wrong_with_a_picture_is_told(kind: str, tmp_path: Path) -> None:
    """Bytes changed at random: a picture or an error of ours, never a warning nor an error of Pillow's."""
    whole = BytesIO()
    picture = Image.fromarray(wave((12, 9, 3)))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(whole, kind, exif=exif)
    outcomes: set[object] = set()
    rng, path = random.Random(4), tmp_path / "picture"
    for _ in range(300):
        content = bytearray(whole.getvalue())
        for _ in range(rng.randint(1, 4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                outcomes.add(photos.load(path).ndim)
            except dc.GeometryError as error:
                outcomes.add(error.what)
    assert outcomes >= {3, "the picture is damaged", "not a picture that can be read"}


def test_oversized_pictures_are_refused_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = saved(tmp_path / "huge.png", Image.new("1", (20_000, 12_000)))
    for limit in (photos.MAX_PIXELS, 10**12):  # ours, and Pillow's own
        monkeypatch.setattr(photos, "MAX_PIXELS", limit)
        assert run(["tour", "--out", str(tmp_path / "out"), "--image", str(huge)]) == 2
        assert "the picture is too large" in capsys.readouterr().err


def refused(capsys: pytest.CaptureFixture[str], out: Path | str, *more: str) -> str:
    """What is told on standard error where the tour is refused; it must be before any work."""
    assert run(["tour", "--out", str(out), *more]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err.removeprefix("deconvs: ").removesuffix("\n")


def test_folders_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fix = "choose a folder that can be written"
    file, dangling, loop = tmp_path / "file", tmp_path / "dangling", tmp_path / "loop"
    file.write_text("mine")
    dangling.symlink_to(tmp_path / "nowhere")
    loop.symlink_to(loop)
    assert refused(capsys, file) == f"not a folder: '{file}' is a file; {fix}"
    assert refused(capsys, file / "below") == f"the folder cannot be made: '{file / 'below'}': Not a directory; {fix}"
    assert refused(capsys, dangling) == f"not a folder: '{dangling}' is a link that leads nowhere; {fix}"
    assert refused(capsys, dangling / "a") == f"not a folder: '{dangling}' is a link that leads nowhere; {fix}"
    assert refused(capsys, loop) == (
        f"the folder cannot be used: '{loop}': Too many levels of symbolic links; choose another folder with --out"
    )
    assert sorted(tmp_path.iterdir()) == [dangling, file, loop]
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", place.names())
def test_nothing_of_anyone_else_is_overwritten(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / name
    mine.write_text("mine")
    said = (
        f"the folder holds another page: '{mine}' was not made by deconvs tour"
        if name == "index.html"
        else f"a file would be overwritten: '{mine}' is not from a tour"
    )
    assert refused(capsys, tmp_path) == f"{said}; choose another folder with --out"
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link"])
@pytest.mark.parametrize("name", ["index.html", "padded-convs.gif"])
def test_what_is_no_file_is_in_the_way_even_in_a_folder_of_the_tour(
    kind: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / ("elsewhere.html" if name == "index.html" else "index.html")
    own.write_text(place.MARK)
    way = tmp_path / name
    if kind == "folder":
        way.mkdir()
    else:
        way.symlink_to(own if kind == "link" else tmp_path / "nothing")
    assert refused(capsys, tmp_path) == (
        f"something is in the way: '{way}' is not a regular file; choose another folder with --out"
    )
    assert sorted(tmp_path.iterdir()) == sorted([own, way])


def test_a_pipe_in_place_of_the_page_is_not_waited_for(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    os.mkfifo(page)
    command = [sys.executable, "-m", "deconvs", "tour", "--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f"deconvs: something is in the way: '{page}' is not a regular file; choose another folder with --out\n"
    )


@pytest.mark.usefixtures("quick")
def test_an_empty_out_is_the_current_folder_if_nothing_else_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    for out in ("", ".", "./"):
        assert refused(capsys, out) == (f"the current folder holds other files: '{tmp_path}'; name a folder with --out")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    (tmp_path / "notes.txt").unlink()
    assert run(["tour", "--out", "."]) == 0
    (tmp_path / "notes.txt").write_text("mine")
    assert run(["tour", "--out", "."]) == 0  # it is the tour's by now
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", *place.names()}


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("earlier", [False, True], ids=["new", "again"])
@pytest.mark.parametrize(("cut", "code"), [(full, 2), (interrupted, 130)], ids=["full", "interrupted"])
def test_a_tour_that_is_cut_short_leaves_what_was_there_before(
    cut: Any, code: int, earlier: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "made" / "here"
    if earlier:
        assert run(["tour", "--out", str(out)]) == 0
    before = {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")}
    assert bool(before) is earlier
    own = saved(tmp_path / "own.png", Image.new("RGB", (5, 5), (1, 2, 3)))  # so that other files would be written
    written = 0
    sync = os.fsync

    def cut_late(descriptor: int) -> None:
        nonlocal written
        written += 1
        sync(descriptor) if written < 9 else cut()

    monkeypatch.setattr(os, "fsync", cut_late)
    assert exit_code("tour", "--out", str(out), "--image", str(own)) == code
    assert written == 9
    own.unlink()
    assert {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")} == before


def exit_code(*arguments: str) -> int:
    """The exit code of a command in this process, also where the interruption comes through to its caller."""
    try:
        return run(list(arguments))
    except KeyboardInterrupt:
        return 130


@pytest.mark.usefixtures("quick")
def test_a_tour_interrupted_before_it_writes_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setattr(photos, "png", interrupted)
    assert exit_code("tour", "--out", str(tmp_path / "there/made/here")) == 130
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


@pytest.mark.usefixtures("quick")
def test_a_tour_killed_between_two_files_does_not_stand_in_the_way_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = 0
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        nonlocal moved
        moved += 1
        if moved > 3:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        assert exit_code("tour", "--out", str(tmp_path)) == 130
    assert [name for name in place.names() if (tmp_path / name).exists()] == list(place.names()[:3])
    assert run(["tour", "--out", str(tmp_path)]) == 0


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


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("given", ["itself", "link", "hard link"])
def test_the_picture_itself_is_never_overwritten(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["tour", "--out", str(out)]) == 0
    capsys.readouterr()
    mine = out / "padded-convs.png"
    before = mine.read_bytes()
    path = {"itself": tmp_path / "out" / ".." / "out" / mine.name}.get(given, tmp_path / "mine.png")
    if given == "link":
        path.symlink_to(mine)
    elif given == "hard link":
        path.hardlink_to(mine)
    assert refused(capsys, out, "--image", str(path)) == (
        f"the picture would be overwritten: '{path}'; choose another folder with --out"
    )
    assert mine.read_bytes() == before
    # Another picture of that folder is welcome.
    assert run(["tour", "--out", str(out), "--image", str(saved(out / "own.png", Image.new("RGB", (5, 5))))]) == 0


def failing_view(monkeypatch: pytest.MonkeyPatch) -> None:
    views = dict.fromkeys(dc.VIEWS, True) | {"gemm": False}
    monkeypatch.setattr(numbers.Demonstrations, "views", lambda self, g: views)


def failing_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    direct = numbers.Demonstrations.direct
    monkeypatch.setattr(numbers.Demonstrations, "direct", lambda self, g: (direct(self, g)[0], direct(self, g)[1].T))


def failing_relationship(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(r, tried, 7 if r.number == 14 else 0) for r, tried, _ in FEW]
    monkeypatch.setattr("deconvs.tour.check_all", lambda progress: found)


def failing_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "compare_with_peer", lambda progress: numbers.Peer("9.8", 120, 3))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("fail", "told", "on_page"),
    [
        (failing_view, "six views: NOT EQUAL: gemm (", "They do not all agree!"),
        (failing_convolution, "   NOT EQUAL to the transposed one\n", ""),
        (failing_relationship, "leaves out: FAIL in number 14, on ", "<td class=n>fails on 7</td>"),
        (failing_peer, "PyTorch 9.8: DIFFERENT on 3 of 120 random", "PyTorch 9.8: DIFFERENT on 3 of 120 random"),
    ],
)
def test_a_failing_check_is_told_and_ends_with_1(
    fail: Any, told: str, on_page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert run(["tour", "--out", str(tmp_path / "right")]) == 0
    right = capsys.readouterr().out, (tmp_path / "right/index.html").read_text()
    fail(monkeypatch)
    assert run(["tour", "--out", str(tmp_path / "out")]) == 1
    printed, written = capsys.readouterr().out, (tmp_path / "out/index.html").read_text()
    assert told in printed
    assert told not in right[0]
    assert "Something that must be equal was NOT" in printed
    assert on_page in written
    assert not on_page or on_page not in right[1]


def test_a_wrong_operator_fails_all_six_views(monkeypatch: pytest.MonkeyPatch) -> None:
    right = numbers.conv_transpose
    monkeypatch.setattr(numbers, "conv_transpose", lambda *args, **options: right(*args, **options).swapaxes(1, 2))
    for g in (DEMO.unit, DEMO.strided):
        assert DEMO.views(g) == dict.fromkeys(dc.VIEWS, False)
        assert not DEMO.convolves(g)


def test_the_comparison_with_pytorch_counts_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "PEER_CASES", 30)
    right, grouped = numbers.conv_transpose, 0

    def wrong_where_grouped(*args: Any, **options: Any) -> Any:
        nonlocal grouped
        grouped += options["groups"] == 2
        return right(*args, **options) + (options["groups"] == 2)

    monkeypatch.setattr(numbers, "conv_transpose", wrong_where_grouped)
    found = numbers.compare_with_peer(lambda done, total: None)
    assert 0 < found.different == grouped < 30
    assert dataclasses.astuple(found)[1:] == (30, grouped)
    assert not found.right


def test_without_pytorch_the_tour_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deconvs.tour.to_gif", lambda film: b"GIF89a")
    monkeypatch.setattr(numbers, "find_spec", lambda name: None)
    assert run(["tour", "--out", str(tmp_path / "out")]) == 0
    assert "PyTorch is not installed here" in capsys.readouterr().out
