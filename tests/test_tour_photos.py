"""The tour's own pictures and the user's: upsampled as is said, read exactly, or refused with the reason."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import deconvs as dc
from deconvs.cli import run
from deconvs.tour import photos

from .tour_cases import quick, saved

__all__ = ["quick"]


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
