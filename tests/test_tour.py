"""The tour: what it tells, in the terminal and on the page, and that its checks can fail."""

from __future__ import annotations

import dataclasses
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import deconvs as dc
from deconvs.cli import run
from deconvs.drawing import NAMED
from deconvs.tour import numbers, page, photos, place, told
from deconvs.tour.progress import Steps

from .tour_cases import FEW, quick

__all__ = ["quick"]

DEMO = numbers.DEMONSTRATIONS


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
